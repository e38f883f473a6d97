"""How much paper a resume takes, in rows of body text, without laying it out.

The measures are those of Modern, from its style sheet: 9.5 pt on 13.5, and what headings, entries and lists add. Text
is broken at its words by the widths of the letters. docs/composing.md tells how far real pages are from it, which
`tests/integration/render_corpus/test_planned_pages.py` holds for every template.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from services.document.paper import takes_letter_paper
from vitae.resume.v1 import resume_pb2

_A4, _LETTER = (55.5, 51.0), (51.8, 52.5)
"""Rows of a page, and the width of a row in sizes of the letters (em)."""
_NAME, _TITLE, _CONTACTS = 2.6, 1.2, 1.0
_HEADING = 2.75
_ENTRY, _BARE = 0.6, 0.35
"""Space above an entry, and above one of head lines alone."""
_PART, _BULLET = 0.16, 0.1
"""Space above each paragraph or list of an entry, and between bullets."""
_INDENT = 1.05
"""Em by which bullets are set in."""
_BESIDE = 12.0
"""Em that dates take of the line they stand on."""
_SEPARATOR, _LABEL = 2.0, 7.0
"""Em of what stands between contacts, and of "Technologies: "."""


def page_rows(locale: str) -> float:
    """Rows of a page on the paper of a locale."""
    return (_LETTER if takes_letter_paper(locale) else _A4)[0]


class Ruler:
    """Measures a resume and what is left of it: texts measured once are not measured again."""

    def __init__(self, locale: str) -> None:
        self._room = (_LETTER if takes_letter_paper(locale) else _A4)[1]
        self._known: dict[tuple[str, float], int] = {}

    def rows(self, resume: resume_pb2.StructuredResume) -> float:
        """Rows of a resume."""
        return self.header_rows(resume.header) + sum(map(self.section_rows, resume.sections))

    def header_rows(self, header: resume_pb2.ResumeHeader) -> float:
        """Rows of name, title and contact."""
        contacts = [header.email, header.phone, header.location, header.linkedin, header.github]
        contacts += [header.website, *(each.url or each.username for each in header.links)]
        widths = [width(each.removeprefix("https://")) + _SEPARATOR for each in contacts if each]
        contact_rows = ceil(sum(widths) / self._room) * _CONTACTS
        return _NAME + (_TITLE if header.title.text else 0.0) + contact_rows

    def section_rows(self, section: resume_pb2.ResumeSection) -> float:
        """Rows of a section with its heading; none for an empty or a hidden one."""
        kind = section.WhichOneof("content")
        if kind is None or section.hidden:
            return 0.0
        held = getattr(section, kind)
        if kind == "summary":
            return _HEADING + self._text(" ".join(each.text for each in held.lines))
        if kind == "skills":
            groups = [
                f"{group.name}: {', '.join(item.text for item in group.items)}" for group in held.categories
            ]
            return _HEADING + sum(map(self._text, groups)) + _BULLET * max(0, len(groups) - 1)
        if kind == "languages":
            return _HEADING + self._pairs([(each.language, each.fluency) for each in held.entries])
        if kind == "interests":
            return _HEADING + self._pairs([(each.name, ", ".join(each.keywords)) for each in held.entries])
        return _HEADING + self._entries(held.entries)

    def _pairs(self, pairs: Sequence[tuple[str, str]]) -> float:
        """A line each; neighbours without anything to their name share a line."""
        alone = [name for name, text in pairs if not text]
        told = [f"{name}: {text}" for name, text in pairs if text]
        shown = [*told, *([", ".join(alone)] if alone else [])]
        return sum(map(self._text, shown)) + _BULLET * max(0, len(shown) - 1)

    def _entries(self, entries: Sequence[Message]) -> float:
        total, bare_before = 0.0, False
        for number, each in enumerate(entries):
            head, body = self._head(each), self._body(each)
            if number:
                total += _BARE if bare_before and not body else _ENTRY
            total += head + body
            bare_before = not body
        return total

    def _head(self, entry: Message) -> float:
        """A line for what names the entry, and one for what was done there; either may run over."""
        fields = _head_fields(entry.DESCRIPTOR)
        names = _said(entry, fields.names)
        second = ", ".join(_said(entry, fields.deeds)) or (names[1] if len(names) > 1 else "")
        first = "  ".join(filter(None, (names[0] if names else "", ", ".join(_said(entry, fields.aside)))))
        dated = any(map(entry.HasField, fields.dates))
        beside = _BESIDE if dated else 0.0
        if first and second:
            return self._text(first) + self._text(second, beside)
        return self._text(first or second, beside) if first or second or dated else 0.0

    def _body(self, entry: Message) -> float:
        parts: list[float] = []
        for descriptor, value in entry.ListFields():
            name = descriptor.name
            if name in ("description", "summary", "text"):
                parts.append(self._text(value.text))
            elif name == "achievements":
                bullets = sum(self._text(line.text, _INDENT) for line in value)
                parts.append(bullets + _BULLET * (len(value) - 1))
            elif name in ("technologies", "coursework"):
                parts.append(self._text(", ".join(line.text for line in value), _LABEL))
            elif name == "honors":
                parts.append(self._text(", ".join(value), _LABEL))
            elif name in ("gpa", "credential_id"):
                parts.append(1)
        return sum(parts) + _PART * len(parts)

    def _text(self, text: str, taken: float = 0.0) -> int:
        """Rows of a text, `taken` em of each row being used for something else."""
        key = (text, taken)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = _broken(text, self._room - taken)
        return known


def width(text: str) -> float:
    """The width of a text in em, by the regular cut of Inter; other scripts by the width of their usual letters."""
    return sum(map(_WIDTHS.__getitem__, text))


def _broken(text: str, room: float) -> int:
    """Rows of a text that is broken between words, and inside words of scripts without spaces."""
    if width(text) <= room:
        return 1 if text else 0
    rows, at = 1, 0.0
    for word in text.split(" "):
        wide = width(word)
        if at + wide > room and (wide <= room and word[:1] < _UNSPACED):
            rows, at = rows + 1, 0.0
        at += wide
        while at > room:
            rows, at = rows + 1, at - room
        at += _WIDTHS[" "]
    return rows


_UNSPACED = "\u2e80"
"""First character of the scripts that put no spaces between words."""


class _Widths(dict[str, float]):
    """Widths of characters in em; worked out by script where not listed."""

    def __missing__(self, character: str) -> float:
        point = ord(character)
        if 0x1100 <= point <= 0x115F or 0x2E80 <= point <= 0xA4CF or 0xF900 <= point <= 0xFAFF:
            return 1.0
        if 0xAC00 <= point <= 0xD7AF or 0xFF00 <= point <= 0xFF60:
            return 0.95
        if point >= 0x1F000:
            return 1.25
        if 0x0300 <= point <= 0x036F or 0x0591 <= point <= 0x05C7 or 0x064B <= point <= 0x065F:
            return 0.0
        if 0x0590 <= point <= 0x08FF:
            return 0.5
        return 0.72 if character.isupper() else 0.58


_WIDTHS = _Widths(
    {
        each: wide
        for wide, characters in (
            (0.26, "iljI'|"),
            (0.28, " .,:;!·"),
            (0.37, 'ftr()[]/"-'),
            (0.53, "sczxkvyJ?"),
            (0.57, "aegnopqudbhFLTE"),
            (0.61, "023456789$€+=~#"),
            (0.46, "1_*"),
            (0.66, "ABCDKPRSUVXYZ"),
            (0.76, "GHNOQ&"),
            (0.85, "mw%@"),
            (0.93, "MW—"),
        )
        for each in characters
    }
)


@dataclass(frozen=True, slots=True)
class _HeadFields:
    """The fields that stand on the head lines of a kind of entry."""

    names: tuple[str, ...]
    """The first stands on the first line; the second on the second where there are no deeds."""
    deeds: tuple[str, ...]
    aside: tuple[str, ...]
    dates: tuple[str, ...]


@cache
def _head_fields(kind: Descriptor) -> _HeadFields:
    def known(names: str) -> tuple[str, ...]:
        return tuple(each for each in names.split() if each in kind.fields_by_name)

    return _HeadFields(
        names=known("company institution organization name title position subtitle"),
        deeds=known("degree field_of_study role entity issuer awarder publisher"),
        aside=known("location url"),
        dates=known("start_date end_date date"),
    )


def _said(entry: Message, fields: Iterable[str]) -> list[str]:
    """The texts of fields, those left empty left out."""
    return [text for name in fields if (text := getattr(entry, name))]
