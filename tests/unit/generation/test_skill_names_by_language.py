"""What skills are called in single languages is sound, meets English, and is not found in other languages."""

from typing import Any

import pytest

from services.generation.skills.extraction import find_skills
from services.generation.skills.names import with_names
from services.generation.skills.table import SkillTable
from tests.support.skill_names import (
    all_names,
    everyday_languages,
    nameless_table,
    refused_names,
    tuned_postings,
)

TAGS = ("es", "it", "nl", "pl", "pt")


def found(text: str, skills: SkillTable) -> set[str]:
    return {each.skill.name for each in find_skills(skills.tokens(text), skills)}


def test_each_language_names_many_skills() -> None:
    assert {tag for tag, names in all_names().items() if len(names["skills"]) >= 250} == set(TAGS)


def test_no_name_is_refused() -> None:
    assert list(refused_names(all_names())) == []


def test_a_skill_that_is_unknown_is_refused() -> None:
    names = {"es": {"endings": [], "skills": {"Dragon taming": ["doma de dragones"]}}}

    assert list(refused_names(names)) == ["es: 'Dragon taming' is no skill"]
    with pytest.raises(ValueError, match="no skill"):
        with_names([], names)


@pytest.mark.parametrize(
    ("names", "refused"),
    [
        (
            {"pt": {"endings": [], "skills": {"Midwifery": ["enfermagem"]}}},
            "pt: 'enfermagem' of 'Midwifery' means 'Nursing' already",
        ),
        (
            {
                "it": {"endings": [], "skills": {"Wound care": ["vulnologia"]}},
                "es": {"endings": [], "skills": {"Stoma care": ["vulnología"]}},
            },
            "es: 'vulnología' of 'Stoma care' means 'Wound care' already",
        ),
        (
            {"nl": {"endings": [], "skills": {"German": ["Deutsch"]}}},
            "nl: 'Deutsch' of 'German' counts under a rule, and would in any case",
        ),
        (
            {"nl": {"endings": [], "skills": {"English": ["English breakfast"]}}},
            "nl: 'English breakfast' is ignored",
        ),
        ({"nl": {"endings": [], "skills": {"Nursing": ["–"]}}}, "nl: '–' has no word"),
    ],
)
def test_a_name_that_is_taken_is_refused(names: dict[str, Any], refused: str) -> None:
    assert list(refused_names(names)) == [refused]


@pytest.mark.parametrize(
    ("tag", "skill", "name", "languages"),
    [
        ("pl", "Wound care", "also", {"de", "en"}),
        ("es", "Operations management", "gestión", {"fr"}),
        ("nl", "Tutoring", "manager", {"en", "de"}),
        ("nl", "Welding", "lassen", {"de"}),
        ("it", "Wound care", "piaghe e tagli", set()),
        ("pt", "Emergency nursing", "emergency department", set()),
        ("nl", "Wound care", "het", {"nl"}),
    ],
)
def test_an_everyday_word_of_another_language_is_refused(
    tag: str, skill: str, name: str, languages: set[str]
) -> None:
    refused = list(refused_names({tag: {"endings": [], "skills": {skill: [name]}}}))

    if languages:
        assert len(refused) == 1
        assert "is everyday in" in refused[0]
        assert languages <= everyday_languages(nameless_table().tokenizer.key(name), tag, ())
    else:
        assert refused == []


@pytest.mark.parametrize("at", range(len(tuned_postings())))
def test_a_posting_gains_nothing_from_the_names_of_other_languages(at: int, skills: SkillTable) -> None:
    tag, text = tuned_postings()[at]
    before, after = nameless_table(), skills
    own = {name.key for name in SkillTable.load(languages=[tag]).aliases.values()} if tag in TAGS else set()

    known = {(each.start, each.end, each.skill.name) for each in find_skills(before.tokens(text), before)}
    now = {(each.start, each.end, each.skill.name) for each in find_skills(after.tokens(text), after)}

    if tag not in TAGS:
        assert now == known
    else:
        gained = {text[start:end] for start, end, _ in now - known}
        assert {each for each in gained if after.tokenizer.key(each) not in own} == set()


