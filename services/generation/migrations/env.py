"""Alembic's environment of the generation service."""

from services.generation.documents import model as documents
from services.generation.matching import model as matching
from services.generation.outbox import model as outbox
from services.generation.postings import model as postings
from services.generation.profiles import model as profiles
from services.generation.tables import metadata
from services.runtime.migrate import run_environment

MODELS = (profiles, postings, matching, documents, outbox)
"""Importing them fills `metadata`."""

run_environment(metadata)
