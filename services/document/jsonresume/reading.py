"""Reads an object of a file into a message, key by key: lenient where the meaning is clear, exact about limits."""

import re
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from buf.validate import validate_pb2
from services.document.date_parsing import means_present, parse_date
from services.document.jsonresume.parsing import JsonObject, WrittenFloat, pointer_to, written
from services.document.jsonresume.report import Report
from services.document.jsonresume.shapes import LOCATION, Key, Kind
from vitae.resume.v1 import common_pb2

_TEXT_KEYS = ("text", "summary", "description", "highlight", "name", "title", "value")
_SKILL_KEYS = ("name", "skill", "keyword", "title")
_BULLET = re.compile(r"^\s*(?:[-*•·‣▪–]\s+|\d{1,2}[.)]\s+)")
_MAX_ID = 64


class ObjectReader:
    """An object of the file and what of it is not read yet."""

    def __init__(self, value: JsonObject, pointer: str, report: Report) -> None:
        self.pointer = pointer
        self.report = report
        self._left = dict(value)
        self._kept: JsonObject = {}

    def take(self, *names: str) -> tuple[str, Any]:
        """The first of these keys that says something, with its pointer; None where none does. Another of them that
        says something else stays unread.
        """
        found: tuple[str, Any] = (self.pointer, None)
        for name in names:
            value = self._left.get(name)
            if is_blank(value):
                self._left.pop(name, None)
            elif found[1] is None:
                found = (pointer_to(self.pointer, name), self._left.pop(name))
            elif value == found[1]:
                del self._left[name]
        return found

    def keep(self, name: str, value: Any, why: str) -> None:
        """Keeps a value as it stood, under its key."""
        self._kept[name] = value
        self.report.note(pointer_to(self.pointer, name), "kept", why)

    def fill(self, message: Any, key: Key) -> None:
        """Reads one key into its field."""
        pointer, value = self.take(key.name, *key.aliases)
        if value is None:
            return
        field = message.DESCRIPTOR.fields_by_name[key.field]
        if key.kind in {Kind.LINE, Kind.TEXT}:
            setattr(message, key.field, self.limited(field, self.text(value, pointer, key.kind), pointer))
        elif key.kind in {Kind.DATE, Kind.END_DATE}:
            self._date(message, key, value, pointer)
        elif key.kind is Kind.LOCATION:
            self.location(message.location, value, pointer, key.name)
        elif key.kind is Kind.FLAG:
            self._flag(message, key, value)
        else:
            self._list(message, key, field, value, pointer)

    def fill_id(self, message: Any) -> None:
        """Reads the entry's own id; one that is no short text is kept aside."""
        _, value = self.take("id")
        if value is None:
            return
        if (
            isinstance(value, str | int)
            and not isinstance(value, bool)
            and len(str(value).strip()) <= _MAX_ID
        ):
            message.id = str(value).strip()
        else:
            self.keep(
                "id",
                value,
                f"An id is a text of at most {_MAX_ID} characters; the entry gets one of its own.",
            )

    def fill_extras(self, extras: Any, *, known: frozenset[str] = frozenset()) -> None:
        """Keeps everything unread, as JSON text by key; `known` ones without saying so."""
        for name, value in self._left.items():
            if is_blank(value):
                continue
            extras[name] = written(value)
            if name not in known:
                self.report.note(
                    pointer_to(self.pointer, name), "kept", "No field of a profile; kept as it stood."
                )
        for name, value in self._kept.items():
            extras[name] = written(value)

    def text(self, value: Any, pointer: str, kind: Kind) -> str:
        """The text of a value: numbers as written, lists of texts joined."""
        if isinstance(value, str):
            return value.strip() if kind is Kind.TEXT else " ".join(value.split())
        if isinstance(value, WrittenFloat):
            self.report.note(pointer, "converted", "The number was read as text.")
            return value.written
        if isinstance(value, int) and not isinstance(value, bool):
            self.report.note(pointer, "converted", "The number was read as text.")
            return str(value)
        if isinstance(value, list) and all(_is_scalar(each) for each in value):
            self.report.note(pointer, "converted", "The list was joined into one text.")
            parts = [self._quiet(each, kind) for each in value if not is_blank(each)]
            return ("\n" if kind is Kind.TEXT else ", ").join(parts)
        self.report.refuse(pointer, f"must be text, not {kind_of(value)}; write it in quotes")
        return ""

    def limited(self, field: FieldDescriptor, text: str, pointer: str) -> str:
        """The text, refused where it is longer than the field may be."""
        most = max_length(field)
        if most and len(text) > most:
            self.report.refuse(pointer, f"at most {most} characters; it has {len(text)}")
            return ""
        return text

    def limited_list(self, field: FieldDescriptor, values: list[Any], pointer: str) -> list[Any]:
        """The list, refused where it is longer than the field may be."""
        most = _rules(field).repeated.max_items
        if most and len(values) > most:
            self.report.refuse(pointer, f"at most {most} entries; it has {len(values)}")
            return []
        return values

    def location(self, location: common_pb2.Location, value: Any, pointer: str, name: str) -> None:
        """Reads a place: an object of parts, or one line."""
        fields = common_pb2.Location.DESCRIPTOR.fields_by_name
        if not isinstance(value, dict):
            text = self.limited(fields["text"], self.text(value, pointer, Kind.LINE), pointer)
            if text:
                location.text = text
            return
        inner = ObjectReader(value, pointer, self.report)
        for field, keys in LOCATION.items():
            place, part = inner.take(*keys)
            if part is not None:
                text = inner.limited(fields[field], inner.text(part, place, Kind.LINE), place)
                setattr(location, field, text)
        place, part = inner.take("text", "name")
        if part is not None:
            location.text = inner.limited(fields["text"], inner.text(part, place, Kind.LINE), place)
        if inner.unread():
            self.keep(name, inner.unread(), "Parts of the place have no field; kept as they stood.")

    def unread(self) -> JsonObject:
        """What says something and was not read."""
        return {name: value for name, value in self._left.items() if not is_blank(value)}

    def _date(self, message: Any, key: Key, value: Any, pointer: str) -> None:
        text = _date_text(value)
        if text is None:
            text = self.text(value, pointer, Kind.LINE)
        if means_present(text):
            if "is_current" in message.DESCRIPTOR.fields_by_name:
                message.is_current = True
            else:
                getattr(message, key.field).text = text
            return
        date = parse_date(text)
        if date is None:
            return
        if date.text:
            date.text = self.limited(date.DESCRIPTOR.fields_by_name["text"], date.text, pointer)
            self.report.note(pointer, "converted", "Not wholly understood as a date; kept as written.")
        getattr(message, key.field).CopyFrom(date)

    def _flag(self, message: Any, key: Key, value: Any) -> None:
        if isinstance(value, bool):
            setattr(message, key.field, value)
        else:
            self.keep(key.name, value, "Not true or false; kept as it stood.")

    def _list(self, message: Any, key: Key, field: FieldDescriptor, value: Any, pointer: str) -> None:
        values = self.limited_list(field, self._listed(value, pointer, key.kind), pointer)
        target = getattr(message, key.field)
        partly = False
        for index, each in enumerate(values):
            place = pointer_to(pointer, index) if isinstance(value, list) else pointer
            if is_blank(each):
                continue
            if key.kind is Kind.SKILLS:
                partly |= self._skill(target.add(), each, place)
            elif key.kind is Kind.ACHIEVEMENTS:
                text, more = self._item(each, place, _TEXT_KEYS)
                partly |= more
                achievement = target.add()
                limit = achievement.DESCRIPTOR.fields_by_name["text"]
                achievement.text = self.limited(limit, text, place)
            else:
                text, more = self._item(each, place, _TEXT_KEYS)
                partly |= more
                target.append(self._limited_item(field, text, place))
        if partly:
            name = pointer.rsplit("/", 1)[-1].replace("~1", "/").replace("~0", "~")
            self.keep(name, value, "Not every part of the list has a field; kept as it stood as well.")

    def _listed(self, value: Any, pointer: str, kind: Kind) -> list[Any]:
        """The list a value stands for: a text is split into lines, tags at commas too."""
        if isinstance(value, list):
            return value
        text = self.text(value, pointer, Kind.TEXT)
        separators = r"[,;、，；،؛\n]" if kind in {Kind.TAGS, Kind.SKILLS} else r"\n"
        parts = [_BULLET.sub("", each).strip() for each in re.split(separators, text)]
        self.report.note(pointer, "converted", "The text was read as a list.")
        return [each for each in parts if each]

    def _item(self, value: Any, pointer: str, keys: tuple[str, ...]) -> tuple[str, bool]:
        """The text of an item, and whether it says more than that."""
        if not isinstance(value, dict):
            return self.text(value, pointer, Kind.TEXT), False
        inner = ObjectReader(value, pointer, self.report)
        place, text = inner.take(*keys)
        if not _is_scalar(text):
            names = ", ".join(keys[:3])
            self.report.refuse(pointer, f"must be text, or an object with one of the keys {names}")
            return "", False
        return self.text(text, place, Kind.TEXT), bool(inner.unread())

    def _skill(self, skill: Any, value: Any, pointer: str) -> bool:
        fields = skill.DESCRIPTOR.fields_by_name
        more = False
        if isinstance(value, dict):
            inner = ObjectReader(value, pointer, self.report)
            place, level = inner.take("level")
            if level is not None:
                skill.level = self.limited(fields["level"], self.text(level, place, Kind.LINE), place)
            value = inner.unread()
        text, more = self._item(value, pointer, _SKILL_KEYS)
        skill.name = self.limited(fields["name"], " ".join(text.split()), pointer)
        return more

    def _limited_item(self, field: FieldDescriptor, text: str, pointer: str) -> str:
        most = _rules(field).repeated.items.string.max_len
        if most and len(text) > most:
            self.report.refuse(pointer, f"at most {most} characters; it has {len(text)}")
            return ""
        return text

    def _quiet(self, value: Any, kind: Kind) -> str:
        return ObjectReader({}, "", Report()).text(value, "", kind)


def is_blank(value: Any) -> bool:
    """True for what says nothing: null, and empty texts, lists and objects, and those of nothing else."""
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, list):
        return all(map(is_blank, value))
    if isinstance(value, dict):
        return all(map(is_blank, value.values()))
    return value is None


def kind_of(value: Any) -> str:
    """What people call a JSON value."""
    if isinstance(value, bool):
        return "true or false"
    for kind, name in ((dict, "an object"), (list, "a list"), (str, "text"), (type(None), "null")):
        if isinstance(value, kind):
            return name
    return "a number"


def max_length(field: FieldDescriptor) -> int:
    """The most characters a field takes; 0 for no limit."""
    return _rules(field).string.max_len


def _rules(field: FieldDescriptor) -> validate_pb2.FieldRules:
    rules = field.GetOptions().Extensions[validate_pb2.field]
    assert isinstance(rules, validate_pb2.FieldRules)
    return rules


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _date_text(value: Any) -> str | None:
    """The text of a date that needs no remark: text, a whole number such as 2014, or its parts in an object."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, dict) and set(value) <= {"year", "month", "day"}:
        parts = [str(value.get(name) or "") for name in ("year", "month", "day")]
        return "-".join(parts).rstrip("-")
    return None
