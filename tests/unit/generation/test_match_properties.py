"""What holds for every profile and posting: more proof never lowers a score, order and person never matter."""

from datetime import date
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.generation.composing.compose import compose
from services.generation.matching.ranking import rank
from services.generation.matching.scoring import score
from services.generation.postings.analysis import analyze
from tests.support.skills import skill_table
from vitae.generation.v1 import postings_pb2, resumes_pb2
from vitae.resume.v1 import common_pb2, profile_pb2

TABLE = skill_table()
TODAY = date(2026, 11, 20)
NAMES = [
    "Kubernetes",
    "k8s",
    "PostgreSQL",
    "Postgres",
    "Python",
    "Welding",
    "Patient care",
    "Go",
    "Teamwork",
    "Excel",
    "Figma",
    "Fugue writing",
]
TITLES = ["Senior Platform Engineer", "Nurse", "Teacher", "Ingenieurin", "Head of Sales", "Intern", ""]


def posting_of(must: list[str], nice: list[str], years: int, title: str) -> postings_pb2.JobPosting:
    text = f"{title}\n\nRequirements\n- {years}+ years of experience\n- Bachelor degree or equivalent experience\n"
    text += (
        "".join(f"- {each}\n" for each in must) + "\nNice to have\n" + "".join(f"- {each}\n" for each in nice)
    )
    posting = postings_pb2.JobPosting(source_text=text, title=title, locale="en")
    posting.analysis.CopyFrom(analyze(posting, TABLE).analysis)
    return posting


postings = st.builds(
    posting_of,
    st.lists(st.sampled_from(NAMES), unique=True, max_size=5),
    st.lists(st.sampled_from(NAMES), unique=True, max_size=3),
    st.integers(1, 12),
    st.sampled_from(TITLES),
)


@st.composite
def profiles(draw: st.DrawFn) -> profile_pb2.ProfileContent:
    person = profile_pb2.ProfileContent(
        locale="en", summary=draw(st.sampled_from(["", "I like Python.", "Team player."]))
    )
    group = person.skill_groups.add(id="g1", name="Skills")
    for number, name in enumerate(draw(st.lists(st.sampled_from(NAMES), max_size=6))):
        group.skills.add(id=f"s{number}", name=name)
    for number in range(draw(st.integers(0, 4))):
        start = draw(st.integers(2005, 2025))
        entry = person.experience.add(
            id=f"e{number}",
            title=draw(st.sampled_from(TITLES)),
            company=f"Company {number}",
            start_date=common_pb2.PartialDate(year=start, month=draw(st.integers(0, 12))),
        )
        if draw(st.booleans()):
            entry.end_date.year = draw(st.integers(start, 2026))
        for place in range(draw(st.integers(0, 9))):
            words = draw(
                st.lists(
                    st.sampled_from([*NAMES, "Served 40 guests", "Wrote reports"]), min_size=1, max_size=3
                )
            )
            entry.achievements.add(id=f"e{number}a{place}", text=" and ".join(words))
    if draw(st.booleans()):
        person.education.add(id="d1", degree="BSc", field_of_study="Physics")
    return person


def value(person: profile_pb2.ProfileContent, posting: postings_pb2.JobPosting) -> float:
    return score(person, posting, TODAY, TABLE).original_score


@settings(max_examples=60, deadline=None)
@given(profiles(), postings, st.sampled_from(NAMES))
def test_one_more_proved_skill_never_lowers_a_score(
    person: profile_pb2.ProfileContent, posting: postings_pb2.JobPosting, name: str
) -> None:
    richer = profile_pb2.ProfileContent()
    richer.CopyFrom(person)
    richer.experience.add(id="new").achievements.add(id="new-a", text=f"Worked with {name}")
    richer.skill_groups.add(id="new-g", name="More").skills.add(id="new-s", name=name)

    assert value(richer, posting) >= value(person, posting)


@settings(max_examples=60, deadline=None)
@given(profiles(), postings, st.data())
def test_less_evidence_never_raises_a_score(
    person: profile_pb2.ProfileContent, posting: postings_pb2.JobPosting, data: st.DataObject
) -> None:
    poorer = profile_pb2.ProfileContent()
    poorer.CopyFrom(person)
    removable: list[Any] = [entry.achievements for entry in poorer.experience if entry.achievements]
    removable += [group.skills for group in poorer.skill_groups if len(group.skills) > 1]
    removable += [poorer.experience] if poorer.experience else []
    if removable:
        chosen = data.draw(st.sampled_from(removable))
        del chosen[data.draw(st.integers(0, len(chosen) - 1))]

    assert value(poorer, posting) <= value(person, posting)


