"""The quality report counts what a reader would stumble over and says what to do."""

import pytest

from services.generation.composing.quality import quality
from vitae.generation.v1 import documents_pb2, matching_pb2
from vitae.resume.v1 import common_pb2, resume_pb2


def resume(*bullets: str) -> resume_pb2.StructuredResume:
    made = resume_pb2.StructuredResume(
        header=resume_pb2.ResumeHeader(full_name="A B", email="a@example.org", phone="1", location="Porto")
    )
    made.sections.add(summary=resume_pb2.SummarySection(lines=[common_pb2.Line(text="Baker.")]))
    made.sections.add(
        skills=resume_pb2.SkillsSection(
            categories=[resume_pb2.SkillsCategory(items=[common_pb2.Line(text="Baking")])]
        )
    )
    entry = resume_pb2.ExperienceEntry(
        title="Baker", company="Oven", start_date=common_pb2.PartialDate(year=2020, month=1)
    )
    entry.achievements.extend(
        common_pb2.Line(id=f"l{number}", text=text) for number, text in enumerate(bullets)
    )
    made.sections.add(experience=resume_pb2.ExperienceSection(entries=[entry]))
    made.sections.add(
        education=resume_pb2.EducationSection(entries=[resume_pb2.EducationEntry(degree="Apprenticeship")])
    )
    return made


def codes(made: resume_pb2.StructuredResume) -> list[str]:
    return [each.code for each in quality(made, None).findings]


def test_a_good_resume_has_nothing_to_mend() -> None:
    report = quality(resume("Baked 300 loaves a day for two towns"), None)

    assert (report.coverage, report.readability, report.format_compliance, report.duplicates) == (
        100,
        100,
        100,
        0,
    )
    assert list(report.findings) == []


def test_lines_that_say_the_same_are_counted() -> None:
    report = quality(
        resume(
            "Baked 300 loaves of bread a day",
            "Baked 300 loaves of bread a day.",
            "Sold 20 cakes to the castle",
        ),
        None,
    )

    assert report.duplicates == 1
    assert [(each.code, each.line_id) for each in report.findings] == [("DUPLICATE", "l1")]


def test_long_short_and_unnumbered_lines_cost_readability() -> None:
    long = "Baked " + "very good bread " * 30
    report = quality(resume(long, "Baked", "Swept the floor of the bakery", "Sold cakes to the castle"), None)

    assert report.readability < 80
    assert {each.code for each in report.findings} == {"LINE_TOO_LONG", "LINE_TOO_SHORT", "NO_NUMBERS"}


def test_missing_contact_and_dates_cost_form() -> None:
    made = resume("Baked 300 loaves a day for two towns")
    made.header.Clear()
    made.sections[2].experience.entries[0].ClearField("start_date")

    report = quality(made, None)

    assert report.format_compliance < 50
    assert {"NAME_MISSING", "EMAIL_MISSING", "PHONE_MISSING", "DATE_MISSING"} <= set(codes(made))


def test_coverage_is_what_is_shown_of_what_is_proved() -> None:
    match = matching_pb2.MatchAnalysis(matched_skills=["Baking", "Accounting"])
    match.skill_comparison.add(skill="Baking", standing=matching_pb2.SKILL_STANDING_SHOWN)
    match.skill_comparison.add(skill="Accounting", standing=matching_pb2.SKILL_STANDING_HIDDEN)

    report = quality(resume("Baked 300 loaves a day for two towns"), match)

    assert report.coverage == 50
    assert [each.code for each in report.findings] == ["SKILL_HIDDEN"]


def test_unproved_lines_are_shown_first() -> None:
    made = resume("Baked 300 loaves a day for two towns")
    made.sections[2].experience.entries[0].achievements[0].provenance.unproved = True

    assert codes(made)[0] == "UNPROVED"


GOOD = "Baked 300 loaves a day for two towns"
LAW = (
    "Verantwortungsbewusste Weiterentwicklung abteilungsübergreifender Qualitätssicherungsmaßnahmen einschließlich"
    " Berichterstattungspflichten gegenüber Aufsichtsbehörden, Wirtschaftsprüfungsgesellschaften und"
    " Geschäftsführungsmitgliedern"
)


def finding(made: resume_pb2.StructuredResume, code: str) -> documents_pb2.QualityFinding:
    return next(each for each in quality(made, None).findings if each.code == code)


def other(locale: str, *bullets: str) -> resume_pb2.StructuredResume:
    made = resume(*bullets)
    made.locale = locale
    return made


def job(made: resume_pb2.StructuredResume) -> resume_pb2.ExperienceEntry:
    return made.sections[2].experience.entries[0]


@pytest.mark.parametrize(
    ("code", "text", "told"),
    [
        ("LINE_TOO_LONG", "Baked " + "very good bread " * 30, "Split or shorten"),
        ("SENTENCE_TOO_LONG", "Baked 3 " + "a b " * 20 + "loaves", "Break this sentence"),
        ("LINE_TOO_SHORT", "Baked 3 loaves", "what came of it"),
        ("WEAK_START", "Responsible for 3 ovens and their upkeep", "Begin with what you did"),
        ("ODD_CHARACTER", "Baked 300 loaves\u200b a day for two towns", "U+200B"),
        ("ODD_CHARACTER", "Baked 300 loaves \ue001 a day for two towns", "U+E001"),
        ("BULLET_IN_TEXT", "• Baked 300 loaves a day for two towns", "printed anyway"),
    ],
)
def test_a_fault_of_a_line_names_the_line_and_the_remedy(code: str, text: str, told: str) -> None:
    found = finding(resume(GOOD, text), code)

    assert found.line_id == "l1"
    assert told in found.message
    assert code not in codes(resume(GOOD, GOOD.replace("300", "200")))


