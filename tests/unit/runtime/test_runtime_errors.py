"""The error family by itself: what it checks, keeps, and bounds."""

import pickle

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from services.runtime import errors
from services.runtime.errors import (
    FieldError,
    Internal,
    InvalidArgument,
    NotFound,
    VitaeError,
    from_status,
    to_status,
)


def test_every_class_has_a_code_of_its_own_and_a_message() -> None:
    classes = VitaeError.__subclasses__()
    assert len({each.code for each in classes}) == len(classes) == 13
    assert all(errors.default_message(each).endswith(".") for each in classes)


@pytest.mark.parametrize(
    "reason", ["lower", "Mixed_Case", "_LEADING", "TRAILING_", "WITH SPACE", "X" * 64, "X"]
)
def test_a_reason_that_clients_could_not_rely_on_is_refused(reason: str) -> None:
    with pytest.raises(ValueError, match="UPPER_SNAKE"):
        NotFound(reason=reason)


def test_the_text_of_an_error_names_its_fields() -> None:
    error = InvalidArgument("Not valid.", fields=[FieldError("a.b", "is empty"), FieldError("c", "is late")])
    assert str(error) == "Not valid. (a.b: is empty; c: is late)"


def test_an_error_survives_pickling_whole() -> None:
    """Renderer children hand their errors to their parent."""
    error = NotFound(
        "Gone.", reason="GONE", fields=[FieldError("x", "y")], metadata={"a": "b"}, retry_after=3
    )
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is NotFound
    assert to_status(copy) == to_status(error)


def test_a_status_of_another_domain_keeps_its_code_but_not_its_words() -> None:
    status = Status(code=grpc.StatusCode.NOT_FOUND.value[0], message="no row in table users at 10.0.0.7")
    detail = status.details.add()
    detail.Pack(ErrorInfo(reason="OTHER", domain="example.com", metadata={"host": "10.0.0.7"}))
    error = from_status(status)
    assert type(error) is NotFound
    assert (error.message, error.reason, error.metadata) == (
        errors.default_message(NotFound),
        "NOT_FOUND",
        {},
    )


@pytest.mark.parametrize("code", [2, 15, 99])
def test_codes_nobody_raises_become_internal(code: int) -> None:
    assert type(from_status(Status(code=code, message="?"))) is Internal


def test_a_malformed_reason_from_elsewhere_does_not_break_reading() -> None:
    status = to_status(NotFound())
    detail = ErrorInfo(reason="not upper", domain=errors.DOMAIN)
    status.details[0].Pack(detail)
    assert from_status(status).reason == "NOT_FOUND"


def test_details_stay_within_what_metadata_may_hold() -> None:
    many = [FieldError(f"items[{number}]", "é" * 80) for number in range(500)]
    status = to_status(InvalidArgument("ü" * 2000, fields=many), request_id="r")
    assert status.ByteSize() < 8_000
    assert len(status.message.encode()) <= 1_000
    assert len(from_status(status).fields) > 10


def test_a_message_with_line_breaks_and_any_script_round_trips() -> None:
    message = "Zażółć\ngęślą 履歴書 🙂"
    assert from_status(to_status(NotFound(message))).message == message


def test_retry_after_keeps_milliseconds() -> None:
    assert from_status(to_status(NotFound(retry_after=0.25))).retry_after == 0.25
    assert from_status(to_status(NotFound())).retry_after is None
    assert from_status(to_status(NotFound(retry_after=0))).retry_after == 0