@settings(max_examples=60, deadline=None)
@given(profiles(), postings, st.randoms())
def test_the_order_of_a_profile_does_not_matter(
    person: profile_pb2.ProfileContent, posting: postings_pb2.JobPosting, random: Random
) -> None:
    other = profile_pb2.ProfileContent()
    other.CopyFrom(person)
    lists: list[Any] = [other.experience]
    lists += [group.skills for group in other.skill_groups]
    lists += [entry.achievements for entry in other.experience]
    for repeated in lists:
        items = list(repeated)
        random.shuffle(items)
        del repeated[:]
        repeated.extend(items)

    assert value(other, posting) == value(person, posting)


@settings(max_examples=40, deadline=None)
@given(
    profiles(), postings, st.sampled_from(["Ruby Python", "Mohammed Go", "Ms. Kubernetes Welding", "李雷"])
)
def test_who_a_person_is_does_not_matter(
    person: profile_pb2.ProfileContent, posting: postings_pb2.JobPosting, name: str
) -> None:
    other = profile_pb2.ProfileContent()
    other.CopyFrom(person)
    other.personal.full_name = name
    other.personal.email = "python@example.org"
    other.personal.location.city = "Kubernetes"
    other.personal.location.address = "Welding Street 1"
    other.personal.photo.data = b"\xff\xd8"
    other.interests.add(id="i", name="Python")
    other.references.add(id="r", name=name, text="He knows Kubernetes and Python.")

    assert value(other, posting) == value(person, posting)
    mine, theirs = rank(person, posting.analysis, TODAY, TABLE), rank(other, posting.analysis, TODAY, TABLE)
    assert mine == theirs


@pytest.mark.parametrize(
    ("woman", "man"),
    [
        ("Entwicklerin", "Entwickler"),
        ("Krankenschwester", "Krankenpfleger"),
        ("Ingenieurin", "Ingenieur"),
        ("Bürokauffrau", "Bürokaufmann"),
        ("Ingeniera de software", "Ingeniero de software"),
        ("Enfermera", "Enfermero"),
        ("Directrice technique", "Directeur technique"),
        ("Développeuse web", "Développeur web"),
        ("Infirmière", "Infirmier"),
        ("Waitress", "Waiter"),
        ("Professoressa", "Professore"),
        ("Analista programadora", "Analista programador"),
    ],
)
@pytest.mark.parametrize(
    "asked",
    [
        "Entwickler",
        "Krankenpfleger (m/w/d)",
        "Ingeniero",
        "Enfermero",
        "Directeur",
        "Infirmier",
        "Software Engineer",
        "Nurse",
        "Waiter",
        "Teacher",
    ],
)
def test_the_gender_of_a_title_does_not_matter(woman: str, man: str, asked: str) -> None:
    posting = postings_pb2.JobPosting(title=asked)

    scores = []
    for title in (woman, man):
        person = profile_pb2.ProfileContent()
        person.experience.add(id="e", title=title)
        scores.append(value(person, posting))

    assert scores[0] == scores[1]


@settings(max_examples=60, deadline=None)
@given(profiles(), st.one_of(st.none(), postings), st.booleans(), st.integers(0, 8))
def test_every_composition_is_true_complete_and_no_worse(
    person: profile_pb2.ProfileContent, posting: postings_pb2.JobPosting | None, keep: bool, most: int
) -> None:
    ranking = rank(person, posting.analysis if posting else None, TODAY, TABLE)
    options = resumes_pb2.TailoringOptions(preserve_experience=keep, max_achievements=most)

    made = compose(person, posting, ranking, options, TODAY, TABLE)

    assert made == compose(person, posting, ranking, options, TODAY, TABLE)
    if posting is not None:
        assert made.match.tailored_score >= made.match.original_score
    jobs = [entry.id for section in made.structure.sections for entry in section.experience.entries]
    assert sorted(jobs) == sorted(each.id for each in person.experience)
    shown = {
        source
        for section in made.structure.sections
        for entry in section.experience.entries
        for line in entry.achievements
        for source in line.provenance.source_ids
    }
    every = {each.id: each.text for entry in person.experience for each in entry.achievements}
    removed = {each.before for each in made.improvements}
    assert all(fact in shown or text in removed for fact, text in every.items())
