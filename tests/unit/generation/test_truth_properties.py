"""Whatever a profile says: what is composed of it passes the verifier, and what it does not say does not."""

import re
from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.document.lines import LineRef, iter_lines
from services.generation.composing.compose import compose
from services.generation.composing.truth import Verifier, untruths
from services.generation.matching.ranking import rank
from services.generation.postings.analysis import analyze
from services.generation.skills.extraction import find_skills
from tests.support.skills import skill_table
from vitae.generation.v1 import postings_pb2, resumes_pb2
from vitae.resume.v1 import common_pb2, profile_pb2

TABLE = skill_table()
TODAY = date(2026, 11, 20)
REWRITTEN = common_pb2.TRANSFORMATION_REWRITTEN

SENTENCES = (
    "Moved {n} services to Kubernetes",
    "Led a team of {n} engineers in Porto",
    "Cut hosting costs by {n}% with Terraform",
    "Handled {n} requests per second in Go and PostgreSQL",
    "Trained {n} nurses in wound care",
    "Saved €{n} a year",
    "Taught Python to {n} pupils",
    "Repaired {n} pumps without downtime",
    "Helped plan {n} events for the city",
    "Wrote the style guide",
)
NAMES = ("Globex", "Initech", "Hooli", "Umbrella", "Vandelay", "Contoso")
"""Names that no sentence holds."""
DEEDS = {"Taught Python to {n} pupils": {"Teaching"}}
"""Skills that a sentence proves by what was done: who taught can teach."""
SKILLS = sorted(
    name
    for name in TABLE.skills
    if name.isascii()
    and [each.skill.name for each in find_skills(TABLE.tokens(f"Worked with {name} daily"), TABLE)] == [name]
)
"""Skills that are told for what they are inside a sentence."""

numbers = st.integers(2, 4000)
sentences = st.builds(lambda shape, n: shape.format(n=n), st.sampled_from(SENTENCES), numbers)


@st.composite
def profiles(draw: st.DrawFn) -> profile_pb2.ProfileContent:
    """People with jobs and skills, some sentences twice."""
    person = profile_pb2.ProfileContent(locale="en", summary=draw(st.sampled_from(["", "Keeps calm."])))
    for number in range(draw(st.integers(1, 4))):
        job = person.experience.add(
            id=f"e{number}", title=draw(st.sampled_from(["Engineer", "Nurse", "Teacher"]))
        )
        job.company = f"Firm {number}"
        job.start_date.year = draw(st.integers(1990, 2024))
        job.end_date.year = job.start_date.year + draw(st.integers(0, 2))
        for index, text in enumerate(draw(st.lists(sentences, max_size=8))):
            job.achievements.add(id=f"e{number}-a{index}", text=text)
    group = person.skill_groups.add(id="g", name="Skills")
    for index, name in enumerate(
        draw(st.lists(st.sampled_from(["k8s", "Python", "Go", "SQL", "Triage"]), unique=True))
    ):
        group.skills.add(id=f"s{index}", name=name)
    return person


def posting() -> postings_pb2.JobPosting:
    made = postings_pb2.JobPosting(
        source_text="Requirements\n- Kubernetes\n- Python\n- PostgreSQL\nNice to have\n- Go"
    )
    made.analysis.CopyFrom(analyze(made, TABLE).analysis)
    return made


POSTING = posting()


def verifier(person: profile_pb2.ProfileContent) -> Verifier:
    return Verifier(person, TODAY, TABLE, "en")


def verified(check: Verifier, text: str, source: str) -> list[str]:
    line = common_pb2.Line(
        text=text, provenance=common_pb2.Provenance(source_ids=[source], transformation=REWRITTEN)
    )
    ref = LineRef("sections[0].summary.lines[0]", None, None, line)
    return [each.reason for each in check.line(ref)]


def achievements(person: profile_pb2.ProfileContent) -> Iterator[profile_pb2.Achievement]:
    for job in person.experience:
        yield from job.achievements


@given(person=profiles(), asked=st.booleans(), keep=st.booleans())
@settings(max_examples=60, deadline=None)
def test_whatever_is_composed_passes(person: profile_pb2.ProfileContent, *, asked: bool, keep: bool) -> None:
    job = POSTING if asked else None
    options = resumes_pb2.TailoringOptions(preserve_experience=keep)

    made = compose(
        person, job, rank(person, job.analysis if job else None, TODAY, TABLE), options, TODAY, TABLE
    )

    assert untruths(made.structure, person, TODAY, TABLE) == []
    assert not any("does not prove" in each for each in made.notices)


@given(profiles(), st.data())
@settings(max_examples=60, deadline=None)
def test_a_fact_that_is_gone_takes_its_lines_along(
    person: profile_pb2.ProfileContent, data: st.DataObject
) -> None:
    before = compose(
        person,
        POSTING,
        rank(person, POSTING.analysis, TODAY, TABLE),
        resumes_pb2.TailoringOptions(),
        TODAY,
        TABLE,
    )
    facts = list(achievements(person))
    if not facts:
        return
    gone = data.draw(st.sampled_from([each.id for each in facts]))
    for job in person.experience:
        kept = [each for each in job.achievements if each.id != gone]
        del job.achievements[:]
        job.achievements.extend(kept)

    after = compose(
        person,
        POSTING,
        rank(person, POSTING.analysis, TODAY, TABLE),
        resumes_pb2.TailoringOptions(),
        TODAY,
        TABLE,
    )

    assert not any(gone in each.line.provenance.source_ids for each in iter_lines(after.structure))
    shown = [each for each in iter_lines(before.structure) if gone in each.line.provenance.source_ids]
    found = untruths(before.structure, person, TODAY, TABLE)
    assert {each.path for each in shown} <= {each.path for each in found}


@given(sentences, numbers)
@settings(max_examples=200, deadline=None)
def test_no_other_number_passes(text: str, other: int) -> None:
    person = profile_pb2.ProfileContent(locale="en")
    person.experience.add(id="e", title="Engineer").achievements.add(id="a", text=text)
    said = re.search(r"\d+", text)
    if said is None or int(said.group()) == other:
        return

    check = verifier(person)
    assert verified(check, text, "a") == []
    for written in (str(other), f"{other:,}", f"{other:,}".replace(",", " ")):
        assert verified(check, text.replace(said.group(), written), "a"), written


@pytest.mark.parametrize("shape", SENTENCES)
def test_no_skill_and_no_name_is_added_to_a_sentence(shape: str) -> None:
    text = shape.format(n=7)
    person = profile_pb2.ProfileContent(locale="en")
    person.experience.add(id="e", title="Engineer").achievements.add(id="a", text=text)
    check = verifier(person)
    own = {each.skill.name for each in find_skills(TABLE.tokens(text), TABLE)} | DEEDS.get(shape, set())

    passed = [name for name in SKILLS if name not in own and not verified(check, f"{text} with {name}", "a")]
    passed += [name for name in NAMES if not verified(check, f"{text} for {name}", "a")]

    assert len(SKILLS) > 500
    assert passed == []
