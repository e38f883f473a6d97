"""JSON bodies are read strictly, and whatever is wrong is told without failing."""

import pytest

from gateway.bodies import parse, printable, unsafe
from services.runtime.errors import InvalidArgument


def refusal(data: bytes) -> str:
    with pytest.raises(InvalidArgument) as raised:
        parse(data)
    assert raised.value.reason == "BODY_NOT_JSON"
    raised.value.message.encode()  # fit for an answer
    return raised.value.message


def test_json_is_read() -> None:
    assert parse(b'{"a": [1, 2.5, null, "\xc3\xa4"]}') == {"a": [1, 2.5, None, "ä"]}
    assert parse(b"\xef\xbb\xbf[]") == []


def test_a_syntax_error_is_told_with_line_and_column() -> None:
    assert "line 2, column 6" in refusal(b'{"a": 1,\n "b" 2}')


@pytest.mark.parametrize("data", [b"", b"\xff\xfe{\x00}\x00", b'{"a": "\xe4"}', b'{"a": "\x01"}', b"{} {}"])
def test_what_is_no_json_text_is_refused(data: bytes) -> None:
    assert refusal(data)


def test_a_name_that_stands_twice_is_refused_at_any_depth() -> None:
    assert "'role' twice" in refusal(b'{"a": [{"role": "user", "x": 1, "role": "admin"}]}')
    assert "twice" in refusal(b'{"\\ud800": 1, "\\ud800": 2}')


@pytest.mark.parametrize("data", [b"[NaN]", b"[Infinity]", b"[-Infinity]"])
def test_constants_json_does_not_have_are_refused(data: bytes) -> None:
    assert "not a JSON number" in refusal(data)


@pytest.mark.parametrize(
    "data", [b"[" * 200_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 50_000 + b"1" + b"}" * 50_000]
)
def test_absurd_nesting_is_refused(data: bytes) -> None:
    assert refusal(data)


def test_a_number_of_absurd_length_is_refused() -> None:
    assert "too many digits" in refusal(b"[" + b"9" * 10_000 + b"]")


def test_quoted_client_text_is_bounded_and_whole() -> None:
    assert printable("x" * 1000) == "x" * 100
    assert printable("a\ud800b") == "a?b"


@pytest.mark.parametrize("text", ["", "plain", "äöü 日本 🎉", "tab\tand\nline"])
def test_ordinary_text_is_safe(text: str) -> None:
    assert unsafe(text) == ""


def test_unsafe_characters_are_named() -> None:
    assert "U+0000" in unsafe("a\0")
    assert "U+D83C" in unsafe("a\ud83c")
