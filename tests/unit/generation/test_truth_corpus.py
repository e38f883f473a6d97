"""Planted lies are all caught and honest rewordings all pass, in every language of the corpus."""

import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict

from services.document.lines import LineRef
from services.generation.composing.truth import Verifier
from services.generation.skills.table import SkillTable
from vitae.resume.v1 import common_pb2, profile_pb2

CORPUS = Path(__file__).parents[2] / "data" / "truth"
LANGUAGES = sorted(each.stem for each in CORPUS.glob("*.toml"))
REWRITTEN = common_pb2.TRANSFORMATION_REWRITTEN
EVERY_WAY = (
    common_pb2.TRANSFORMATION_VERBATIM,
    common_pb2.TRANSFORMATION_REORDERED,
    common_pb2.TRANSFORMATION_TERM_SUBSTITUTED,
    REWRITTEN,
)


@dataclass(frozen=True)
class Case:
    """One sentence of the corpus."""

    kind: str
    text: str
    sources: tuple[str, ...]


def corpus(language: str) -> dict[str, Any]:
    return tomllib.loads((CORPUS / f"{language}.toml").read_text(encoding="utf-8"))


def cases(language: str, which: str) -> Iterator[Case]:
    for kind, listed in corpus(language)[which].items():
        for each in listed:
            yield Case(kind, each["text"], tuple(each["from"]))


def verifier(language: str, skills: SkillTable, today: date) -> Verifier:
    profile = ParseDict(corpus(language)["profile"], profile_pb2.ProfileContent())
    return Verifier(profile, today, skills, profile.locale)


def faults(check: Verifier, case: Case, how: common_pb2.Transformation.ValueType) -> list[str]:
    origin = common_pb2.Provenance(source_ids=case.sources, transformation=how)
    line = common_pb2.Line(text=case.text, provenance=origin)
    return [each.reason for each in check.line(LineRef("summary", None, None, line))]


def table(rows: Sequence[tuple[str, ...]]) -> str:
    return "\n" + "\n".join(" | ".join(row) for row in rows)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_planted_lie_is_caught(language: str, skills: SkillTable, today: date) -> None:
    check = verifier(language, skills, today)

    missed = [
        (case.kind, common_pb2.Transformation.Name(how).removeprefix("TRANSFORMATION_"), case.text)
        for case in cases(language, "lies")
        for how in EVERY_WAY
        if not faults(check, case, how)
    ]

    assert not missed, table(missed)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_honest_rewording_is_refused(language: str, skills: SkillTable, today: date) -> None:
    check = verifier(language, skills, today)

    refused = [
        (case.kind, case.text, *found)
        for case in cases(language, "honest")
        if (found := faults(check, case, REWRITTEN))
    ]

    assert not refused, table(refused)


def test_the_corpus_is_wide() -> None:
    lies, honest = Counter[str](), Counter[str]()
    for language in LANGUAGES:
        lies.update(case.kind for case in cases(language, "lies"))
        honest.update(case.kind for case in cases(language, "honest"))

    assert lies.total() >= 200
    assert honest.total() >= 150
    assert len(lies) >= 30
