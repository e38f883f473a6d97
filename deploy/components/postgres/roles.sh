#!/bin/sh
# Run once by the postgres image, on an empty data folder: a database and two roles for each service.
set -eu

prepare() {
    VITAE_OWNER_PASSWORD=$2 VITAE_LOGIN_PASSWORD=$3 \
        psql -X -v service="$1" -f /sql/database_roles.sql --username "$POSTGRES_USER" --dbname postgres
}

prepare generation "$POSTGRES_GENERATION_OWNER_PASSWORD" "$POSTGRES_GENERATION_LOGIN_PASSWORD"
prepare storage "$POSTGRES_STORAGE_OWNER_PASSWORD" "$POSTGRES_STORAGE_LOGIN_PASSWORD"
