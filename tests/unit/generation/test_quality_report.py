"""The quality report counts what a reader would stumble over and says what to do."""

from services.generation.composing.quality import quality
from vitae.generation.v1 import matching_pb2
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
