"""Writes the sentences of one letter from the variants of its language, each with the facts behind it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from string import Formatter

from services.generation.composing.context import REWRITTEN, line, squeeze
from services.generation.letters.language import Language
from services.generation.letters.wording import capital, elided, listed
from services.generation.matching.facts import PERSONAL_ID
from vitae.resume.v1 import common_pb2

POSTING_ID = "posting"
"""Stands for the posting in the source ids of a letter: its title, its company, its own words."""


@dataclass(frozen=True, slots=True)
class Told:
    """A text and the facts it comes from."""

    text: str
    sources: tuple[str, ...]


@dataclass(slots=True)
class Pen:
    """What was said already is said in other words the next time, as far as the language has any."""

    language: Language
    tone: str
    kept: frozenset[str] = frozenset()
    """Words of names, which keep their spelling in every country."""
    _used: dict[str, int] = field(default_factory=dict)
    _turn: int = 0

    def say(
        self,
        name: str,
        values: Mapping[str, Told],
        *,
        relevance: float = 1.0,
        continues: bool = False,
        unless: Iterable[str] = (),
    ) -> common_pb2.Line | None:
        """The sentence of a dotted name, "{tone}" in it filled in; None where no variant's fields are all known.

        Args:
            name: Such as "opening.{tone}.apply".
            values: What the fields stand for; an empty text is not known.
            relevance: Of the line, 0 to 1.
            continues: True for the first sentence, which some languages begin without a capital.
            unless: Fields that must not be in the variant.
        """
        fitting = [
            each
            for each in self.language.variants(name.format(tone=self.tone))
            if all(values.get(wanted, _NOTHING).text for wanted in _fields(each))
            and not _fields(each) & set(unless)
        ]
        if not fitting:
            return None
        fullest = max(len(_fields(each)) for each in fitting)
        best = [each for each in fitting if len(_fields(each)) == fullest]
        variant = min(best, key=lambda each: self._used.get(each, 0))
        self._turn += 1
        self._used[variant] = self._turn
        text = variant.format(**{wanted: values[wanted].text for wanted in _fields(variant)})
        text = re.sub(r"(?<=[…!?.])\.$", "", elided(self.spelled(squeeze(text)), self.language))
        sources = [source for wanted in sorted(_fields(variant)) for source in values[wanted].sources]
        return line(
            text if continues else capital(text),
            sources or [PERSONAL_ID],
            how=REWRITTEN,
            relevance=relevance,
        )

    def all_of(self, name: str) -> list[common_pb2.Line]:
        """Every sentence of a dotted name, for what claims nothing and needs no field."""
        variants = self.language.variants(name.format(tone=self.tone))
        return [
            line(elided(self.spelled(each), self.language), [PERSONAL_ID], how=REWRITTEN, relevance=1.0)
            for each in variants
        ]

    def spelled(self, text: str) -> str:
        """The text as the country spells it; names stay."""
        for old, new in self.language.replace:
            text = re.sub(
                r"[^\W_]+",
                lambda match, old=old, new=new: (  # type: ignore[misc]
                    match.group() if match.group() in self.kept else match.group().replace(old, new)
                ),
                text,
            )
        return text

    def at(self, name: str) -> str:
        """An employer's or school's name as it follows a verb: "at Acme", "bei der Acme GmbH"."""
        name = squeeze(name)
        if not name:
            return ""
        for pattern, text in self.language.at:
            match = pattern.search(name) if pattern is not None else None
            if pattern is None or match is not None:
                return text.format(name=name, **(match.groupdict() if match is not None else {}))
        return name

    def list_of(self, items: Iterable[Told]) -> Told:
        """Items as a list, with the sources of all."""
        held = list(items)
        text = listed([each.text for each in held], self.language)
        return Told(text, tuple(source for each in held for source in each.sources))

    def quoted(self, text: str) -> str:
        """The text in the language's quotation marks."""
        opening, closing = self.language.quotes
        return f"{opening}{text}{closing}"


_NOTHING = Told("", ())


def _fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}
