"""Scores say what docs/matching.md says: every point with its evidence, nothing for what does not matter."""

from collections.abc import Callable
from datetime import date
from math import fsum

import pytest

from services.generation.matching.scoring import score
from services.generation.matching.tenure import tenure
from services.generation.skills.table import SkillTable
from vitae.generation.v1 import matching_pb2, postings_pb2
from vitae.resume.v1 import common_pb2, profile_pb2

People = Callable[[str], profile_pb2.ProfileContent]
Postings = Callable[..., postings_pb2.JobPosting]


@pytest.mark.parametrize(
    "name", ["platform_engineer_en", "electrician_de", "nurse_en", "teacher_fr", "luthier_en"]
)
def test_components_add_up_and_every_point_has_evidence(
    name: str, profile: People, posting: Postings, skills: SkillTable, today: date
) -> None:
    match = score(profile(name), posting(name), today, skills)

    assert fsum(each.weight for each in match.components) == pytest.approx(1)
    assert fsum(each.weight * each.value for each in match.components) == pytest.approx(
        match.original_score, abs=1e-4
    )
    assert match.original_score == round(match.original_score, 4)
    assert not match.HasField("tailored_score")
    for component in match.components:
        points = fsum(each.points for each in component.evidence)
        assert points == pytest.approx(component.weight * component.value, abs=1e-4)
        assert all(each.message for each in component.evidence)


def test_evidence_points_at_the_words(
    profile: People, posting: Postings, skills: SkillTable, today: date
) -> None:
    person, job = profile("platform_engineer_en"), posting("platform_engineer_en")
    match = score(person, job, today, skills)
    achievements = {each.id: each.text for entry in person.experience for each in entry.achievements}

    evidence = next(
        each for component in match.components for each in component.evidence if each.term == "RabbitMQ"
    )

    text, span = achievements[evidence.fact_id], evidence.profile_spans[0]
    assert text[span.start : span.end] == "RabbitMQ"
    said = evidence.posting_spans[0]
    assert job.analysis.text[said.start : said.end] == "RabbitMQ"


def test_skills_are_compared_on_both_sides(
    profile: People, posting: Postings, skills: SkillTable, today: date
) -> None:
    match = score(profile("platform_engineer_en"), posting("platform_engineer_en"), today, skills)
    rows = {each.skill: each for each in match.skill_comparison}

    assert list(match.missing_skills) == ["AWS", "Helm"]
    assert "Java" not in rows
    assert rows["AWS"].status == matching_pb2.SKILL_STATUS_MISSING
    assert rows["AWS"].standing == matching_pb2.SKILL_STANDING_ABSENT
    assert rows["RabbitMQ"].status == matching_pb2.SKILL_STATUS_MATCHED
    assert rows["RabbitMQ"].standing == matching_pb2.SKILL_STANDING_HIDDEN
    assert rows["Kubernetes"].standing == matching_pb2.SKILL_STANDING_SHOWN
    assert rows["Kubernetes"].resume_mentions == 3
    assert rows["Kubernetes"].job_mentions == 2
    assert rows["Rust"].status == matching_pb2.SKILL_STATUS_EXTRA


def test_a_neighbour_earns_a_little_and_stays_missing(
    read_posting: Postings, skills: SkillTable, today: date
) -> None:
    job = read_posting("Requirements\n- MySQL is required")
    person = profile_pb2.ProfileContent()
    person.skill_groups.add(id="g").skills.add(id="s", name="PostgreSQL")

    match = score(person, job, today, skills)

    assert match.original_score == 0.25
    assert match.skill_comparison[0].standing == matching_pb2.SKILL_STANDING_ADJACENT
    assert list(match.missing_skills) == ["MySQL"]
    (evidence,) = match.components[0].evidence
    assert evidence.fact_id == "s"
    assert (
        evidence.message == "The posting asks for MySQL; the profile shows PostgreSQL, which is close to it."
    )


def test_trades_the_table_does_not_know_match_by_name(
    profile: People, posting: Postings, skills: SkillTable, today: date
) -> None:
    match = score(profile("luthier_en"), posting("luthier_en"), today, skills)

    assert list(match.matched_skills) == ["French polishing", "Fret levelling"]
    rows = {each.skill: each for each in match.skill_comparison}
    assert rows["French polishing"].importance == postings_pb2.IMPORTANCE_MUST_HAVE
    assert rows["Fret levelling"].importance == postings_pb2.IMPORTANCE_NICE_TO_HAVE
    assert rows["Bow rehairing"].status == matching_pb2.SKILL_STATUS_EXTRA


@pytest.mark.parametrize(
    "text",
    [
        "No experience with Kubernetes",
        "Eager to learn Kubernetes",
        "Ohne Erfahrung mit Kubernetes",
        "Never used Kubernetes",
    ],
)
def test_what_a_person_says_they_lack_proves_nothing(
    text: str, read_posting: Postings, skills: SkillTable, today: date
) -> None:
    person = profile_pb2.ProfileContent(summary=text)

    assert list(score(person, read_posting("Requirements\n- Kubernetes"), today, skills).matched_skills) == []


def test_a_skill_inside_another_word_is_none(read_posting: Postings, skills: SkillTable, today: date) -> None:
    person = profile_pb2.ProfileContent(summary="I maintain airplanes in JavaScript.")

    match = score(person, read_posting("Requirements\n- AI\n- Java"), today, skills)

    assert match.original_score == 0


