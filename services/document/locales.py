"""Words of a document in its language: section titles and labels (own data), months and direction (CLDR).

A language is one file in locale_data/, named by its tag; adding the file adds the language.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal

import babel

from vitae.resume.v1 import resume_pb2

DEFAULT_LANGUAGE = "en"

_SCRIPTS = (
    # A script that is written in one language only, as far as resumes go. Kana tells Japanese, so it precedes Han.
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("ar", re.compile("[\u0620-\u064a]")),
    ("he", re.compile("[\u05d0-\u05ea]")),
    ("hi", re.compile("[\u0904-\u0939]")),
)
_SCRIPT_SHARE = 0.1
"""Part of the letters a script needs to settle the language: resumes in every language are full of Latin names of
tools; measured on invented resumes the own script never fell under a fifth."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language."""

    locale: str
    """The tag asked for in canonical spelling ("pt-BR"), also where only its language is known; "en" for what no
    one knows."""
    direction: Literal["ltr", "rtl"]
    titles: Mapping[str, str]
    """Section title by the section's name ("experience")."""
    labels: Mapping[str, str]
    """present, technologies, grade ... (see locale_data/en.toml)."""
    list_mark: str
    """What stands between the items of a list."""
    label_mark: str
    """What stands between a label and what it labels."""
    comma: str
    """What stands between two parts of one phrase: a degree and its field."""


def words(locale: str) -> Words:
    """The words for a BCP 47 tag: its own, its language's, else English. Never raises; "" is English."""
    return _words(locale[:35])


def section_title(type_: resume_pb2.SectionType.ValueType, locale: str) -> str:
    """The usual heading of a section type in a language; "" for the unspecified type."""
    return words(locale).titles.get(section_name(type_), "")


def section_name(type_: resume_pb2.SectionType.ValueType) -> str:
    """The stable lower-case name of a section type: "experience"."""
    return resume_pb2.SectionType.Name(type_).removeprefix("SECTION_TYPE_").lower()


def supported_languages() -> tuple[str, ...]:
    """Tags with section titles of their own, sorted."""
    return tuple(sorted(_tables()))


def section_titles() -> Mapping[str, frozenset[str]]:
    """The usual headings of all languages, by the section's name."""
    titles: dict[str, set[str]] = {}
    for table in _tables().values():
        for section, title in table.titles.items():
            titles.setdefault(section, set()).add(title)
    return {section: frozenset(found) for section, found in titles.items()}


def cldr(locale: str) -> babel.Locale:
    """The CLDR locale of a tag, English where there is none. The territory survives, so that months and the order
    of dates follow it.
    """
    return _cldr(locale[:35])


def present_words() -> frozenset[str]:
    """Words of all languages that say something lasts, folded."""
    return _present_words()


def guess_language(texts: Iterable[str]) -> str:
    """The language texts are written in, by script and by common words; "" when nothing tells."""
    text = " ".join(texts)
    letters = 0 if text.isascii() else sum(map(str.isalpha, text))
    for language, script in _SCRIPTS if letters else ():
        if len(script.findall(text)) >= letters * _SCRIPT_SHARE:
            return language
    found = Counter(re.findall(r"\w+", text.lower()))
    scores = {tag: sum(found.get(word, 0) for word in table.common) for tag, table in _tables().items()}
    best = max(scores, key=lambda tag: (scores[tag], tag))
    return best if scores[best] > 1 else ""


@dataclass(frozen=True, slots=True)
class _Table:
    titles: Mapping[str, str]
    labels: Mapping[str, str]
    marks: Mapping[str, str]
    present: tuple[str, ...]
    common: tuple[str, ...]


@cache
def _tables() -> Mapping[str, _Table]:
    tables = {}
    for file in files("services.document").joinpath("locale_data").iterdir():
        if not file.name.endswith(".toml"):
            continue
        data = tomllib.loads(file.read_text(encoding="utf-8"))
        tables[file.name.removesuffix(".toml")] = _Table(
            titles=data["titles"],
            labels=data["labels"],
            marks=data["marks"],
            present=tuple(data["words"]["present"]),
            common=tuple(data["words"]["common"]),
        )
    return tables


@cache
def _present_words() -> frozenset[str]:
    return frozenset(word.casefold() for table in _tables().values() for word in table.present)


@lru_cache(maxsize=256)  # bounded, because tags come from callers
def _cldr(locale: str) -> babel.Locale:
    parts = locale.replace("_", "-").split("-")
    while any(parts):
        try:
            return babel.Locale.parse("-".join(parts), sep="-")
        except (ValueError, babel.UnknownLocaleError):
            parts.pop()
    return babel.Locale(DEFAULT_LANGUAGE)


@lru_cache(maxsize=256)
def _words(locale: str) -> Words:
    found = _cldr(locale)
    tables = _tables()
    table = next(
        (tables[each] for each in (f"{found.language}-{found.script}", found.language) if each in tables),
        tables[DEFAULT_LANGUAGE],
    )
    return Words(
        locale=str(found).replace("_", "-"),
        direction="rtl" if found.character_order == "right-to-left" else "ltr",
        titles=table.titles,
        labels=table.labels,
        list_mark=table.marks["list"],
        label_mark=table.marks["label"],
        comma=table.marks.get("comma", table.marks["list"]),
    )
