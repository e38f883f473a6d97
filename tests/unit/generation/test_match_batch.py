"""Scores of many profiles at once, from what is kept of each: exactly those of one by one, and blind."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.generation.matching.batch import BatchScorer, ranked
from services.generation.matching.kept import read_for_matching
from services.generation.matching.scoring import score
from services.generation.skills.table import SkillTable
from tests.support.labelled_matches import HALVES, Half, load_postings, load_profiles
from tests.unit.generation.test_match_properties import TABLE, TODAY, postings, profiles
from vitae.generation.v1 import match_readings_pb2, postings_pb2
from vitae.resume.v1 import profile_pb2

ROOT = Path(__file__).parents[3]


def reading_of(profile: profile_pb2.ProfileContent, table: SkillTable) -> match_readings_pb2.MatchReading:
    return match_readings_pb2.MatchReading.FromString(read_for_matching(profile, table))


@settings(max_examples=150, deadline=None)
@given(profiles(), postings)
def test_a_score_from_what_is_kept_is_that_of_the_whole_profile(
    person: profile_pb2.ProfileContent, posting: postings_pb2.JobPosting
) -> None:
    one = score(person, posting, TODAY, TABLE)

    many = BatchScorer(posting, TABLE, TODAY).score(reading_of(person, TABLE))

    assert many.score == one.original_score
    assert list(many.matched) == list(one.matched_skills)
    assert list(many.missing) == list(one.missing_skills)


@pytest.mark.parametrize("half", HALVES)
def test_scores_of_realistic_people_are_the_same_one_by_one_and_at_once(
    half: Half, skills: SkillTable, today: date
) -> None:
    people = load_profiles(half)
    readings = {name: reading_of(person, skills) for name, person in people.items()}
    read = [each.read(skills) for each in load_postings(half) if each.judgements]

    different = [
        (posting.title, name)
        for posting in read
        for scorer in [BatchScorer(posting, skills, today)]
        for name, person in people.items()
        if scorer.score(readings[name]).score != score(person, posting, today, skills).original_score
    ]

    assert different == []


@settings(max_examples=60, deadline=None)
@given(profiles(), st.text(max_size=30), st.text(max_size=30))
def test_what_is_kept_does_not_depend_on_who_the_person_is(
    person: profile_pb2.ProfileContent, name: str, place: str
) -> None:
    other = profile_pb2.ProfileContent()
    other.CopyFrom(person)
    other.personal.full_name = f"{name} Kubernetes"
    other.personal.location.city = f"{place} Welding"
    other.personal.location.address = "Python Street 1"
    other.personal.photo.data = b"\xff\xd8"
    other.personal.links.add(network="Go", url="https://go.example")
    other.interests.add(id="i", name="Python")
    other.references.add(id="r", name=name, text="She knows Kubernetes.")
    for job in other.experience:
        job.company = f"{name} Python GmbH"
        job.location.city = place

    assert read_for_matching(other, TABLE) == read_for_matching(person, TABLE)


def test_equal_scores_share_a_rank_and_follow_their_ids(skills: SkillTable, today: date) -> None:
    posting = postings_pb2.JobPosting(title="Baker")
    scorer = BatchScorer(posting, skills, today)
    baker, nobody = profile_pb2.ProfileContent(), profile_pb2.ProfileContent()
    baker.experience.add(id="e", title="Baker")
    scored = [
        (profile_id, scorer.score(reading_of(person, skills)))
        for profile_id, person in (("c", nobody), ("b", baker), ("d", nobody), ("a", baker), ("e", nobody))
    ]

    matches = list(ranked(reversed(scored)))

    assert [(each.profile_id, each.rank) for each in matches] == [
        ("a", 1),
        ("b", 1),
        ("c", 3),
        ("d", 3),
        ("e", 3),
    ]


_PRINT_EVERYTHING = """
import hashlib, sys
from datetime import date
from services.generation.composing.compose import compose
from services.generation.matching.kept import read_for_matching
from services.generation.matching.ranking import rank
from services.generation.skills.table import SkillTable
from tests.support.labelled_matches import load_postings, load_profiles
from vitae.generation.v1 import resumes_pb2

skills, today = SkillTable.load(), date(2026, 11, 20)
people = load_profiles("seen")
digest = hashlib.sha256()
for labelled in load_postings("seen")[::4]:
    posting = labelled.read(skills)
    digest.update(posting.SerializeToString(deterministic=True))
    for name in sorted(people)[::6]:
        person = people[name]
        for number, job in enumerate(person.experience):
            job.id = f"job{number}"
        ids = iter(range(10_000))
        for holder in (person.skill_groups, person.certifications, person.languages, person.education, person.projects):
            for each in holder:
                each.id = f"x{next(ids)}"
        for each in [s for g in person.skill_groups for s in g.skills]:
            each.id = f"x{next(ids)}"
        for each in [a for j in person.experience for a in j.achievements]:
            each.id = f"x{next(ids)}"
        for each in [t for p in person.projects for t in p.technologies]:
            each.id = f"x{next(ids)}"
        digest.update(read_for_matching(person, skills))
        ranking = rank(person, posting.analysis, today, skills)
        digest.update(ranking.SerializeToString(deterministic=True))
        made = compose(person, posting, ranking, resumes_pb2.TailoringOptions(), today, skills)
        digest.update(made.match.SerializeToString(deterministic=True))
        digest.update(made.content_text.encode())
        digest.update(repr(made.improvements).encode())
print(digest.hexdigest())
"""


def test_every_process_and_hash_seed_gives_the_same_bytes() -> None:
    made = [
        subprocess.run(
            [sys.executable, "-c", _PRINT_EVERYTHING],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT}:{ROOT / 'protos' / 'gen'}"},
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "4242")
    ]

    assert len(set(made)) == 1
    assert len(made[0].strip()) == 64
