"""Postings of several professions and languages are read as a person reads them."""

from collections.abc import Callable

import pytest

from services.generation.postings.analysis import analyze
from services.generation.skills.table import SkillTable
from vitae.generation.v1 import postings_pb2

Read = Callable[..., postings_pb2.JobPosting]


def by_importance(posting: postings_pb2.JobPosting, importance: int) -> set[str]:
    return {each.skill for each in posting.analysis.skills if each.importance == importance}


def test_sections_decide_how_badly_a_skill_is_wanted(posting: Read) -> None:
    read = posting("platform_engineer_en")

    assert read.title == "Senior Platform Engineer"
    assert read.company == "Saltmarsh"
    must = by_importance(read, postings_pb2.IMPORTANCE_MUST_HAVE)
    assert must == {"Kubernetes", "Terraform", "PostgreSQL", "Incident management", "Python", "Go"}
    assert by_importance(read, postings_pb2.IMPORTANCE_NICE_TO_HAVE) == {"AWS", "RabbitMQ", "Helm"}
    mentioned = by_importance(read, postings_pb2.IMPORTANCE_MENTIONED)
    assert {"Microsoft Excel", "SAP", "Adobe Photoshop"} <= mentioned
    assert by_importance(read, postings_pb2.IMPORTANCE_NEGATED) == {"Java"}
    assert read.analysis.years_required == 5
    assert read.analysis.seniority == postings_pb2.SENIORITY_SENIOR
    assert read.analysis.remote == postings_pb2.REMOTE_POLICY_REMOTE
    assert list(read.analysis.education_requirements) == [
        "Degree in computer science or equivalent experience"
    ]


def test_a_german_page_is_read_without_what_it_hides(posting: Read) -> None:
    read = posting("electrician_de")

    assert (read.locale, read.title, read.company) == (
        "de",
        "Elektroniker Gebäudetechnik",
        "Förde Haustechnik GmbH",
    )
    assert {"Driving licence", "Teamwork"} <= by_importance(read, postings_pb2.IMPORTANCE_MUST_HAVE)
    assert "KNX" in by_importance(read, postings_pb2.IMPORTANCE_NICE_TO_HAVE)
    assert by_importance(read, postings_pb2.IMPORTANCE_NEGATED) == {"Welding"}
    assert by_importance(read, postings_pb2.IMPORTANCE_MENTIONED) == {"Microsoft Excel"}
    assert read.analysis.years_required == 3
    assert "Python" not in read.analysis.text
    assert {each.code for each in read.analysis.hygiene} == {"HIDDEN_TEXT", "COMMENT"}
    assert "Elektroinstallation im Neubau" in read.analysis.responsibilities


def test_a_french_posting_is_read(posting: Read) -> None:
    read = posting("teacher_fr")

    assert (read.locale, read.title) == ("fr", "Enseignant de mathématiques")
    assert "Classroom management" in by_importance(read, postings_pb2.IMPORTANCE_MUST_HAVE)
    assert "English" in by_importance(read, postings_pb2.IMPORTANCE_NICE_TO_HAVE)
    assert by_importance(read, postings_pb2.IMPORTANCE_NEGATED) == {"Python"}
    assert read.analysis.years_required == 2


def test_prose_without_headings_is_read(posting: Read) -> None:
    read = posting("nurse_en")

    assert (read.title, read.company) == ("Registered Nurse", "Corrib University Hospital")
    assert {"BLS", "Intensive care", "English"} <= by_importance(read, postings_pb2.IMPORTANCE_MUST_HAVE)
    assert "ACLS" in by_importance(read, postings_pb2.IMPORTANCE_NICE_TO_HAVE)


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("No Java required.", "en"),
        ("Java is not needed.", "en"),
        ("Java: not required", "en"),
        ("You won't need Java.", "en"),
        ("Java brauchen Sie nicht.", "de"),
        ("Java ist kein Muss.", "de"),
        ("You do not need to know Java.", "en"),
        ("No prior experience with Java is necessary.", "en"),
        ("Keine Kenntnisse in Java erforderlich.", "de"),
        ("Java wird nicht vorausgesetzt.", "de"),
        ("Aucune connaissance de Java n'est requise.", "fr"),
        ("No se requiere experiencia en Java.", "es"),
        ("Java non è richiesto.", "it"),
        ("Não é necessário conhecimento de Java.", "pt"),
        ("Java is niet vereist.", "nl"),
    ],
)
def test_what_is_denied_is_not_required(text: str, locale: str, read_posting: Read) -> None:
    read = read_posting(f"Developer\n\nRequirements\n- Python is required\n- {text}", locale)

    assert by_importance(read, postings_pb2.IMPORTANCE_NEGATED) == {"Java"}
    assert by_importance(read, postings_pb2.IMPORTANCE_MUST_HAVE) == {"Python"}


