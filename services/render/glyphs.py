"""Says which characters of a document no bundled font can draw, before anything is drawn (SPEC R5)."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from functools import lru_cache

from google.protobuf.message import Message

from services.document.view import DocumentView, PhotoView
from services.render.fonts import catalogue
from services.runtime.errors import FieldError, InvalidArgument
from services.runtime.texts import texts_of

REASON = "GLYPHS_MISSING"

_NAMED = 20
"""Characters named in an error; a document in an unknown script would list its whole alphabet."""


def check(view: DocumentView) -> None:
    """Raises InvalidArgument (reason GLYPHS_MISSING) that names the characters which would come out as nothing."""
    missing = uncovered(texts(view))
    if not missing:
        return
    named = ", ".join(_name(each) for each in missing[:_NAMED])
    more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
    raise InvalidArgument(
        "The document has characters that no bundled font can draw; replace or remove them.",
        reason=REASON,
        fields=[FieldError("document", f"has no glyph for {named}{more}")],
        metadata={"characters": " ".join(f"U+{ord(each):04X}" for each in missing[:_NAMED])},
    )


def all_covered(document: Message) -> bool:
    """Whether every character of a document has a glyph, printed or not.

    Quicker than to find out what is printed, which only documents with a strange character need. The labels added in
    printing are ours, and covered.
    """
    return not uncovered(texts_of(document))


def uncovered(strings: Iterable[str]) -> list[str]:
    """Characters that need a glyph and have none, in code point order."""
    return sorted(each for each in set().union(*strings) if not _is_drawn(each))


def texts(part: object) -> Iterator[str]:
    """Every string of a view, printed or not: a superset is what a check wants."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, tuple):
        for each in part:
            yield from texts(each)
    elif is_dataclass(part) and not isinstance(part, PhotoView):
        for field in fields(part):
            yield from texts(getattr(part, field.name))


@lru_cache(maxsize=4096)
def _is_drawn(character: str) -> bool:
    """Whether a font has it, or it needs none."""
    return _invisible(character) or any(ord(character) in each for each in catalogue.coverage().values())


def _invisible(character: str) -> bool:
    """White space, joiners, direction marks and variation selectors have no glyph of their own."""
    if character.isspace() or unicodedata.category(character) == "Cf":
        return True
    return 0xFE00 <= ord(character) <= 0xFE0F or 0xE0100 <= ord(character) <= 0xE01EF


def _name(character: str) -> str:
    return f"{character} (U+{ord(character):04X} {unicodedata.name(character, 'unnamed')})"
