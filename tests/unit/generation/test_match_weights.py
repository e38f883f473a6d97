"""What the components of a score weigh depends on the posting alone."""

from collections.abc import Callable
from datetime import date

import pytest

from services.generation.matching.scoring import score
from services.generation.matching.weights import WEIGHTS, weights
from services.generation.skills.table import SkillTable
from vitae.generation.v1 import matching_pb2, postings_pb2
from vitae.resume.v1 import profile_pb2

Read = Callable[..., postings_pb2.JobPosting]


@pytest.mark.parametrize("skills", [0.0, 0.5, 1.0, 4.5, 9.5, 10.0, 40.0])
def test_weights_add_up_to_one(skills: float) -> None:
    assert sum(weights(skills).values()) == pytest.approx(1.0)


def test_what_few_skills_leave_goes_to_title_and_keywords() -> None:
    few, more, enough = weights(2.0), weights(6.0), weights(10.0)

    assert enough == pytest.approx(WEIGHTS)
    assert weights(25.0) == enough
    assert few["must_have_skills"] == pytest.approx(WEIGHTS["must_have_skills"] / 5)
    for name in ("must_have_skills", "nice_to_have_skills"):
        assert few[name] < more[name] < enough[name]
    for name in ("title", "keywords"):
        assert few[name] > more[name] > enough[name]
    for name in ("experience_years", "seniority", "education"):
        assert few[name] == WEIGHTS[name]
    assert weights(0.0)["must_have_skills"] > 0


def test_a_skill_of_ones_own_naming_changes_no_weights(skills: SkillTable, read_posting: Read) -> None:
    posting = read_posting(
        "Guitar Mechanic\n\nRequirements\n- Python\n- Kubernetes\n- knows fret levelling well", "en"
    )

    def proportion(*names: str) -> float:
        person = profile_pb2.ProfileContent(locale="en")
        group = person.skill_groups.add(name="")
        for name in names:
            group.skills.add(name=name)
        components = {
            each.name: each.weight for each in score(person, posting, date(2026, 1, 1), skills).components
        }
        return components["title"] / components["must_have_skills"]

    assert proportion("Python") == pytest.approx(proportion("Python", "fret levelling"))


def test_the_less_skills_a_posting_names_the_more_its_words_tell(
    skills: SkillTable, read_posting: Read
) -> None:
    luthier = profile_pb2.ProfileContent(locale="en")
    luthier.experience.add(title="Violin Mechanic").achievements.add(text="Restored violins and bridges")
    programmer = profile_pb2.ProfileContent(locale="en")
    programmer.experience.add(title="Programmer").achievements.add(text="Wrote Excel sheets")

    read = read_posting(
        "Violin Mechanic\n\nDuties\n- Restore violins, cut bridges\n\nRequirements\n- Excel", "en"
    )

    def of(person: profile_pb2.ProfileContent) -> matching_pb2.MatchAnalysis:
        return score(person, read, date(2026, 1, 1), skills)

    assert of(luthier).original_score > of(programmer).original_score
