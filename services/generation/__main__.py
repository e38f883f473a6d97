"""Runs the generation service: `python -m services.generation`. Only wiring; what it serves is in the folders."""

import sys
from datetime import UTC, datetime

from services.generation.config import SERVICE, GenerationConfig
from services.generation.documents.servicer import DocumentServicer
from services.generation.matching.servicer import MatchServicer
from services.generation.postings.servicer import JobPostingServicer
from services.generation.profiles.servicer import ProfileServicer
from services.generation.resumes.servicer import ResumeServicer
from services.generation.skills.table import SkillTable
from services.runtime.auth import InternalVerifier, authenticator
from services.runtime.db import Database
from services.runtime.external_identity import external_verifier
from services.runtime.migrate import require_schema
from services.runtime.process import Process, run
from services.runtime.server import build_server
from vitae.generation.v1 import (
    cover_letters_pb2_grpc,
    documents_pb2_grpc,
    matching_pb2_grpc,
    person_data_pb2_grpc,
    postings_pb2_grpc,
    profiles_pb2_grpc,
    resumes_pb2_grpc,
    tailor_sessions_pb2_grpc,
)

PACKAGE = "services.generation"


async def start(process: Process, config: GenerationConfig) -> None:
    """Opens the database and serves what is served so far; the other services answer UNIMPLEMENTED."""
    database = await process.enter(Database.from_config(config.database, application=SERVICE))
    await require_schema(database, PACKAGE)
    process.check("database", database.check)
    internal = InternalVerifier.from_jwks(config.internal_keys.jwks, audience=SERVICE)
    external = external_verifier(config.external_identity)
    server = build_server(
        config.server,
        authenticate=authenticator(internal, external.verify if external else None),
        registry=process.registry,
        reflection=process.development,
    )
    skills = SkillTable.load()
    server.add(profiles_pb2_grpc.add_ProfileServiceServicer_to_server, ProfileServicer(database, _now))
    server.add(
        postings_pb2_grpc.add_JobPostingServiceServicer_to_server, JobPostingServicer(database, skills, _now)
    )
    server.add(matching_pb2_grpc.add_MatchServiceServicer_to_server, MatchServicer(database, skills, _now))
    server.add(resumes_pb2_grpc.add_ResumeServiceServicer_to_server, ResumeServicer(database, skills, _now))
    server.add(documents_pb2_grpc.add_DocumentServiceServicer_to_server, DocumentServicer(database))
    server.add(
        cover_letters_pb2_grpc.add_CoverLetterServiceServicer_to_server,
        cover_letters_pb2_grpc.CoverLetterServiceServicer(),
    )
    server.add(
        tailor_sessions_pb2_grpc.add_TailorSessionServiceServicer_to_server,
        tailor_sessions_pb2_grpc.TailorSessionServiceServicer(),
    )
    server.add(
        person_data_pb2_grpc.add_PersonDataServiceServicer_to_server,
        person_data_pb2_grpc.PersonDataServiceServicer(),
    )
    process.serve(server)


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> int:
    """The exit code of the process."""
    return run(SERVICE, GenerationConfig, start)


if __name__ == "__main__":
    sys.exit(main())
