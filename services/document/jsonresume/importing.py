"""From a JSON Resume file of any age to a profile."""

from typing import Any

from services.document.jsonresume.basics import read_basics
from services.document.jsonresume.extension import comparable, read_extension
from services.document.jsonresume.ids import assign_profile_ids
from services.document.jsonresume.parsing import JsonObject, parse, pointer_to
from services.document.jsonresume.reading import ObjectReader, is_blank, kind_of
from services.document.jsonresume.report import ImportReport, Report, broken
from services.document.jsonresume.shapes import EXTENSION, SCHEMA, SHAPES, Kind, Shape
from services.document.jsonresume.writing import plain_entry
from vitae.resume.v1 import profile_pb2

_KNOWN = frozenset({"meta", "$schema"})
"""Keys of JSON Resume that say nothing about the person."""

_EXTENDED = ("locale", "custom_sections", "translations")


def import_json_resume(data: bytes | str) -> tuple[profile_pb2.ProfileContent, ImportReport]:
    """A profile from a JSON Resume file of any age.

    Keys no field is for are kept in `extras`; wrong types are read where their meaning is clear, and reported.
    Every entry gets an id; ids that are there stay. Pictures are never fetched.

    Raises:
        InvalidArgument: reason JSON_RESUME_INVALID; each failing place as a JSON pointer with what to do about it.
    """
    report = Report()
    value = parse(data, report)
    if not isinstance(value, dict):
        broken(f"it holds {kind_of(value)} where an object with keys such as basics and work has to be")
    return import_value(value, report)


def import_value(value: JsonObject, report: Report) -> tuple[profile_pb2.ProfileContent, ImportReport]:
    """The same, of a value that is parsed already."""
    content = profile_pb2.ProfileContent()
    reader = ObjectReader({name: each for name, each in value.items() if name != EXTENSION}, "", report)
    _, basics = reader.take("basics")
    if basics is None and EXTENSION in (value.get("basics") or ()):
        basics = value["basics"]
    if basics is not None:
        read_basics(basics, content, report)
    for shape in SHAPES:
        pointer, entries = reader.take(shape.name, *shape.aliases)
        if entries is not None:
            _read_section(shape, entries, pointer, content, reader)
    if value.get("$schema") == SCHEMA:
        reader.take("$schema")
    held = read_extension(value, profile_pb2.ProfileContent, "", report)
    for name in _EXTENDED if held is not None else ():
        content.MergeFrom(profile_pb2.ProfileContent(**{name: getattr(held, name)}))
    reader.fill_extras(content.extras, known=_KNOWN)
    if held is not None:
        content.extras.update(held.extras)
    findings = report.findings()
    return assign_profile_ids(content), findings


def read_entry(shape: Shape, value: JsonObject, pointer: str, report: Report) -> Any:
    """An entry of a section from its object."""
    held = read_extension(value, shape.message, pointer, report)
    if held is not None:
        if comparable(plain_entry(held)) == comparable(value):
            return _with_id(held, value)
        report.note(
            pointer_to(pointer, EXTENSION), "dropped", "The file was edited since; its other keys count."
        )
    entry: Any = shape.message()
    reader = ObjectReader({name: each for name, each in value.items() if name != EXTENSION}, pointer, report)
    reader.fill_id(entry)
    for key in shape.keys:
        reader.fill(entry, key)
    if _lasts(entry) and not _says_whether_it_lasts(shape, value):
        entry.is_current = True
    reader.fill_extras(entry.extras)
    return entry


def _read_section(
    shape: Shape, entries: Any, pointer: str, content: profile_pb2.ProfileContent, reader: ObjectReader
) -> None:
    if not isinstance(entries, list):
        fix = "put it in brackets" if isinstance(entries, dict) else "write a list of objects"
        reader.report.refuse(pointer, f"must be a list, not {kind_of(entries)}; {fix}")
        return
    field = content.DESCRIPTOR.fields_by_name[shape.field]
    for index, value in enumerate(reader.limited_list(field, entries, pointer)):
        place = pointer_to(pointer, index)
        if is_blank(value):
            continue
        if isinstance(value, dict):
            entry = read_entry(shape, value, place, reader.report)
            if entry.id and entry.id in {each.id for each in getattr(content, shape.field)}:
                reader.report.note(
                    place, "converted", f"The id {entry.id} stands here twice; the entry got another."
                )
            getattr(content, shape.field).append(entry)
        elif shape.text_field and isinstance(value, str | int | float) and not isinstance(value, bool):
            key = next(each for each in shape.keys if each.field == shape.text_field)
            entry = shape.message()
            ObjectReader({key.name: value}, place, reader.report).fill(entry, key)
            getattr(content, shape.field).append(entry)
            reader.report.note(place, "converted", f"The text was read as the {key.name} of an entry.")
        else:
            reader.report.refuse(place, f"must be an object, not {kind_of(value)}")


def _with_id(entry: Any, value: JsonObject) -> Any:
    held = value.get("id")
    if isinstance(held, str) and held:
        entry.id = held
    return entry


def _says_whether_it_lasts(shape: Shape, value: JsonObject) -> bool:
    names = {name for key in shape.keys if key.kind is Kind.FLAG for name in (key.name, *key.aliases)}
    return any(isinstance(value.get(name), bool) for name in names)


def _lasts(entry: Any) -> bool:
    """JSON Resume leaves the end out while a job lasts."""
    if "is_current" not in entry.DESCRIPTOR.fields_by_name:
        return False
    return entry.HasField("start_date") and not entry.HasField("end_date")