def test_the_same_deed_in_other_forms_is_a_duplicate_in_any_language() -> None:
    for locale, one, two in (
        ("en", "Managed a team of five bakers in Porto", "Managing the team of five bakers in Porto"),
        ("de", "Leitete ein Team von fünf Bäckern in Kiel", "In Kiel leitete er das Team von fünf Bäckern"),
        (
            "fr",
            "Encadré une équipe de cinq boulangers à Lyon",
            "Encadrer une équipe de cinq boulangers à Lyon",
        ),
        ("ja", "月次決算を五日に短縮した", "月次決算を五日に短縮"),
    ):
        assert quality(other(locale, one, two), None).duplicates == 1, locale
        assert quality(other(locale, one, "Sold 20 cakes to the castle"), None).duplicates == 0, locale


def test_long_words_are_weighed_by_their_own_language() -> None:
    ordinary = [
        "Wartung von 40 Krananlagen und Verdrahtung der Schaltschränke im Neubau",
        "Elektroinstallation in 120 Wohnungen, Abnahme mit den Bauherren",
        "Einweisung von 2 Auszubildenden in die Fehlersuche an Anlagen",
    ] * 3

    assert "HARD_TO_READ" not in codes(other("de", *ordinary))
    assert "HARD_TO_READ" in codes(other("de", *[f"{LAW} {number}" for number in range(6)]))
    assert (
        "shorten sentences" in finding(other("de", *[f"{LAW} {n}" for n in range(6)]), "HARD_TO_READ").message
    )
    assert "HARD_TO_READ" in codes(other("en", *[line.replace(" und ", " ") for line in ordinary]))


def test_scripts_without_spaces_are_measured_by_their_width() -> None:
    short, long = "月次決算を十日から五日に短縮した。", "会計基準の変更に対応した" * 8
    found = codes(other("ja", short, long, short.replace("月次", "年次")))

    assert "LINE_TOO_SHORT" not in found
    assert "SENTENCE_TOO_LONG" in found
    assert "NO_NUMBERS" not in found


def test_numbers_in_words_are_figures() -> None:
    lines = (
        "Führt ein Team von zwölf Köchen",
        "Kochte an fünf Posten im Hotel",
        "Schulte die Aushilfen im Service",
    )

    assert "NO_NUMBERS" not in codes(other("de", *lines))
    assert "NO_NUMBERS" in codes(
        other("de", *(line.replace("zwölf", "").replace("fünf", "") for line in lines))
    )


def test_a_job_that_ends_before_it_begins_costs_form() -> None:
    made = resume(GOOD)
    job(made).end_date.year = 2019

    assert "“Baker”" in finding(made, "DATES_TURNED").message
    job(made).end_date.year = 2020
    assert "DATES_TURNED" not in codes(made)


def test_a_job_says_what_was_done_unless_it_is_long_past() -> None:
    made = resume(GOOD)
    jobs = made.sections[2].experience.entries
    jobs.add(title="Waiter", company="Inn", start_date={"year": 2015, "month": 1}, end_date={"year": 2018})
    jobs.add(title="Courier", company="Post", start_date={"year": 1990, "month": 1}, end_date={"year": 1995})

    assert [each.message for each in quality(made, None).findings if each.code == "ENTRY_EMPTY"] == [
        "Say what was done as “Waiter”."
    ]


def test_each_missing_section_is_told_once() -> None:
    made = resume(GOOD)
    del made.sections[1]

    told = [each.message for each in quality(made, None).findings if each.code == "SECTION_MISSING"]
    assert told == ["Add a section “skills”; readers and parsers look for it."]
    assert quality(made, None).format_compliance == 90


def test_a_long_summary_and_too_many_lines_are_told() -> None:
    made = resume(
        *(f"Baked {number}00 loaves for town {number} in the year {1990 + number}" for number in range(1, 11))
    )
    made.sections[0].summary.lines.add(text="word " * 130)

    assert "131 words" in finding(made, "SUMMARY_TOO_LONG").message
    assert finding(made, "TOO_MANY_LINES").message == "Keep the best 8 of the 10 lines of “Baker”."


def test_a_resume_of_three_pages_is_too_long() -> None:
    made = resume(GOOD)
    for number in range(40):
        made.sections[2].experience.entries.add(title=f"Baker {number}", company="Oven").achievements.add(
            text=GOOD
        )

    assert "pages" in finding(made, "TOO_LONG").message


def test_contact_that_parsers_cannot_take_is_told() -> None:
    made = resume(GOOD)
    made.header.email, made.header.location = "a at example", ""
    job(made).company = ""

    found = codes(made)
    assert {"EMAIL_ODD", "LOCATION_MISSING", "FIELD_MISSING"} <= set(found)
    assert finding(made, "FIELD_MISSING").message == "Add the employer of “Baker”."
    job(made).start_date.month = 0
    assert "MONTH_MISSING" in codes(made)
