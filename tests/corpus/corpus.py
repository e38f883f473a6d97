"""Invented people in twenty languages, each a small JSON Resume file in people/, as documents.

    for name, document in everyone().items(): ...

A file's name begins with its language. Everything the import reads is printed, section by section, nothing is chosen.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from google.protobuf.json_format import Parse
from google.protobuf.message import Message

from services.document.jsonresume import import_json_resume
from services.document.lines import assign_ids
from services.document.plain import location_line, one_line
from vitae.resume.v1.common_pb2 import Line, Location
from vitae.resume.v1.document_pb2 import Document
from vitae.resume.v1.profile_pb2 import ProfileContent
from vitae.resume.v1.resume_pb2 import ResumeSection, StructuredResume, SummarySection

PEOPLE = Path(__file__).parent / "people"
LETTERS = Path(__file__).parent / "letters"

RIGHT_TO_LEFT = ("ar", "he", "fa")

_ENTRIES = {
    "experience": "experience",
    "projects": "projects",
    "education": "education",
    "languages": "languages",
    "certifications": "certifications",
    "volunteer": "volunteer",
    "awards": "awards",
    "publications": "publications",
    "interests": "interests",
    "references": "references",
}
"""Section of the resume by field of the profile."""

_RENAMED = {"role": "roles"}


@cache
def everyone() -> Mapping[str, Document]:
    """All people by file name, in its order."""
    return {each.stem: person(each.stem) for each in sorted(PEOPLE.glob("*.json"))}


def person(name: str) -> Document:
    """One person, by the file's name without its ending."""
    data = (PEOPLE / f"{name}.json").read_bytes()
    content, _ = import_json_resume(data)
    locale = content.locale or name.partition("-")[0]
    return assign_ids(Document(resume=_resume(content, locale)))


@cache
def letters() -> Mapping[str, Document]:
    """Cover letters by language: vitae.resume.v1.Document in proto JSON."""
    return {
        each.stem: assign_ids(Parse(each.read_text(encoding="utf-8"), Document()))
        for each in sorted(LETTERS.glob("*.json"))
    }


def language_of(name: str) -> str:
    """The language a person's name begins with ("zh-hant" where it is written in traditional characters)."""
    return "zh-hant" if name.startswith("zh-hant") else name.partition("-")[0]


def is_right_to_left(name: str) -> bool:
    return language_of(name) in RIGHT_TO_LEFT


def _resume(content: ProfileContent, locale: str) -> StructuredResume:
    resume = StructuredResume(locale=locale, sections=_sections(content))
    personal, header = content.personal, resume.header
    _fill(header, personal)
    if personal.headline:
        header.title.text = personal.headline
    return resume


def _sections(content: ProfileContent) -> Iterator[ResumeSection]:
    if content.summary:
        yield ResumeSection(summary=SummarySection(lines=[Line(text=content.summary)]))
    for field, name in _ENTRIES.items():
        section = ResumeSection()
        held: Any = getattr(section, name)
        for entry in getattr(content, field):
            _fill(held.entries.add(), entry)
        if held.entries:
            yield section
        if name == "experience" and content.skill_groups:
            skills = ResumeSection()
            for group in content.skill_groups:
                category = skills.skills.categories.add(name=group.name)
                category.items.extend(Line(text=each.name) for each in group.skills)
            yield skills


def _fill(target: Message, source: Message) -> None:
    """Takes over every field that both know, by name; texts become lines, places become text."""
    known = source.DESCRIPTOR.fields_by_name
    for field in target.DESCRIPTOR.fields:
        name = _RENAMED.get(field.name, field.name)
        if name not in known or field.name in {"id", "photo"}:
            continue
        kind = known[name]
        if kind.message_type is not None and not kind.is_repeated and not source.HasField(cast(Any, name)):
            continue
        value: Any = getattr(source, name)
        if isinstance(value, Location):
            setattr(target, field.name, location_line(value))
        elif field.message_type is not None and field.message_type.name == "Line":
            _lines(target, field.name, value, repeated=field.is_repeated)
        elif field.is_repeated:
            getattr(target, field.name).extend(value)
        elif isinstance(value, Message):
            getattr(target, field.name).CopyFrom(value)
        elif name == "roles":
            setattr(target, field.name, ", ".join(value))
        else:
            setattr(target, field.name, value)


def _lines(target: Message, name: str, value: Any, *, repeated: bool) -> None:
    if repeated:
        texts = (each if isinstance(each, str) else getattr(each, "text", "") or each.name for each in value)
        getattr(target, name).extend(Line(text=one_line(each)) for each in texts)
    elif value:
        getattr(target, name).text = one_line(value)