@pytest.mark.parametrize(
    "text",
    ["Not only Java but also Kotlin.", "No relocation, Java required.", "No later than May, Java needed."],
)
def test_a_denial_of_something_else_is_none(text: str, read_posting: Read) -> None:
    read = read_posting(f"Requirements\n- {text}")

    assert "Java" in by_importance(read, postings_pb2.IMPORTANCE_MUST_HAVE)


@pytest.mark.parametrize(
    ("text", "locale", "years"),
    [
        ("4+ years of professional experience", "en", 4),
        ("3-5 years of experience", "en", 3),
        ("3 to 5 years' experience", "en", 3),
        ("at least five years of experience", "en", 5),
        ("Minimum 7 yrs building software", "en", 7),
        ("mindestens 3 Jahre Berufserfahrung", "de", 3),
        ("drei bis fünf Jahre Erfahrung", "de", 3),
        ("5 ans d'expérience minimum", "fr", 5),
        ("al menos 2 años de experiencia", "es", 2),
        ("almeno 6 anni di esperienza", "it", 6),
        ("pelo menos 3 anos de experiência", "pt", 3),
        ("minimaal 4 jaar ervaring", "nl", 4),
        ("co najmniej 2 lata doświadczenia", "pl", 2),
        ("3年以上の実務経験", "ja", 3),
        ("5 years of experience or a PhD and 2 years of experience", "en", 2),
    ],
)
def test_years_are_read_in_many_languages(text: str, locale: str, years: float, read_posting: Read) -> None:
    assert read_posting(f"Requirements:\n- {text}", locale).analysis.years_required == years


@pytest.mark.parametrize(
    "text",
    [
        "Our company has a 50 year history.",
        "Founded 20 years ago, we build ships.",
        "You are at least 18 years old.",
        "Over the last 5 years we doubled our experience.",
        "Unser Haus besteht seit 120 Jahren.",
    ],
)
def test_other_years_are_not_asked_for(text: str, read_posting: Read) -> None:
    assert not read_posting(text).analysis.HasField("years_required")


def test_spans_point_at_the_words_in_the_kept_text(posting: Read) -> None:
    for name in ("platform_engineer_en", "electrician_de", "nurse_en", "teacher_fr"):
        analysis = posting(name).analysis
        for skill in analysis.skills:
            assert all(analysis.text[span.start : span.end] for span in skill.spans)
            if skill.spans:
                first = skill.spans[0]
                assert analysis.text[first.start : first.end] == skill.written_as
        if analysis.HasField("years_span"):
            assert any(
                letter.isalnum()
                for letter in analysis.text[analysis.years_span.start : analysis.years_span.end]
            )


def test_what_the_caller_says_wins_over_guesses(skills: SkillTable) -> None:
    given = postings_pb2.JobPosting(
        source_text="Nurse\n\nWe need a nurse.",
        title="Head Nurse",
        company="Elm",
        location="Cork",
        locale="en-IE",
    )

    read = analyze(given, skills)

    assert (read.title, read.company, read.location, read.locale) == ("Head Nurse", "Elm", "Cork", "en-IE")


def importance_of(read: postings_pb2.JobPosting) -> dict[str, int]:
    return {skill.skill: skill.importance for skill in read.analysis.skills}


