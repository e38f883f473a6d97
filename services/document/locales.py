"""Words of a document in its language: section titles and labels (own data), months and direction (CLDR)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from vitae.resume.v1 import resume_pb2


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language. `labels` holds present, technologies, grade ... (see locale_data/en.toml)."""

    locale: str
    """The tag asked for, in canonical spelling ("pt-BR"), also where only its language is known."""
    direction: Literal["ltr", "rtl"]
    titles: dict[str, str]
    """Section title by the section's name ("experience")."""
    labels: dict[str, str]


def words(locale: str) -> Words:
    """The words for a BCP 47 tag: its own, its language's, else English. Never raises; "" is English."""
    raise NotImplementedError


def section_title(type_: resume_pb2.SectionType.ValueType, locale: str) -> str:
    """The usual heading of a section type in a language."""
    raise NotImplementedError


def supported_languages() -> tuple[str, ...]:
    """Languages with section titles of their own, sorted."""
    raise NotImplementedError


def guess_language(texts: Iterable[str]) -> str:
    """The language texts are written in, by script and common words; "" when nothing tells."""
    raise NotImplementedError
