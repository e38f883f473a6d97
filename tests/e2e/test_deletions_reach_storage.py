"""What is deleted in generation goes in storage too, though storage is killed when it happens."""

import io
import zipfile
from typing import TypeVar

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from tests.support.rest import Json, Rest
from tests.support.system import LiveSystem, until
from vitae.generation.v1 import (
    person_data_pb2,
    resumes_pb2,
)

TIMEOUT = 30.0

T = TypeVar("T", bound=Message)


def call(system: LiveSystem, user: str, method: str, request: Message, answer: type[T]) -> list[T]:
    """What generation answers this person: one message, or those of a stream."""
    carried: tuple[tuple[str, str | bytes], ...] = (("authorization", f"Bearer {system.internal(user)}"),)
    with system.channel("generation") as channel:
        rpc: grpc.UnaryStreamMultiCallable[Message, T] = channel.unary_stream(
            f"/vitae.generation.v1.{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answer.FromString,
        )
        return list(rpc(request, metadata=carried, timeout=TIMEOUT))


def exported(rest: Rest, resume: Json) -> Json:
    return rest.call("POST", "/exports", 201, json={"document_id": resume["id"], "format": "txt"})


def unheard(system: LiveSystem) -> int:
    with system.database("generation") as database:
        row = database.execute("select count(*) from outbox").fetchone()
    assert row is not None
    return int(row[0])


def test_a_deletion_with_its_files_survives_the_death_of_storage(system: LiveSystem) -> None:
    with system.rest("leaver") as rest:
        resume = rest.resume()
        export = exported(rest, resume)
        assert rest.file(export)
        assert system.kill("storage")
        deletion = resumes_pb2.DeleteResumeRequest(id=resume["id"], delete_files=True)
        call(system, "leaver", "ResumeService/DeleteResume", deletion, Empty)
        until(lambda: system.ready("storage") and unheard(system) == 0)
        assert until(lambda: rest.ask("GET", f"/exports/{export['id']}").status_code == 404)


def test_somebody_takes_everything_along_and_is_erased_everywhere(system: LiveSystem) -> None:
    with system.rest("goner") as rest, system.rest("stayer") as other:
        resume, kept = rest.resume(), other.resume()
        exported(rest, resume)
        others = exported(other, kept)
        chunks = call(
            system,
            "goner",
            "PersonDataService/ExportPersonData",
            person_data_pb2.ExportPersonDataRequest(),
            person_data_pb2.ExportPersonDataResponse,
        )
        archive = b"".join(each.chunk for each in chunks)
        (report,) = erase(system, "goner")
        names = zipfile.ZipFile(io.BytesIO(archive)).namelist()
        assert f"documents/{resume['id']}/versions/1.json" in names
        counted = {each.kind: each.count for each in report.erased}
        assert (counted["resumes"], counted["exports"], list(report.pending)) == (1, 1, [])
        assert rest.call("GET", "/exports")["total_size"] == 0
        assert rest.call("GET", "/profiles")["total_size"] == 0
        assert other.file(others)
    user = system.identity("goner").user_id
    for service in ("generation", "storage"):
        with system.database(service) as database:
            tables = database.execute(
                "select table_name from information_schema.columns"
                " where column_name = 'user_id' and table_schema = 'public'"
            ).fetchall()
            assert tables
            for (table,) in tables:
                left = database.execute(f"select count(*) from {table} where user_id = %s", [user]).fetchone()
                assert left == (0,), (service, table)


def test_nobody_erases_somebody_else(system: LiveSystem) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        erase(system, "goner", str(system.identity("stayer").user_id))
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED


def erase(system: LiveSystem, user: str, whom: str = "") -> list[person_data_pb2.ErasureReport]:
    request = person_data_pb2.ErasePersonDataRequest(user_id=whom)
    return call(system, user, "PersonDataService/ErasePersonData", request, person_data_pb2.ErasureReport)