@pytest.mark.parametrize(
    ("line", "must", "nice"),
    [
        ("Python, ideally Rust programming", "Python", "Rust"),
        ("Python (Kubernetes preferred)", "Python", "Kubernetes"),
        ("Python, Kubernetes a plus", "", "Kubernetes"),
        ("Ideally Kubernetes, Terraform", "", "Terraform"),
    ],
)
def test_a_wish_speaks_only_of_what_it_stands_by(line: str, must: str, nice: str, read_posting: Read) -> None:
    found = importance_of(read_posting(f"Engineer\n\nRequirements\n- {line}\n- Linux", "en"))

    assert found[nice] == postings_pb2.IMPORTANCE_NICE_TO_HAVE
    assert not must or found[must] == postings_pb2.IMPORTANCE_MUST_HAVE


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("Python is a must. Our customers include SAP and Salesforce.", "en"),
        ("Python is a must. We used to run on SAP.", "en"),
        ("Python setzen wir voraus. Zu unseren Kunden zählt SAP.", "de"),
    ],
)
def test_what_is_mentioned_in_passing_is_not_asked_for(text: str, locale: str, read_posting: Read) -> None:
    found = importance_of(read_posting(text, locale))

    assert found["Python"] == postings_pb2.IMPORTANCE_MUST_HAVE
    assert found["SAP"] == postings_pb2.IMPORTANCE_MENTIONED


@pytest.mark.parametrize(
    ("behind", "importance"),
    [
        ("Purchasing is on days.", postings_pb2.IMPORTANCE_MENTIONED),
        ("Purchasing would be a bonus.", postings_pb2.IMPORTANCE_NICE_TO_HAVE),
        ("You need to have done purchasing.", postings_pb2.IMPORTANCE_MUST_HAVE),
        ("No purchasing experience required.", postings_pb2.IMPORTANCE_NEGATED),
        ("A dog.\n\n- Purchasing", postings_pb2.IMPORTANCE_MUST_HAVE),
        ("You must be free on Sundays and know purchasing.", postings_pb2.IMPORTANCE_MUST_HAVE),
        ("You will do the purchasing.", postings_pb2.IMPORTANCE_NICE_TO_HAVE),
        ("You won't be doing the purchasing.", postings_pb2.IMPORTANCE_MENTIONED),
    ],
)
def test_a_paragraph_behind_the_list_that_asks_has_to_say_so(
    behind: str, importance: int, read_posting: Read
) -> None:
    read = read_posting(f"Cook\n\nRequirements\n- Python\n- Kitchens\n\n{behind}", "en")

    assert importance_of(read)["Procurement"] == importance


def test_a_line_behind_its_own_heading_is_all_that_it_heads(read_posting: Read) -> None:
    found = importance_of(read_posting("Cook\n\nMust: Python, kitchens.\n\nPurchasing is on days.", "en"))

    assert found["Python"] == postings_pb2.IMPORTANCE_MUST_HAVE
    assert found["Procurement"] == postings_pb2.IMPORTANCE_MENTIONED


def test_years_behind_the_list_that_asks_are_no_demand(read_posting: Read) -> None:
    read = read_posting("Cook\n\nRequirements\n- Python\n\nThe owners have 30 years of experience.", "en")

    assert not read.analysis.HasField("years_required")


def test_a_title_line_tells_company_and_place(skills: SkillTable) -> None:
    text = "Sales Representative at Acme Robotics in Austin, TX\n\nRequirements\n- Salesforce"

    read = analyze(postings_pb2.JobPosting(source_text=text), skills)

    assert (read.title, read.company, read.location) == (
        "Sales Representative",
        "Acme Robotics",
        "Austin, TX",
    )


@pytest.mark.parametrize(
    ("line", "company", "location"),
    [
        ("St. Brendan Hospital, Dublin", "St. Brendan Hospital", "Dublin"),
        ("Klinikum Elmstadt, Bad Homburg", "Klinikum Elmstadt", "Bad Homburg"),
        ("Colegio Olmo · Zaragoza", "Colegio Olmo", "Zaragoza"),
        ("Elmwood, Cork", "Elmwood", "Cork"),
        ("San Francisco, California", "", ""),
        ("Elm Street School", "", ""),
    ],
)
def test_the_line_under_the_title_tells_company_and_place(
    line: str, company: str, location: str, read_posting: Read
) -> None:
    again = "\n\nElmwood is a family business." if "Elmwood" in line else ""
    read = read_posting(f"Ward Nurse\n{line}\n\nRequirements\n- Triage{again}", "en")

    assert (read.title, read.company, read.location) == ("Ward Nurse", company, location)


