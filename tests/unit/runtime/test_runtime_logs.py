"""Log lines in both forms."""

import io
import json
import logging
from collections.abc import Iterator
from uuid import UUID

import pytest

from services.runtime.auth import NO_TENANT, Identity, acting_as
from services.runtime.correlation import correlated
from services.runtime.logs import configure_logs, get_logger, user_hash
from services.runtime.settings import LogConfig, LogFormat, LogLevel

PERSON = Identity(UUID(int=1), UUID(int=2))


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def _to(stream: io.StringIO, form: LogFormat = LogFormat.JSON, level: LogLevel = LogLevel.INFO) -> None:
    configure_logs(LogConfig(form, level), service="probe", stream=stream)


def test_a_json_line_carries_its_values_and_where_it_belongs() -> None:
    stream = io.StringIO()
    _to(stream)
    with correlated("order-66"), acting_as(PERSON):
        get_logger("a.module").info("lease_granted", attempt=2, milliseconds=3.1)
    record = json.loads(stream.getvalue())
    assert record.pop("time").endswith("Z")
    assert len(record.pop("trace_id")) == 32
    assert record == {
        "event": "lease_granted",
        "level": "info",
        "logger": "a.module",
        "service": "probe",
        "request_id": "order-66",
        "user": user_hash(UUID(int=2)),
        "attempt": 2,
        "milliseconds": 3.1,
    }


def test_a_person_is_a_hash_and_a_process_is_named() -> None:
    stream = io.StringIO()
    _to(stream)
    with acting_as(PERSON):
        get_logger("x").info("one")
    with acting_as(Identity(NO_TENANT, service="render-worker")):
        get_logger("x").info("two")
    one, two = map(json.loads, stream.getvalue().splitlines())
    assert str(UUID(int=2)) not in stream.getvalue()
    assert one["user"] == user_hash(UUID(int=2)) != user_hash(UUID(int=3))
    assert two["caller"] == "render-worker"


def test_other_libraries_lines_take_the_same_form() -> None:
    stream = io.StringIO()
    _to(stream)
    logging.getLogger("some.library").warning("slow %s", "disk", extra={"seconds": 4})
    record = json.loads(stream.getvalue())
    assert (record["event"], record["level"], record["logger"]) == ("slow disk", "warning", "some.library")
    assert (record["service"], record["seconds"]) == ("probe", 4)


def test_an_exception_is_one_line_with_its_traceback() -> None:
    stream = io.StringIO()
    _to(stream)
    try:
        raise ValueError("broken\nin two lines")
    except ValueError:
        get_logger("x").exception("it_failed")
    (line,) = stream.getvalue().splitlines()
    assert "ValueError: broken\nin two lines" in json.loads(line)["exception"]


def test_a_value_cannot_forge_a_second_line() -> None:
    stream = io.StringIO()
    _to(stream)
    get_logger("x").info("upload", name='a\n{"event": "forged"}')
    assert len(stream.getvalue().splitlines()) == 1


def test_the_level_decides_what_is_written() -> None:
    stream = io.StringIO()
    _to(stream, level=LogLevel.WARNING)
    get_logger("x").info("quiet")
    get_logger("x").warning("loud")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["loud"]


def test_the_console_form_is_for_reading() -> None:
    stream = io.StringIO()
    _to(stream, LogFormat.CONSOLE)
    get_logger("x").info("lease_granted", attempt=2)
    assert "lease_granted" in stream.getvalue()
    assert "attempt=2" in stream.getvalue()
    assert not stream.getvalue().startswith("{")
