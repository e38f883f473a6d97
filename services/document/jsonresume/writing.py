"""Writes a message as an object of JSON Resume, with the plain keys alone."""

import json
from typing import Any

from services.document.dates import iso
from services.document.jsonresume.parsing import JsonObject
from services.document.jsonresume.shapes import LOCATION, Key, Kind, shape_of
from services.document.plain import location_line
from vitae.resume.v1 import common_pb2


def plain_entry(entry: Any) -> JsonObject:
    """An entry under the keys of JSON Resume; empty fields and the id are left out."""
    value: JsonObject = {}
    for key in shape_of(entry).keys:
        held = _value(entry, key)
        if held:
            value[key.name] = held
    return with_extras(value, entry.extras)


def with_extras(value: JsonObject, extras: Any) -> JsonObject:
    """The object with the unknown keys of the file it came from; its own keys win."""
    for name, text in sorted(extras.items()):  # maps of messages have no order of their own
        held = _loaded(text)
        if name not in value:
            value[name] = held
        elif isinstance(held, dict) and isinstance(value[name], dict):
            value[name] = {**held, **value[name]}
    return value


def plain_location(location: common_pb2.Location) -> JsonObject:
    """A place as an object of parts; one that was never split stands as the city."""
    value = {keys[0]: getattr(location, field) for field, keys in LOCATION.items()}
    value = {name: each for name, each in value.items() if each}
    return value or ({"city": location.text} if location.text else {})


def plain_date(date: common_pb2.PartialDate) -> str:
    """ISO 8601 where the year is known, as the schema wants it; else the text as written."""
    return iso(date) or date.text


def _value(entry: Any, key: Key) -> Any:
    held = getattr(entry, key.field)
    match key.kind:
        case Kind.DATE:
            value: Any = plain_date(held)
        case Kind.END_DATE:
            value = "" if getattr(entry, "is_current", False) else plain_date(held)
        case Kind.LOCATION:
            value = held.text or location_line(held)
        case Kind.ACHIEVEMENTS:
            value = [each.text or each.enhanced_text for each in held]
        case Kind.SKILLS:
            value = [each.name for each in held]
        case Kind.LINES | Kind.TAGS:
            value = list(held)
        case Kind.FLAG:
            value = None
        case _:
            value = held or getattr(entry, f"enhanced_{key.field}", "")
    return value


def _loaded(text: str) -> Any:
    """The JSON value of an extra; its text where it is none, which nothing we import writes."""
    try:
        return json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError):
        return text


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
