-- Prepares one service's database and roles on a PostgreSQL 15 or newer. Run by an administrator with psql; safe to repeat
-- (a repeat sets the passwords anew, which is how they are rotated). The one-machine launcher runs this same file.
--
--   export VITAE_OWNER_PASSWORD=... VITAE_LOGIN_PASSWORD=...
--   psql -X -v service=storage -f database_roles.sql "postgresql://admin@db.example/postgres"
--
-- Once per service with a database (generation, storage). -v database=... names another database than vitae_<service>.
--
--   vitae_<service>_owner  owns the database and its tables; only migrations log in as it
--                          (VITAE_<SERVICE>_DATABASE_OWNER_URL)
--   vitae_<service>        what the service logs in as (VITAE_<SERVICE>_DATABASE_URL); NOINHERIT: until a transaction takes
--                          one of the next two roles it may do nothing
--   vitae_app              one user's rows, by row-level security (no login; shared by the services of a cluster)
--   vitae_queue            everybody's work, on the queue tables only (no login)
--
-- No runtime role owns a table, is a superuser or bypasses row-level security.

\set ON_ERROR_STOP on
\getenv owner_password VITAE_OWNER_PASSWORD
\getenv login_password VITAE_LOGIN_PASSWORD
\if :{?service}
\else
  \warn 'name the service: psql -v service=storage'
  \quit
\endif
\if :{?database}
\else
  \set database vitae_ :service
\endif
\set owner vitae_ :service _owner
\set login vitae_ :service

select format('create role %I nologin noinherit', name)
from unnest(array['vitae_app', 'vitae_queue']) as name
where not exists (select from pg_roles where rolname = name)
\gexec

select format('create role %I', name)
from unnest(array[:'owner', :'login']) as name
where not exists (select from pg_roles where rolname = name)
\gexec

-- The owner inherits: on PostgreSQL 15 its rights on the schema public come through pg_database_owner.
select format('alter role %I login inherit password %L', :'owner', :'owner_password')
union all
select format('alter role %I login noinherit password %L', :'login', :'login_password')
\gexec

-- An administrator who is no superuser (managed PostgreSQL) has to belong to the owner to give it a database.
select format('grant %I to current_user', :'owner')
where not (select rolsuper from pg_roles where rolname = current_user)
\gexec

grant vitae_app, vitae_queue to :"login";

select format('create database %I owner %I encoding ''UTF8'' template template0', :'database', :'owner')
where not exists (select from pg_database where datname = :'database')
\gexec

revoke all on database :"database" from public;
grant connect on database :"database" to :"login";

\connect :"database"

revoke create on schema public from public;
grant usage on schema public to vitae_app, vitae_queue;
