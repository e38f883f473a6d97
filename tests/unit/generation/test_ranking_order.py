"""Rankings put what the posting asks for first, say why, and change only with what they depend on."""

from collections.abc import Callable
from datetime import date

from services.generation.matching.ranking import rank, ranking_key
from services.generation.skills.table import SkillTable
from vitae.generation.v1 import postings_pb2
from vitae.resume.v1 import profile_pb2

People = Callable[[str], profile_pb2.ProfileContent]
Postings = Callable[..., postings_pb2.JobPosting]


def test_what_the_posting_asks_for_comes_first_with_its_reason(
    profile: People, posting: Postings, skills: SkillTable, today: date
) -> None:
    person, job = profile("platform_engineer_en"), posting("platform_engineer_en")

    ranking = rank(person, job.analysis, today, skills)

    labels = [each.label for each in ranking.experience]
    assert labels[0] == "Senior Platform Engineer – Ferrywave"
    assert labels[-1] in ("Counsellor – Summer Camp Minho", "Shop Assistant – Copyshop Ria")
    assert {each.label for each in ranking.skills[:3]} <= {
        "k8s",
        "Terraform",
        "Python",
        "PostgreSQL",
        "Go",
        "Incident management",
    }
    assert ranking.achievements[0].label.startswith("Wrote Python services on Postgres")
    assert {each.term for each in ranking.achievements[0].reasons} >= {"Python", "PostgreSQL"}
    for items in (ranking.experience, ranking.projects, ranking.skills, ranking.achievements):
        values = [each.relevance for each in items]
        assert values == sorted(values, reverse=True)
        assert all(0 <= each <= 1 for each in values)
        assert all(each.fact_id for each in items)


def test_reasons_add_up_to_the_relevance(
    profile: People, posting: Postings, skills: SkillTable, today: date
) -> None:
    ranking = rank(profile("platform_engineer_en"), posting("platform_engineer_en").analysis, today, skills)

    for each in (*ranking.experience, *ranking.achievements):
        assert abs(sum(reason.points for reason in each.reasons) - each.relevance) < 1e-3


def test_without_a_posting_the_latest_job_is_first(profile: People, skills: SkillTable, today: date) -> None:
    ranking = rank(profile("platform_engineer_en"), None, today, skills)

    assert [each.label.split(" – ")[1] for each in ranking.experience] == [
        "Ferrywave",
        "Lighthouse Labs",
        "Harbour IT",
        "Copyshop Ria",
        "Summer Camp Minho",
    ]


def test_equal_jobs_keep_their_order(skills: SkillTable, today: date) -> None:
    person = profile_pb2.ProfileContent()
    for number in range(5):
        person.experience.add(id=f"e{number}", title="Baker")

    assert [each.fact_id for each in rank(person, None, today, skills).experience] == [
        f"e{n}" for n in range(5)
    ]


def test_the_key_follows_profile_and_posting_and_not_the_day(
    profile: People, posting: Postings, skills: SkillTable
) -> None:
    person, analysis = profile("platform_engineer_en"), posting("platform_engineer_en").analysis
    key = ranking_key(person, analysis, date(2026, 11, 20), skills)

    assert ranking_key(person, analysis, date(2031, 1, 1), skills) == key
    changed = profile_pb2.ProfileContent()
    changed.CopyFrom(person)
    changed.summary = "New words"
    assert ranking_key(changed, analysis, date(2026, 11, 20), skills) != key
    other = postings_pb2.PostingAnalysis()
    other.CopyFrom(analysis)
    other.text += " More."
    assert ranking_key(person, other, date(2026, 11, 20), skills) != key


def test_the_ranking_is_the_same_on_any_day_while_no_date_lies_ahead(
    profile: People, posting: Postings, skills: SkillTable
) -> None:
    person, analysis = profile("electrician_de"), posting("electrician_de").analysis

    assert rank(person, analysis, date(2026, 1, 1), skills) == rank(
        person, analysis, date(2030, 6, 1), skills
    )
