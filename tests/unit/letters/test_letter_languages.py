"""Every language of letters is whole, and adding one is adding a file."""

import re
import tomllib
from pathlib import Path

import pytest

from services.generation.letters import language as languages
from services.generation.letters.language import letter_languages, read_language
from tests.unit.letters.conftest import Write
from vitae.generation.v1 import postings_pb2
from vitae.resume.v1 import profile_pb2

FOLDER = Path(languages.__file__).parent / "languages"
POSTING_FIELDS = {"title", "quoted_title", "company", "at_company", "task", "other_task"}
PERSON_FIELDS = {
    "job",
    "at",
    "years",
    "skills",
    "degree",
    "field",
    "school",
    "name",
    "items",
    "clause",
    "also",
    "person",
    "family",
    "titles",
    "titled_family",
}
OPTIONAL = re.compile(r"salutation\..*\.(titled|named|female|male)|.*_(one|ended)")


def table(tag: str) -> dict[str, object]:
    return tomllib.loads((FOLDER / f"{tag}.toml").read_text("utf-8"))


@pytest.mark.parametrize("tag", letter_languages())
def test_a_language_says_everything_english_says(tag: str) -> None:
    own, english = (read_language(each, each, table(each)).says for each in (tag, "en"))
    needed = {name for name in english if not OPTIONAL.fullmatch(name)}
    assert needed <= set(own), sorted(needed - set(own))
    assert not [name for name in set(own) - set(english) if not OPTIONAL.fullmatch(name)]


@pytest.mark.parametrize("tag", letter_languages())
def test_a_language_uses_only_fields_there_are(tag: str) -> None:
    for name, variants in read_language(tag, tag, table(tag)).says.items():
        for variant in variants:
            fields = set(re.findall(r"\{(\w+)\}", variant))
            assert fields <= POSTING_FIELDS | PERSON_FIELDS, (name, variant)


@pytest.mark.parametrize("tag", letter_languages())
def test_the_last_variant_needs_least_so_that_something_can_be_said(tag: str) -> None:
    says = read_language(tag, tag, table(tag)).says
    for tone in ("professional", "warm"):
        assert not re.search(r"\{", says[f"opening.{tone}.apply"][-1])
        assert not re.search(r"\{", says[f"salutation.{tone}.unknown"][-1])
        assert not re.search(r"\{", says[f"motivation.{tone}.general"][-1])


@pytest.mark.parametrize("tag", letter_languages())
def test_no_language_says_what_it_calls_a_cliche(tag: str) -> None:
    language = read_language(tag, tag, table(tag))
    said = " ".join(text for variants in language.says.values() for text in variants).casefold()
    assert not [each for each in language.cliches if each in said]


def test_a_new_language_is_a_new_file(monkeypatch: pytest.MonkeyPatch, write: Write) -> None:
    """Dutch, made of the English file with a few sentences of its own."""
    dutch = tomllib.loads((FOLDER / "en.toml").read_text("utf-8"))
    dutch["opening"]["professional"]["apply"] = [
        "Graag solliciteer ik naar de functie van {title} {at_company}."
    ]
    dutch["at"] = {"default": "bij {name}"}
    dutch["salutation"]["professional"]["unknown"] = ["Geachte heer, mevrouw,"]
    dutch["clauses"] = [{"verbs": "verleden", "clause": "{verb} ik {rest}"}]
    dutch["words"]["verleden"] = ["plaatste"]
    dutch["evidence"]["known_job"] = ["{at} {clause}."]
    monkeypatch.setattr(languages, "_tables", lambda: {"nl": dutch})
    languages._language.cache_clear()
    profile = profile_pb2.ProfileContent(
        locale="nl", personal=profile_pb2.PersonalInfo(full_name="Ties de Wit", email="ties@example.org")
    )
    job = profile.experience.add(id="j", title="Monteur", company="Van Dam", is_current=True)
    job.start_date.year = 2019
    job.achievements.add(id="j-1", text="Plaatste 340 warmtepompen.")
    posting = postings_pb2.JobPosting(title="Installateur", company="Warmtehuis", locale="nl")
    posting.analysis.text = "Installateur gezocht."
    try:
        letter = write(profile, posting).structure
    finally:
        languages._language.cache_clear()
    lines = [line.text for part in letter.paragraphs for line in part.lines]
    assert letter.salutation.text == "Geachte heer, mevrouw,"
    assert lines[0] == "Graag solliciteer ik naar de functie van Installateur bij Warmtehuis."
    assert "Bij Van Dam plaatste ik 340 warmtepompen." in lines
