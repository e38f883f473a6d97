"""How the service's parts go together. __main__ gives it the outside; tests do the same with theirs."""

from collections.abc import Callable
from datetime import datetime

from services.generation.client_shapes.servicer import ClientShapeServicer
from services.generation.composing.memory import Memory
from services.generation.documents.servicer import DocumentServicer
from services.generation.letters.revision import letter_writer
from services.generation.letters.servicer import CoverLetterServicer
from services.generation.matching.servicer import MatchServicer
from services.generation.outbox.relay import Relay
from services.generation.persons.archive import Archive
from services.generation.persons.erasure import Erasure
from services.generation.persons.servicer import PersonDataServicer
from services.generation.postings.servicer import JobPostingServicer
from services.generation.profiles.servicer import ProfileServicer
from services.generation.resumes.saving import resume_writer
from services.generation.resumes.servicer import ResumeServicer
from services.generation.skills.table import SkillTable
from services.runtime.db import Database
from services.runtime.server import RpcServer
from vitae.generation.v1 import (
    client_shapes_pb2_grpc,
    cover_letters_pb2_grpc,
    documents_pb2_grpc,
    matching_pb2_grpc,
    person_data_pb2_grpc,
    postings_pb2_grpc,
    profiles_pb2_grpc,
    resumes_pb2_grpc,
    tailor_sessions_pb2_grpc,
)


def add_services(
    server: RpcServer,
    database: Database,
    skills: SkillTable,
    clock: Callable[[], datetime],
    *,
    relay: Relay,
    kept_versions: int,
) -> None:
    """Adds every gRPC service of generation. Those given without a servicer of ours answer UNIMPLEMENTED."""
    memory = Memory()
    resumes = resume_writer(database, skills, clock, kept_versions)
    letters = letter_writer(database, skills, clock, kept_versions)
    server.add(
        profiles_pb2_grpc.add_ProfileServiceServicer_to_server,
        ProfileServicer(database, skills, clock, relay=relay),
    )
    server.add(
        postings_pb2_grpc.add_JobPostingServiceServicer_to_server, JobPostingServicer(database, skills, clock)
    )
    server.add(matching_pb2_grpc.add_MatchServiceServicer_to_server, MatchServicer(database, skills, clock))
    server.add(
        resumes_pb2_grpc.add_ResumeServiceServicer_to_server,
        ResumeServicer(database, skills, clock, memory=memory, writer=resumes, relay=relay),
    )
    server.add(
        documents_pb2_grpc.add_DocumentServiceServicer_to_server, DocumentServicer(database, resumes, letters)
    )
    server.add(
        cover_letters_pb2_grpc.add_CoverLetterServiceServicer_to_server,
        CoverLetterServicer(database, skills, clock, memory=memory, writer=letters, relay=relay),
    )
    server.add(
        client_shapes_pb2_grpc.add_ClientShapeServiceServicer_to_server,
        ClientShapeServicer(database, skills, clock),
    )
    server.add(
        tailor_sessions_pb2_grpc.add_TailorSessionServiceServicer_to_server,
        tailor_sessions_pb2_grpc.TailorSessionServiceServicer(),
    )
    server.add(
        person_data_pb2_grpc.add_PersonDataServiceServicer_to_server,
        PersonDataServicer(Archive(database), Erasure(database, relay)),
    )