def test_keywords_are_nothing_the_posting_does_without(read_posting: Read) -> None:
    read = read_posting(
        "Baker\n\nRequirements\n- marzipan from the oven\n- No surgical experience required", "en"
    )

    assert [each.text for each in read.analysis.keywords] == ["marzipan", "oven"]


def test_keywords_leave_out_what_stands_behind_a_list_that_asks(read_posting: Read) -> None:
    read = read_posting(
        "Baker\n\nRequirements\n- marzipan from the oven\n\nCompany bicycle, private pension. Marzipan is free.",
        "en",
    )

    assert [(each.text, each.mentions) for each in read.analysis.keywords] == [("marzipan", 1), ("oven", 1)]


def test_keywords_are_no_names_and_come_from_the_work_where_it_is_told(read_posting: Read) -> None:
    read = read_posting(
        "Baker\n\nWe love sunshine and have shops in Galway."
        "\n\nRequirements\n- marzipan from Clifden\n- marzipan again",
        "en",
    )

    assert [(each.text, each.mentions) for each in read.analysis.keywords][:1] == [("marzipan", 2)]
    assert not {"galway", "clifden", "sunshine"} & {each.text for each in read.analysis.keywords}


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Requirements\n- Degree in law\n- Python", ["Degree in law"]),
        ("Requirements\n- A degree is not required\n- Python", []),
        ("Requirements\n- Degree in law\n\nNice to have\n- NVQ in care", ["Degree in law"]),
        ("Requirements\n- Python\n\nNice to have\n- NVQ in care", ["NVQ in care"]),
        ("Requirements\n- Python\n\nDegree courses are paid for.", []),
        ("Duties\n- Teach in the master's degree\n\nRequirements\n- Degree in law", ["Degree in law"]),
        ("We have a degree of freedom.\n\nRequirements\n- Python", []),
    ],
)
def test_a_degree_counts_where_it_is_asked_for(text: str, asked: list[str], read_posting: Read) -> None:
    read = read_posting(f"Lawyer\n\n{text}", "en")

    assert list(read.analysis.education_requirements) == asked


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("Data Engineer (remote within the EU)", "Data Engineer"),
        ("Data Engineer, remote in Portugal", "Data Engineer"),
        ("Data Engineer - remote from anywhere - Acme", "Data Engineer"),
        ("Brauer gesucht", "Brauer"),
        ("Maler und Lackierer gesucht (m/w/d)", "Maler und Lackierer"),
        (
            "Brasseuse ou brasseur de bières (H/F) – Brasserie des Deux Ponts et du Canal, Lyon",
            "Brasseuse ou brasseur de bières",
        ),
        ("Motor Claims Handler", "Motor Claims Handler"),
    ],
)
def test_a_title_is_read_without_what_stands_around_it(line: str, title: str, read_posting: Read) -> None:
    assert read_posting(f"{line}\n\nRequirements\n- Python").title == title


@pytest.mark.parametrize(
    ("line", "locale", "importance"),
    [
        ("Python wird nicht erwartet", "de", postings_pb2.IMPORTANCE_NEGATED),
        ("Kenntnisse in Rust oder Python werden nicht verlangt", "de", postings_pb2.IMPORTANCE_NEGATED),
        ("Python ist schön, aber kein Muss", "de", postings_pb2.IMPORTANCE_NICE_TO_HAVE),
        ("Python ist kein Muss", "de", postings_pb2.IMPORTANCE_NEGATED),
        ("Vous n'avez pas besoin de connaître Python", "fr", postings_pb2.IMPORTANCE_NEGATED),
        ("No hace falta Python", "es", postings_pb2.IMPORTANCE_NEGATED),
        ("Non serve conoscere Python", "it", postings_pb2.IMPORTANCE_NEGATED),
        ("Experience of Python would help", "en", postings_pb2.IMPORTANCE_NICE_TO_HAVE),
    ],
)
def test_wishes_and_denials_are_told_apart(
    line: str, locale: str, importance: int, read_posting: Read
) -> None:
    heading = {"de": "Profil", "fr": "Profil", "es": "Requisitos", "it": "Requisiti", "en": "Requirements"}
    read = read_posting(f"{heading[locale]}\n- {line}\n- Linux", locale)

    assert importance_of(read)["Python"] == importance
