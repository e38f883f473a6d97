"""From a profile to a JSON Resume 1.0 file."""

from typing import Any

from services.document.jsonresume.basics import plain_basics, read_basics
from services.document.jsonresume.extension import written_extension
from services.document.jsonresume.ids import assign_profile_ids, default_id
from services.document.jsonresume.importing import import_value, read_entry
from services.document.jsonresume.parsing import JsonObject
from services.document.jsonresume.report import Report
from services.document.jsonresume.shapes import EXTENSION, SCHEMA, SHAPES, Shape
from services.document.jsonresume.writing import plain_entry, with_extras
from services.runtime.errors import InvalidArgument
from vitae.resume.v1 import profile_pb2

_RESERVED = frozenset(
    {"basics", EXTENSION, *(name for shape in SHAPES for name in (shape.name, *shape.aliases))},
)
"""Keys of a file that are no extras, whatever a profile says."""


def export_profile(profile: profile_pb2.ProfileContent) -> JsonObject:
    """The JSON Resume 1.0 object of a profile. Importing it gives the same profile back.

    What JSON Resume has no key for (enhanced texts, translations, custom sections, ids that are not the usual ones)
    stands under `x-vitae` keys. A profile without such things, every imported one, has none.
    """
    value = _written(profile, always_extended=False)
    if _read_back(value) != profile:
        value = _written(profile, always_extended=True)
    return value


def _written(profile: profile_pb2.ProfileContent, *, always_extended: bool) -> JsonObject:
    value: JsonObject = {"$schema": SCHEMA}
    if basics := _basics(profile, always_extended=always_extended):
        value["basics"] = basics
    for shape in SHAPES:
        entries = getattr(profile, shape.field)
        if entries:
            value[shape.name] = [
                _entry(shape, each, index, always_extended=always_extended)
                for index, each in enumerate(entries)
            ]
    rest = profile_pb2.ProfileContent(
        locale=profile.locale, custom_sections=profile.custom_sections, translations=profile.translations
    )
    extras = with_extras({}, {name: text for name, text in profile.extras.items() if name not in _RESERVED})
    if import_value(extras, Report())[0].extras != profile.extras:
        rest.extras.update(profile.extras)
    if rest.ByteSize():
        value[EXTENSION] = written_extension(rest)
    return {**value, **extras}


def _basics(profile: profile_pb2.ProfileContent, *, always_extended: bool) -> JsonObject:
    value = plain_basics(profile)
    held = profile_pb2.ProfileContent(
        personal=profile.personal, summary=profile.summary, enhanced_summary=profile.enhanced_summary
    )
    if not profile.HasField("personal"):
        held.ClearField("personal")
    back = profile_pb2.ProfileContent()
    read_basics(value, back, Report())
    if always_extended or assign_profile_ids(back) != held:
        if held.personal.HasField("photo"):  # the plain key carries the picture; twice would be too large
            held.personal.photo.ClearField("data")
        value[EXTENSION] = written_extension(held)
    return value


def _entry(shape: Shape, entry: Any, index: int, *, always_extended: bool) -> JsonObject:
    value = plain_entry(entry)
    if entry.id != default_id(shape.field, index) or not value:
        value["id"] = entry.id
    if always_extended or not _says_all(shape, value, entry):
        value[EXTENSION] = written_extension(entry)
    return value


def _says_all(shape: Shape, value: JsonObject, entry: Any) -> bool:
    """True where the plain keys and the ids given by place bring the entry back."""
    report = Report()
    back = read_entry(shape, value, "", report)
    back.id = entry.id
    around = profile_pb2.ProfileContent()
    getattr(around, shape.field).append(back)
    return bool(getattr(assign_profile_ids(around), shape.field)[0] == entry)


def _read_back(value: JsonObject) -> profile_pb2.ProfileContent | None:
    try:
        return import_value(value, Report())[0]
    except InvalidArgument:
        return None
