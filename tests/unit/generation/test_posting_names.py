"""Skills that no table knows, under the posting's own words, and names that speak of somebody else."""

from collections.abc import Callable
from datetime import date

import pytest

from services.generation.matching.batch import BatchScorer
from services.generation.matching.kept import read_for_matching
from services.generation.matching.scoring import score
from services.generation.skills.table import SkillTable
from vitae.generation.v1 import match_readings_pb2, postings_pb2
from vitae.resume.v1 import profile_pb2

Read = Callable[[str], postings_pb2.JobPosting]


def named(posting: postings_pb2.JobPosting) -> list[str]:
    return [each.skill for each in posting.analysis.skills if each.named_by_posting]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            "Requirements\n- Good knowledge of bow rehairing and fret levelling",
            ["bow rehairing", "fret levelling"],
        ),
        ("Requirements\n- Bow rehairing, gut stringing", ["Bow rehairing", "gut stringing"]),
        ("Nice to have: bow rehairing", ["bow rehairing"]),
        ("Anforderungen\n- Sehr gute Kenntnisse in der Bogenbehaarung", ["Bogenbehaarung"]),
        ("Votre profil\n- Bonne connaissance de la reliure japonaise", ["reliure japonaise"]),
        (
            "Buscamos una persona para nuestro taller.\n\nRequisitos\n- Dominio de la talla de cuarzo",
            ["talla de cuarzo"],
        ),
    ],
)
def test_what_a_list_asks_for_by_name_is_a_skill(read_posting: Read, text: str, names: list[str]) -> None:
    assert named(read_posting(text)) == names


@pytest.mark.parametrize(
    "text",
    [
        "Requirements\n- 5 years of experience with zithers",
        "Requirements\n- Experience in a monastery, a castle or a museum",
        "Requirements\n- Experience with the abbey",
        "Requirements\n- You talk to monks without frightening them",
        "Requirements\n- A car",
        "Requirements\n- Bow rehairing is not required",
        "Requirements\n- Degree in musicology or ethnology",
        "We offer\n- Knowledge of bow rehairing, taught by us",
        "Requirements\n- Python\n\nShifts of eight hours, Sundays and feasts.",
        "Requirements\n- Deep knowledge of fettling, migrations, reports",
        "Requirements\n- Experience with the rites (Latin) checklists",
        "Anforderungen\n- Kenntnisse der Verfahren und Unterlagen",
    ],
)
def test_fields_things_and_offers_are_none(read_posting: Read, text: str) -> None:
    assert named(read_posting(text)) == []


def test_only_the_postings_words_answer_it_and_a_kept_profile_scores_alike(
    read_posting: Read, skills: SkillTable, today: date
) -> None:
    posting = read_posting("Requirements\n- Knowledge of fret levelling")

    def scored(line: str) -> float:
        person = profile_pb2.ProfileContent()
        person.experience.add(id="e").achievements.add(id="a", text=line)
        read = score(person, posting, today, skills).original_score
        record = match_readings_pb2.MatchReading.FromString(read_for_matching(person, skills))
        assert BatchScorer(posting, skills, today).score(record).score == read
        return float(read)

    assert scored("Fret levelling on 40 guitars") == 0.85
    assert scored("Levelled frets") == 0
    assert scored("A fret. Levelling of floors") == 0
    assert scored("No experience with fret levelling") == 0


@pytest.mark.parametrize(
    ("text", "skill", "found"),
    [
        ("Acme makes explainer films.\n\nRequirements\n- Python", "Explainer videos", False),
        ("Animator\n\nRequirements\n- You make explainer films", "Explainer videos", True),
        ("Aufgaben\n- Abstimmung mit Fertigung und Einkauf", "Manufacturing", False),
        ("Aufgaben\n- Erfahrung in der Fertigung", "Manufacturing", True),
        ("Duties\n- Answer questions from the procurement department", "Procurement", False),
        ("Duties\n- Run the procurement department", "Procurement", True),
        ("Requirements\n- Experience with procurement teams", "Procurement", True),
        (
            "Vos missions\n- Vous répondez au service achats\n\nVotre profil\n- Vous aimez le pain",
            "Procurement",
            False,
        ),
        ("Acme makes a Kubernetes platform.\n\nRequirements\n- Python", "Kubernetes", True),
    ],
)
def test_products_and_departments_are_no_skills(
    read_posting: Read, text: str, skill: str, found: bool
) -> None:
    assert (skill in {each.skill for each in read_posting(text).analysis.skills}) is found


@pytest.mark.parametrize(
    ("text", "skill", "found"),
    [
        # What the employer offers.
        (
            "Cook\n\nRequirements\n- Python\n\nIn return\n- massage and leadership training",
            "Leadership",
            False,
        ),
        ("Koch\n\nProfil\n- Python\n\nDas bekommst du von uns\n- Massage am Arbeitsplatz", "Massage", False),
        ("Cook\n\nRequirements\n- Python\n\nWe pay for massage on Fridays.", "Massage", False),
        ("Cook\n\nRequirements\n- Python\n\nMassage is done by others.", "Massage", True),
        # The introduction speaks of the company where other parts tell all of the work.
        (
            "Cook\n\nOur barn does its own welding.\n\nTasks\n- Bake\n\nRequirements\n- Python",
            "Welding",
            False,
        ),
        ("Cook\n\nYou will do some welding.\n\nTasks\n- Bake\n\nRequirements\n- Python", "Welding", True),
        ("Cook and welding\n\nTasks\n- Bake\n\nRequirements\n- Python", "Welding", True),
        ("Cook\n\nOur barn does its own welding.\n\nRequirements\n- Python", "Welding", True),
        ("Koch\n\nWir haben eine Schreinerei.\n\nAufgaben\n- Backen\n\nProfil\n- Python", "Carpentry", False),
        # Products and standards have names of their own and stay, as mentioned.
        ("Cook\n\nAbout us\nWe are ISO 9001 certified.\n\nRequirements\n- Python", "ISO 9001", True),
        ("Cook\n\nAbout Harrow & Quill\nWe do welding.\n\nRequirements\n- Python", "Welding", False),
        ("Cook\n\nAbout The Opportunity\nWelding is what you do.\n\nRequirements\n- Python", "Welding", True),
        # Streets and people.
        ("Cook\n14 Java Street, Cork\n\nRequirements\n- Python", "Java", False),
        ("Cook\n3 rue de la Java, Lyon\n\nRequirements\n- Python", "Java", False),
        ("Cook\n\nRequirements\n- 3 years of Java", "Java", True),
        (
            "Pflegefachkraft (m/w/d)\n\nDas ist für dich und mit uns.\n\nProfil\n- Fragen an Frau Inge Koch",
            "Professional cooking",
            False,
        ),
        ("Wir suchen Verstärkung.\n\nProfil\n- Ausbildung als Koch", "Professional cooking", True),
        # Colleagues.
        ("Cook\n\nTasks\n- tune it with our level designers", "Level design", False),
        ("Cook\n\nRequirements\n- experience with level designers", "Level design", True),
        ("Cook\n\nTasks\n- report to the Head of Sales", "Sales management", False),
        ("Cook\n\nTasks\n- help with lead generation", "Lead generation", True),
        ("Level designer\n\nTasks\n- tune it with our level designers", "Level design", True),
    ],
)
def test_others_are_not_the_applicant(read_posting: Read, text: str, skill: str, found: bool) -> None:
    assert (skill in {each.skill for each in read_posting(text).analysis.skills}) is found
