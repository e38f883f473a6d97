"""What changed between two versions, in words."""

from hypothesis import HealthCheck, given, settings

from services.document.diff import Change, describe, diff
from services.document.lines import assign_ids
from tests.unit.document.documents import full_resume
from tests.unit.document.profiles import messages
from vitae.resume.v1 import resume_pb2


def versions() -> tuple[resume_pb2.StructuredResume, resume_pb2.StructuredResume]:
    return assign_ids(full_resume()), assign_ids(full_resume())


def test_equal_versions_have_no_changes() -> None:
    assert diff(*versions()) == ()


def test_a_changed_line_is_named_by_its_place() -> None:
    old, new = versions()
    new.sections[2].experience.entries[0].achievements[1].text = "Hired five"
    (change,) = diff(old, new)
    assert change == Change("changed", "Experience, Acme, second bullet", "Hired four", "Hired five")
    assert describe(change) == "Changed Experience, Acme, second bullet from “Hired four” to “Hired five”."


def test_added_removed_and_moved_lines() -> None:
    old, new = versions()
    bullets = new.sections[2].experience.entries[0].achievements
    bullets.reverse()
    bullets.add(id="b3", text="Wrote the runbook")
    del new.sections[0].summary.lines[1]
    assert [(each.kind, each.subject) for each in diff(old, new)] == [
        ("moved", "Experience, Acme, first bullet"),
        ("added", "Experience, Acme, third bullet"),
        ("removed", "Summary, second sentence"),
    ]


def test_a_whole_entry_or_section_is_one_change() -> None:
    old, new = versions()
    job = new.sections[2].experience.entries.add(id="exp-9", company="Beta", title="Lead")
    job.achievements.add(id="n1", text="x")
    del new.sections[8]
    assert [(each.kind, each.subject) for each in diff(old, new)] == [
        ("added", "Experience, Beta"),
        ("removed", "Awards"),
    ]


def test_fields_dates_and_header_are_compared() -> None:
    old, new = versions()
    new.header.phone = "+351 999"
    new.sections[2].experience.entries[0].start_date.month = 4
    new.sections[2].hidden = True
    assert [describe(each) for each in diff(old, new)] == [
        "Changed Header, phone from “+351 215 550 100” to “+351 999”.",
        "Changed Experience from “Experience” to “Experience (hidden)”.",
        "Changed Experience, Acme, start date from “Mar 2021” to “Apr 2021”.",
    ]


def test_moved_sections_are_as_few_as_explain_the_order() -> None:
    old, new = versions()
    last = resume_pb2.ResumeSection()
    last.CopyFrom(new.sections[-1])
    del new.sections[-1]
    new.sections.insert(0, last)
    (change,) = diff(old, new)
    assert (change.kind, change.subject) == ("moved", "Patents")
    assert describe(change) == "Moved Patents."


def test_a_line_with_a_new_id_and_the_old_text_is_the_same_line() -> None:
    old, new = versions()
    new.sections[2].experience.entries[0].achievements[0].id = "fresh"
    assert diff(old, new) == ()


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(messages(resume_pb2.StructuredResume), messages(resume_pb2.StructuredResume))
def test_any_two_resumes_can_be_compared(
    old: resume_pb2.StructuredResume, new: resume_pb2.StructuredResume
) -> None:
    for change in diff(old, new):
        assert describe(change).endswith(".")
    assert diff(old, old) == ()