@pytest.mark.parametrize(
    ("passage", "posting", "shared"),
    [
        pytest.param(
            "Enfermera de UCI con ocho años de experiencia: ventilación mecánica, terapia de reemplazo renal, cura de "
            "heridas y administración de medicamentos. Formación de nuevos compañeros, soporte vital básico. "
            "Antes, contabilidad general y conciliaciones bancarias en una pyme. Idiomas: inglés B2, alemán B1.",
            "Intensive care nurse: mechanical ventilation, renal replacement therapy, wound care, medication "
            "administration and basic life support. Bank reconciliation helps. English required, German B1 a plus.",
            {
                "Ventilator management",
                "Continuous renal replacement therapy",
                "Wound care",
                "Medication administration",
                "BLS",
                "Reconciliation",
                "English",
                "German",
            },
            id="es",
        ),
        pytest.param(
            "Infermiere di terapia intensiva: ventilazione meccanica, gestione del dolore, medicazione delle ferite e "
            "prelievi venosi. In precedenza magazziniere con patentino del muletto, preparazione degli ordini e "
            "gestione delle scorte. Lingue: inglese B2, tedesco B1.",
            "We need mechanical ventilation, pain management, wound care and phlebotomy. Others: forklift licence, "
            "order picking, inventory management. Good English, German B1.",
            {
                "Ventilator management",
                "Pain management",
                "Wound care",
                "Phlebotomy",
                "Forklift licence",
                "Order picking",
                "Inventory management",
                "English",
                "German",
            },
            id="it",
        ),
        pytest.param(
            "Professora do ensino básico: planificação de aulas, gestão da sala de aula, educação especial e reuniões "
            "com encarregados de educação. Antes, atendimento ao cliente, negociação e faturação numa loja; "
            "trabalho em equipa. Idiomas: inglês C1, francês B1.",
            "Teacher with lesson planning, classroom management and special education. Customer service, "
            "negotiation, invoicing and teamwork help. English C1, French B1.",
            {
                "Lesson planning",
                "Classroom management",
                "Special education",
                "Customer service",
                "Negotiation",
                "Invoicing",
                "Teamwork",
                "English",
                "French",
            },
            id="pt",
        ),
        pytest.param(
            "Verpleegkundige op de intensive care: beademing, wondverzorging, medicatie toedienen en pijnbestrijding. "
            "Daarvoor loonadministratie, debiteurenbeheer en klantenservice, samenwerken in een team, "
            "projectleiding. Talen: Engels C1, Duits B2.",
            "Mechanical ventilation, wound care, medication administration and pain management. Also payroll, accounts "
            "receivable, customer service, teamwork and project management. English C1, German B2.",
            {
                "Ventilator management",
                "Wound care",
                "Medication administration",
                "Pain management",
                "Payroll",
                "Accounts receivable",
                "Customer service",
                "Teamwork",
                "Project management",
                "English",
                "German",
            },
            id="nl",
        ),
        pytest.param(
            "Pielęgniarka na oddziale intensywnej terapii: wentylacja mechaniczna, opieka nad pacjentem, pielęgnacja "
            "ran i podawanie leków. Wcześniej rachunkowość, wystawianie faktur, obsługa klienta i praca zespołowa; "
            "uprawnienia na wózki widłowe. Języki: angielski B2, niemiecki B1.",
            "Mechanical ventilation, patient care, wound care and medication administration. Accounting, invoicing, "
            "customer service and teamwork, forklift licence. English B2, German B1.",
            {
                "Ventilator management",
                "Patient care",
                "Wound care",
                "Medication administration",
                "Accounting",
                "Invoicing",
                "Customer service",
                "Teamwork",
                "Forklift licence",
                "English",
                "German",
            },
            id="pl",
        ),
    ],
)
def test_a_passage_meets_an_english_posting(
    passage: str, posting: str, shared: set[str], skills: SkillTable
) -> None:
    assert shared - found(passage, skills) == set()
    assert shared - found(posting, skills) == set()
