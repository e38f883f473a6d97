"""What a text claims, taken apart: sentences, their statements, and the words, quantities and dates of those."""

from dataclasses import dataclass, field

from services.generation.composing.truth.dates import Date
from services.generation.composing.truth.quantities import Quantity


@dataclass(slots=True)
class Word:
    """A word that claims something."""

    form: str
    """Folded; the canonical name for a skill."""
    written: str
    starts: bool
    """Whether it begins a statement, so that its capital tells nothing."""
    denied: bool = False
    hedges: frozenset[str] = frozenset()
    role: bool = False
    """Whether it is what somebody worked as."""
    kind: str = "word"
    """word, skill, code or run (of a script without spaces)."""


@dataclass(slots=True)
class Part:
    """A statement: what has to be said by one sentence of a source."""

    words: list[Word] = field(default_factory=list)
    quantities: list[Quantity] = field(default_factory=list)
    dates: list[Date] = field(default_factory=list)
    small: set[str] = field(default_factory=set)
    """Its words that claim nothing."""
    own: frozenset[str] = frozenset()
    """The ways in which small words of it weaken it."""

    @property
    def is_empty(self) -> bool:
        """Whether it claims nothing."""
        return not (self.words or self.quantities or self.dates)


@dataclass(slots=True)
class Sentence:
    """A sentence in its parts."""

    parts: list[Part] = field(default_factory=list)

    @property
    def whole(self) -> Part:
        """All of it as one statement."""
        return Part(
            [each for part in self.parts for each in part.words],
            [each for part in self.parts for each in part.quantities],
            [each for part in self.parts for each in part.dates],
            {each for part in self.parts for each in part.small},
        )
