"""Alembic's environment of the storage database; all of it is in services/runtime/migrate.py."""

from services.runtime.migrate import run_environment
from services.storage.tables import metadata

run_environment(metadata)
