"""From the bytes of a file to JSON values that are safe to keep: bounded, and without broken characters."""

import json
import math
import re
from collections import Counter
from typing import Any

from services.document.jsonresume.report import Report, broken

JsonObject = dict[str, Any]

MAX_BYTES = 4 * 1024 * 1024
"""A portrait of 2 MiB in base64, and as much again of text."""

MAX_DEPTH = 64
"""JSON Resume needs five."""

_MAX_DIGITS = 18
"""Longer whole numbers do not fit 64 bits and are kept as text."""

_BRACKETS_AND_STRINGS = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}]', re.DOTALL)
_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class WrittenFloat(float):
    """A number with the way it was written, so that a grade of 3.50 stays 3.50."""

    __slots__ = ("written",)
    written: str


class _WrittenNumber(str):
    """A number no float or 64-bit integer holds."""

    __slots__ = ()


class _Constant:
    """NaN or Infinity, which JSON does not have."""


class _RepeatedKeys(dict[str, Any]):
    """An object with keys that stood in it more than once."""

    repeated: list[str]


def parse(data: bytes | str, report: Report) -> Any:
    """The JSON value of a file. Broken characters are removed and reported.

    Raises:
        InvalidArgument: it is no JSON, too large or too deep.
    """
    text = _decoded(data)
    _check_depth(text)
    try:
        value = json.loads(
            text,
            strict=False,
            parse_int=_whole,
            parse_float=_float,
            parse_constant=lambda _: _Constant(),
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as error:
        broken(f"it is not valid JSON: line {error.lineno}, column {error.colno}: {error.msg}")
    return _cleaned(value, "", report)


def pointer_to(parent: str, key: str | int) -> str:
    """The JSON pointer of a member (RFC 6901)."""
    return f"{parent}/{str(key).replace('~', '~0').replace('/', '~1')}"


def written(value: Any) -> str:
    """A JSON value as text, as `extras` keep it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _decoded(data: bytes | str) -> str:
    size = len(data) if isinstance(data, bytes) else len(data.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        broken(f"it is larger than {MAX_BYTES // 1024**2} MiB; leave out pictures and repeated parts")
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    encoding = json.detect_encoding(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        broken(f"byte {error.start} is not {encoding.upper()}; save the file as UTF-8")


def _check_depth(text: str) -> None:
    depth = 0
    for found in _BRACKETS_AND_STRINGS.finditer(text):
        mark = found[0]
        if mark in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                broken(f"it is nested deeper than {MAX_DEPTH} levels")
        elif mark in "]}":
            depth -= 1


def _whole(text: str) -> int | str:
    return int(text) if len(text) <= _MAX_DIGITS else _WrittenNumber(text)


def _float(text: str) -> float | str:
    value = WrittenFloat(text)
    value.written = text
    return value if math.isfinite(value) else _WrittenNumber(text)


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    marked = _RepeatedKeys(value)
    counts = Counter(key for key, _ in pairs)
    marked.repeated = [key for key, count in counts.items() if count > 1]
    return marked


def _cleaned(value: Any, pointer: str, report: Report) -> Any:
    if isinstance(value, dict):
        for key in getattr(value, "repeated", ()):
            place = pointer_to(pointer, _clean_text(key))
            report.note(place, "dropped", "The key stands here more than once; the last one counts.")
        return {
            _clean_text(key): _cleaned(each, pointer_to(pointer, _clean_text(key)), report)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_cleaned(each, pointer_to(pointer, index), report) for index, each in enumerate(value)]
    if isinstance(value, _Constant):
        report.note(pointer, "dropped", "NaN and Infinity are no JSON numbers; left out.")
        return None
    if isinstance(value, _WrittenNumber):
        report.note(pointer, "converted", "The number is too large and is kept as text.")
        return str(value)
    if isinstance(value, str):
        clean = _clean_text(value)
        if clean != value.replace("\r\n", "\n").replace("\r", "\n"):
            report.note(pointer, "cleaned", "Control characters or broken characters were removed.")
        return clean
    return value


def _clean_text(text: str) -> str:
    """The text without control characters (line feeds and tabs stay); half a character becomes U+FFFD."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    if not _UNSAFE.search(plain):
        return plain
    return _UNSAFE.sub("", _SURROGATE.sub("\ufffd", plain))
