"""Puts replacements in the place of WeasyPrint's and pydyf's functions, all of them or none."""

import hashlib
import inspect
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

log = logging.getLogger(__name__)

_LIBRARIES = ("weasyprint", "pydyf")


@dataclass(frozen=True)
class Replacement:
    """A function to stand for another."""

    owner: Any
    """Module or class that has the original under `name`."""
    name: str
    source: str
    """Beginning of the SHA-256 of the original's source."""
    new: Any

    @property
    def original(self) -> Any:
        """What is to be replaced: as it is now."""
        return vars(self.owner)[self.name]


def replacements() -> Sequence[Replacement]:
    """All of them. Needs WeasyPrint loaded."""
    from services.render.formats.weasyprint_70 import (
        boxes,
        cascade,
        codes,
        glyphs,
        line_ends,
        structure,
        styles,
        text,
        writing,
    )

    return (
        *styles.REPLACEMENTS,
        *cascade.REPLACEMENTS,
        *boxes.REPLACEMENTS,
        *text.REPLACEMENTS,
        *codes.REPLACEMENTS,
        *glyphs.REPLACEMENTS,
        *line_ends.REPLACEMENTS,
        *structure.REPLACEMENTS,
        *writing.REPLACEMENTS,
    )


@cache
def replaced() -> bool:
    """Puts all in place, for the rest of the process; leaves everything as it is when a source is not the expected."""
    wanted = replacements()
    changed = [
        f"{each.owner.__name__}.{each.name}" for each in wanted if fingerprint(each.original) != each.source
    ]
    if changed:
        log.warning("This is another WeasyPrint than 70.0, and slower: %s", ", ".join(changed))
        return False
    for each in wanted:
        _put(each.original, each.new, each)
    return True


@contextmanager
def originals() -> Iterator[None]:
    """WeasyPrint as it comes, for as long as the block lasts; for comparing the two."""
    undone = [(each, each.original) for each in replacements()] if replaced() else []
    for each, new in undone:
        _put(new, _ORIGINALS[each.owner, each.name], each)
    try:
        yield
    finally:
        for each, new in undone:
            _put(_ORIGINALS[each.owner, each.name], new, each)


def fingerprint(function: Any) -> str:
    """Beginning of the SHA-256 of a function's source."""
    plain: Any = function.fget if isinstance(function, property) else function
    return hashlib.sha256(inspect.getsource(plain).encode()).hexdigest()[:16]


_ORIGINALS: dict[tuple[Any, str], Any] = {}


def _put(old: Any, new: Any, at: Replacement) -> None:
    """Exchanges a function in its home and, for those of modules, wherever it was imported by name."""
    _ORIGINALS.setdefault((at.owner, at.name), old)
    setattr(at.owner, at.name, new)
    if inspect.ismodule(at.owner):
        for module in [each for name, each in sys.modules.items() if name.partition(".")[0] in _LIBRARIES]:
            for name in [name for name, value in vars(module).items() if value is old]:
                setattr(module, name, new)
