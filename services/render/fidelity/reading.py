"""What an extractor read."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """A file's text in the order in which one extractor gave it."""

    extractor: str
    """Name and version, such as "pypdfium2 5.15.2"."""
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Observation:
    """What only the drawing itself tells."""

    hidden: tuple[str, ...] = ()
    """Texts that are there for parsers and not for eyes."""
    pictures: int = 0
    """Number of pictures in the file."""
