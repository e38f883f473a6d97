"""Whether a structure that a person sends can be stored, and ids for what is new in it."""

import unicodedata
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any

from google.protobuf.message import Message

from services.document.lines import AnyDocument, iter_entries, iter_lines
from services.runtime.errors import FieldError, InvalidArgument
from services.runtime.validation import violations
from vitae.generation.v1 import resumes_pb2
from vitae.resume.v1 import resume_pb2

_MOST_PROBLEMS = 20
"""Problems named in one answer."""


def require_valid(resume: resumes_pb2.Resume) -> None:
    """Raises InvalidArgument (STRUCTURE_INVALID) that names every field in question: nothing is stored in part."""
    refuse("resume", [*violations(resume), *_problems(resume.structure)])


def refuse(what: str, problems: Iterable[FieldError]) -> None:
    """Raises InvalidArgument (STRUCTURE_INVALID) where there is a problem."""
    found = list(problems)[:_MOST_PROBLEMS]
    if found:
        first = found[0]
        raise InvalidArgument(
            f"The {what} is not valid: {first.field}: {first.description}.",
            reason="STRUCTURE_INVALID",
            fields=found,
        )


def name_holders(structure: resume_pb2.StructuredResume, version: int) -> None:
    """Gives an id to every section and entry that has none, in place.

    An id names the version that it came with, so that it never meets one that an earlier version used.
    """
    _fill(f"section-{version}", structure.sections)
    _fill(f"entry-{version}", [each.entry for each in iter_entries(structure) if _has_id(each.entry)])


def name_lines(structure: AnyDocument, version: int) -> None:
    """Gives an id to every line that has none, in place."""
    _fill(f"line-{version}", [each.line for each in iter_lines(structure)])


def _problems(structure: resume_pb2.StructuredResume) -> Iterator[FieldError]:
    yield from _repeated((f"sections[{number}]", each.id) for number, each in enumerate(structure.sections))
    for section in structure.sections:
        yield from _repeated(
            (each.path, getattr(each.entry, "id", ""))
            for each in iter_entries(structure)
            if each.section is section
        )
    yield from line_problems(structure)


def line_problems(structure: AnyDocument) -> Iterator[FieldError]:
    """Lines of one id, and texts that are not one line."""
    yield from _repeated((each.path, each.line.id) for each in iter_lines(structure))
    for path, text in _texts(structure, "structure"):
        if any(unicodedata.category(letter) in ("Cc", "Zl", "Zp") and letter != "\0" for letter in text):
            yield FieldError(
                path, "must be one line of plain text, without line breaks or control characters"
            )


def _texts(message: Message, path: str) -> Iterator[tuple[str, str]]:
    """Every text with its path; what an importer kept of a foreign file is no text of ours."""
    for field, value in message.ListFields():
        kind = field.message_type
        if kind is not None and kind.GetOptions().map_entry:
            continue
        name = f"{path}.{field.name}"
        held = (
            [(f"{name}[{number}]", each) for number, each in enumerate(value)]
            if field.is_repeated
            else [(name, value)]
        )
        for at, each in held:
            if isinstance(each, Message):
                yield from _texts(each, at)
            elif isinstance(each, str):
                yield at, each


def _repeated(held: Iterable[tuple[str, str]]) -> Iterator[FieldError]:
    first: dict[str, str] = {}
    for path, identifier in held:
        if identifier and identifier in first:
            yield FieldError(
                f"structure.{path}.id",
                f"must be unique: structure.{first[identifier]} has it; leave it empty if new",
            )
        first.setdefault(identifier, path)


def _fill(prefix: str, holders: Iterable[Any]) -> None:
    held = list(holders)
    taken = {each.id for each in held}
    fresh = (each for each in (f"{prefix}-{number}" for number in count(1)) if each not in taken)
    for each in held:
        if not each.id:
            each.id = next(fresh)


def _has_id(entry: Message) -> bool:
    return "id" in entry.DESCRIPTOR.fields_by_name
