"""Lines of resumes become sentences only where a rule is sure of the grammar."""

import pytest

from services.generation.letters.language import letter_language
from services.generation.letters.wording import worded


def said(line: str, tag: str, *, lasting: bool = True, common: str = "") -> str:
    language = letter_language(tag)
    assert language is not None
    made = worded(line, language, lasting=lasting, is_common=common.split().__contains__)
    return f"{made.kind}: {made.text}"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Moved 40 services to k8s.", "clause: I moved 40 services to k8s"),
        ("Led a team of 5; cut costs by 8%", "clause: I led a team of 5; cut costs by 8%"),
        ("Successfully managed two shops", "clause: I successfully managed two shops"),
        ("Runs the rota and writes postmortems", "clause: I run the rota and write postmortems"),
        ("Teaches, supervises and examines students", "quote: Teaches, supervises and examines students"),
        ("Cut falls by a third", "clause: I cut falls by a third"),
        (
            "Cut p95 quote latency from 900 ms to 140 ms",
            "clause: I cut p95 quote latency from 900 ms to 140 ms",
        ),
        ("Built with Rust and Go", "quote: Built with Rust and Go"),
        ("Deployed to 400+ students", "quote: Deployed to 400+ students"),
        ("Worked with 20 schools", "clause: I worked with 20 schools"),
        ("Reported to the board", "clause: I reported to the board"),
        ("Cut flowers and pot plants", "quote: Cut flowers and pot plants"),
        ("Wound care", "quote: Wound care"),
        ("Set design for three plays", "quote: Set design for three plays"),
        ("Manage the budget of three clinics", "clause: I manage the budget of three clinics"),
        ("Design of museums", "quote: Design of museums"),
        ("Awarded the Vale Prize", "clause: I was awarded the Vale Prize"),
        ("Advanced cardiac life support", "quote: Advanced cardiac life support"),
        ("Charting in Epic EHR", "noun: charting in Epic EHR"),
        ("French polishing of 200 guitars", "quote: French polishing of 200 guitars"),
        ("Responsible for 12 nurses on nights", "noun: 12 nurses on nights"),
        ("Two hats, 2023 and 2024.", "quote: Two hats, 2023 and 2024"),
        ("Opened it. Closed it.", "quote: Opened it. Closed it"),
        ("AWS migration", "quote: AWS migration"),
    ],
)
def test_english(line: str, expected: str) -> None:
    assert said(line, "en") == expected


def test_what_has_ended_is_not_told_in_the_present() -> None:
    assert said("Runs the rota", "en", lasting=False) == "quote: Runs the rota"
    assert said("Manage the budget", "en", lasting=False) == "clause: it was my job to manage the budget"
    assert said("Führt ein Team", "de", lasting=False) == "quote: Führt ein Team"
    assert said("Encadre huit personnes", "fr", lasting=False) == "quote: Encadre huit personnes"


def test_a_noun_phrase_loses_its_capital_only_where_its_first_word_is_known_to() -> None:
    assert said("Patient care for 8 people", "en") == "quote: Patient care for 8 people"
    assert said("Patient care for 8 people", "en", common="patient") == "noun: patient care for 8 people"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Führt ein Team von zwölf", "clause: führe ich ein Team von zwölf"),
        ("Leitet den Einkauf und prüft Rechnungen", "clause: leite ich den Einkauf und prüfe Rechnungen"),
        ("Berät Kunden", "clause: berate ich Kunden"),
        ("Entwickelt Anlagen", "clause: entwickle ich Anlagen"),
        ("Senkte die Kosten um 8 %", "clause: senkte ich die Kosten um 8 %"),
        ("40 Dienste nach Kubernetes migriert", "clause: habe ich 40 Dienste nach Kubernetes migriert"),
        ("Ein Team von fünf aufgebaut", "clause: habe ich ein Team von fünf aufgebaut"),
        ("Wirkungsgrad auf 98 % gesteigert", "quote: Wirkungsgrad auf 98 % gesteigert"),
        ("Der Umsatz ist gestiegen", "quote: Der Umsatz ist gestiegen"),
        ("Wartung von Krananlagen", "noun: die Wartung von Krananlagen"),
        ("Selbstständige Planung", "quote: Selbstständige Planung"),
    ],
)
def test_german(line: str, expected: str) -> None:
    assert said(line, "de") == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Encadre huit personnes", "clause: j'encadre huit personnes"),
        ("Conçoit et rédige les guides", "clause: je conçois et rédige les guides"),
        ("Encadré une équipe de cinq", "clause: j'ai encadré une équipe de cinq"),
        ("Diplômé en 2012", "quote: Diplômé en 2012"),
        ("Enseignement des langues", "noun: l'enseignement des langues"),
        ("Clôture mensuelle ramenée à 5 jours", "quote: Clôture mensuelle ramenée à 5 jours"),
    ],
)
def test_french(line: str, expected: str) -> None:
    assert said(line, "fr") == expected
