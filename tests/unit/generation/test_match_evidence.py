"""Each point of a score says where the posting asks and what in the profile answers."""

from collections.abc import Iterator
from datetime import date

import pytest

from services.generation.matching.facts import profile_facts
from services.generation.matching.ranking import rank
from services.generation.matching.scoring import score
from services.generation.skills.table import SkillTable
from tests.support.labelled_matches import LabelledPosting, load_postings, load_profiles
from vitae.generation.v1 import matching_pb2
from vitae.resume.v1 import profile_pb2

POSTINGS = [each for each in load_postings("seen") if each.judgements]
PEOPLE = load_profiles("seen")


def said(text: str, evidence: matching_pb2.Evidence) -> list[str]:
    return [text[span.start : span.end] for span in evidence.posting_spans]


def shown(profile: profile_pb2.ProfileContent, evidence: matching_pb2.Evidence) -> Iterator[str]:
    texts = [
        fact.text
        for fact in profile_facts(profile)
        if (fact.id, fact.field) == (evidence.fact_id, evidence.field)
    ]
    for span in evidence.profile_spans:
        yield texts[0][span.start : span.end]


@pytest.mark.parametrize("posting", POSTINGS, ids=lambda posting: str(posting.name))
def test_points_add_up_and_name_their_places(
    posting: LabelledPosting, skills: SkillTable, today: date
) -> None:
    read = posting.read(skills)
    for name in [name for name, each in posting.judgements.items() if each.grade]:
        match = score(PEOPLE[name], read, today, skills)
        for part in match.components:
            points = sum(each.points for each in part.evidence)
            assert points == pytest.approx(part.weight * part.value, abs=2e-5 * (1 + len(part.evidence)))
            for each in part.evidence:
                assert each.message
                # Years answer a rank or a degree without any one fact, and dates are no text.
                by_years = not each.fact_id or part.name == "experience_years"
                assert all(said(read.analysis.text, each))
                assert each.posting_spans or part.name == "seniority"
                assert by_years or list(shown(PEOPLE[name], each))
                assert all(shown(PEOPLE[name], each))


def test_reasons_of_a_ranking_name_both_places(skills: SkillTable, today: date) -> None:
    posting = next(each for each in POSTINGS if each.name == "emergency_nurse_en").read(skills)

    ranking = rank(PEOPLE["aoife"], posting.analysis, today, skills)

    best = ranking.achievements[0]
    assert best.reasons
    for reason in best.reasons:
        if reason.term:
            assert all(said(posting.analysis.text, reason))
            assert reason.posting_spans
            assert all(shown(PEOPLE["aoife"], reason))