def test_without_a_posting_to_compare_there_is_no_score(skills: SkillTable, today: date) -> None:
    match = score(profile_pb2.ProfileContent(summary="Python"), postings_pb2.JobPosting(), today, skills)

    assert match.original_score == 0
    assert list(match.components) == []


def job(start: tuple[int, int], end: tuple[int, int] | None) -> profile_pb2.Experience:
    return profile_pb2.Experience(
        id=f"{start}{end}",
        start_date=common_pb2.PartialDate(year=start[0], month=start[1]),
        end_date=common_pb2.PartialDate(year=end[0], month=end[1]) if end else None,
    )


@pytest.mark.parametrize(
    ("jobs", "months"),
    [
        ([job((2020, 1), (2020, 12))], 12),
        ([job((2020, 1), (2020, 12)), job((2020, 7), (2021, 6))], 18),
        ([job((2020, 1), (2022, 12)), job((2021, 1), (2021, 12))], 36),
        ([job((2026, 10), None)], 2),
        ([job((2027, 1), None)], 0),
        ([job((2020, 1), (2019, 1))], 0),
        ([job((2015, 0), (2017, 0))], 24),
        ([job((2016, 0), (2016, 0))], 6),
        ([job((2016, 0), (2014, 0))], 0),
        ([profile_pb2.Experience(title="No dates")], 0),
    ],
)
def test_overlapping_jobs_count_once(jobs: list[profile_pb2.Experience], months: int, today: date) -> None:
    worked = tenure(jobs, today)

    assert worked.months == months
    assert sum(share for _, share in worked.by_job) == months


def test_years_as_a_student_count_as_other_work(
    read_posting: Postings, skills: SkillTable, today: date
) -> None:
    job = read_posting("Staff Nurse\n\nRequirements\n- 4 years of experience as a nurse")

    def years(title: str) -> float:
        person = profile_pb2.ProfileContent()
        held = person.experience.add(id="e", title=title)
        held.start_date.year, held.start_date.month = 2020, 1
        held.end_date.year, held.end_date.month = 2023, 12
        components = score(person, job, today, skills).components
        return next(each.value for each in components if each.name == "experience_years")

    assert years("Staff Nurse") == 1
    assert years("Student Nurse") == pytest.approx(0.1)


def test_a_skill_shown_in_a_job_beats_one_shown_elsewhere_and_one_listed(
    read_posting: Postings, skills: SkillTable, today: date
) -> None:
    job = read_posting("Requirements\n- Terraform")
    listed, studied, worked = (profile_pb2.ProfileContent() for _ in range(3))
    listed.skill_groups.add(id="g").skills.add(id="s", name="Terraform")
    studied.projects.add(id="p", name="Terraform at home")
    worked.experience.add(id="e").achievements.add(id="a", text="Moved it all to Terraform")

    scores = [score(each, job, today, skills).original_score for each in (listed, studied, worked)]

    assert scores == [0.6, 0.7, 0.85]


def test_a_title_of_asked_skills_is_as_close_as_the_postings_own(
    read_posting: Postings, skills: SkillTable, today: date
) -> None:
    job = read_posting("Brand Designer\n\nRequirements\n- Packaging")

    def closeness(title: str) -> float:
        person = profile_pb2.ProfileContent()
        person.experience.add(id="e", title=title)
        return next(
            each.value for each in score(person, job, today, skills).components if each.name == "title"
        )

    assert closeness("Packaging Designer") == 1
    assert closeness("Interior Designer") == 0.5
    assert closeness("Packaging Clerk") == 0


def component(
    name: str,
    person: profile_pb2.ProfileContent,
    job: postings_pb2.JobPosting,
    today: date,
    skills: SkillTable,
) -> float:
    return next(each.value for each in score(person, job, today, skills).components if each.name == name)


@pytest.mark.parametrize(
    ("degree", "value"),
    [("B.Eng.", 1), ("Dipl.-Ing. (FH)", 1), ("DCG", 1), ("Staatlich geprüfte Bautechnikerin", 0.5), ("", 0)],
)
def test_a_degree_counts_by_its_short_name(
    read_posting: Postings, skills: SkillTable, today: date, degree: str, value: float
) -> None:
    job = read_posting("Bauingenieur\n\nAnforderungen\n- Abgeschlossenes Studium im Bauwesen", "de")
    person = profile_pb2.ProfileContent()
    person.education.add(id="e", degree=degree, institution="Schule")

    assert component("education", person, job, today, skills) == value


def test_a_rank_that_is_a_kind_of_work_counts_as_work(
    read_posting: Postings, skills: SkillTable, today: date
) -> None:
    job = read_posting("Bauleiter Tiefbau\n\nAnforderungen\n- Aufmaß", "de")
    person = profile_pb2.ProfileContent()
    person.experience.add(id="e", title="Bauleiterin Hochbau")

    assert component("title", person, job, today, skills) == 0.5


def test_a_word_that_tells_a_trade_weighs_twice_another(
    read_posting: Postings, skills: SkillTable, today: date
) -> None:
    # "Distillation columns" is a skill of a plant; nothing that the table knows is called a whistle.
    job = read_posting("Chandler\n\nRequirements\n- you polish columns and whistles", "en")

    def closeness(word: str) -> float:
        return component("keywords", profile_pb2.ProfileContent(summary=word), job, today, skills)

    assert [each.text for each in job.analysis.keywords] == ["polish", "columns", "whistles"]
    assert closeness("columns") == 2 * closeness("whistles") > 0
