"""Edited structures without a database: masks, checks, ids, summaries, and whose words are whose."""

from datetime import date

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from hypothesis import given, settings
from hypothesis import strategies as st

from services.document.diff import diff
from services.document.lines import iter_entries, iter_lines
from services.generation.documents.summary import counts, summary
from services.generation.resumes.masks import changes_structure, merged, writable
from services.generation.resumes.origins import settle_origins
from services.generation.resumes.proof import Prover
from services.generation.resumes.structure import name_holders, name_lines, require_valid
from services.runtime.errors import InvalidArgument
from tests.support.skills import skill_table
from vitae.generation.v1 import resumes_pb2
from vitae.resume.v1 import common_pb2, profile_pb2, resume_pb2

SKILLS = skill_table()
TODAY = date(2026, 3, 14)
USER_EDIT = common_pb2.TRANSFORMATION_USER_EDIT
VERBATIM = common_pb2.TRANSFORMATION_VERBATIM
FACTS = ("Cut costs by 30 % with Python", "Led a team of four")


@pytest.fixture(scope="module")
def profile() -> profile_pb2.ProfileContent:
    content = profile_pb2.ProfileContent(locale="en", summary="An engineer.")
    content.personal.full_name = "Ana Reyes"
    job = content.experience.add(id="job-1", title="Engineer", company="Acme")
    job.start_date.year = 2019
    for number, text in enumerate(FACTS):
        job.achievements.add(id=f"fact-{number}", text=text)
    other = content.experience.add(id="job-2", title="Analyst", company="Bolt")
    other.achievements.add(id="fact-9", text="Answered 500 letters")
    return content


@pytest.fixture
def head(profile: profile_pb2.ProfileContent) -> resume_pb2.StructuredResume:
    resume = resume_pb2.StructuredResume(locale="en")
    resume.header.full_name = "Ana Reyes"
    resume.header.provenance.source_ids.append("personal")
    jobs = resume.sections.add(id="section-1").experience
    for job in profile.experience:
        entry = jobs.entries.add(id=job.id, title=job.title, company=job.company, relevance=0.5)
        entry.start_date.CopyFrom(job.start_date)
        entry.provenance.CopyFrom(common_pb2.Provenance(source_ids=[job.id], transformation=VERBATIM))
        for fact in job.achievements:
            line = entry.achievements.add(id=f"line-{fact.id}", text=fact.text, relevance=0.25)
            line.provenance.CopyFrom(common_pb2.Provenance(source_ids=[fact.id], transformation=VERBATIM))
    skills = resume.sections.add(id="section-2").skills.categories.add(name="Technical Skills")
    item = skills.items.add(id="line-skill", text="Python")
    item.provenance.CopyFrom(common_pb2.Provenance(source_ids=["fact-0"], transformation=VERBATIM))
    return resume


def settled(
    structure: resume_pb2.StructuredResume,
    head: resume_pb2.StructuredResume,
    profile: profile_pb2.ProfileContent,
) -> resume_pb2.StructuredResume:
    copy = resume_pb2.StructuredResume()
    copy.CopyFrom(structure)
    name_holders(copy, 2)
    settle_origins(copy, head, Prover(profile, TODAY, SKILLS, "en"))
    name_lines(copy, 2)
    return copy


def bullets(structure: resume_pb2.StructuredResume, job: int = 0) -> list[common_pb2.Line]:
    return list(structure.sections[0].experience.entries[job].achievements)


def copied(structure: resume_pb2.StructuredResume) -> resume_pb2.StructuredResume:
    copy = resume_pb2.StructuredResume()
    copy.CopyFrom(structure)
    return copy


def test_what_nobody_touched_stays(
    head: resume_pb2.StructuredResume, profile: profile_pb2.ProfileContent
) -> None:
    assert settled(head, head, profile) == head


def test_what_a_client_says_of_origins_is_not_read(
    head: resume_pb2.StructuredResume, profile: profile_pb2.ProfileContent
) -> None:
    edit = copied(head)
    for ref in iter_lines(edit):
        ref.line.provenance.CopyFrom(common_pb2.Provenance(source_ids=["fact-9"]))
        ref.line.relevance = 1
        ref.line.alternates.append("Won everything")
    for entry in iter_entries(edit):
        if hasattr(entry.entry, "provenance"):
            entry.entry.provenance.Clear()
    assert settled(edit, head, profile) == head


@pytest.mark.parametrize(
    ("text", "sources", "unproved"),
    [
        ("Cut costs by 30 %", ["fact-0"], False),
        ("Reduced costs by 30 % using Python", ["fact-0"], False),
        ("Cut costs by 31 % with Python", [], True),
        ("Cut costs by 30 % with Kubernetes", [], True),
        ("Cut costs by 30 % for Google", [], True),
        ("Led a team of four", ["fact-1"], False),
        ("Answered 500 letters", [], True),
    ],
)
def test_a_typed_line_keeps_its_sources_while_they_bear_it_out(
    head: resume_pb2.StructuredResume,
    profile: profile_pb2.ProfileContent,
    text: str,
    sources: list[str],
    unproved: bool,
) -> None:
    edit = copied(head)
    edit.sections[0].experience.entries[0].achievements[0].text = text
    line = bullets(settled(edit, head, profile))[0]
    assert line.provenance.transformation == USER_EDIT
    assert (list(line.provenance.source_ids), line.provenance.unproved) == (sources, unproved)
    assert line.id == "line-fact-0"
    assert list(line.alternates) == [FACTS[0]]


def test_a_line_under_another_job_is_no_longer_proved(
    head: resume_pb2.StructuredResume, profile: profile_pb2.ProfileContent
) -> None:
    edit = copied(head)
    jobs = edit.sections[0].experience.entries
    jobs[1].achievements.append(jobs[0].achievements[0])
    del jobs[0].achievements[0]
    moved = bullets(settled(edit, head, profile), job=1)[1]
    assert moved.text == FACTS[0]
    assert (moved.provenance.transformation, moved.provenance.unproved) == (USER_EDIT, True)


@pytest.mark.parametrize(
    ("field", "value", "unproved"),
    [("title", "Chief Engineer", True), ("company", "Google", True), ("title", "ENGINEER", False)],
)
def test_an_entrys_own_fields_are_proved_by_one_fact_or_flagged(
    head: resume_pb2.StructuredResume,
    profile: profile_pb2.ProfileContent,
    field: str,
    value: str,
    unproved: bool,
) -> None:
    edit = copied(head)
    setattr(edit.sections[0].experience.entries[0], field, value)
    entry = settled(edit, head, profile).sections[0].experience.entries[0]
    assert (entry.provenance.transformation, entry.provenance.unproved) == (USER_EDIT, unproved)
    assert entry.relevance == 0.5
    assert [each.provenance.transformation for each in entry.achievements] == [VERBATIM, VERBATIM]


def test_dates_of_another_job_are_not_this_ones(
    head: resume_pb2.StructuredResume, profile: profile_pb2.ProfileContent
) -> None:
    edit = copied(head)
    edit.sections[0].experience.entries[1].start_date.year = 2019
    assert settled(edit, head, profile).sections[0].experience.entries[1].provenance.unproved


def test_ids_of_a_new_version_never_meet_older_ones(
    head: resume_pb2.StructuredResume, profile: profile_pb2.ProfileContent
) -> None:
    edit = copied(head)
    del edit.sections[0].experience.entries[0].achievements[1]
    edit.sections[0].experience.entries[0].achievements.add(text="Wrote a book")
    edit.sections.add(title="Talks").custom.entries.add(title="PyCon")
    made = settled(edit, head, profile)
    assert bullets(made)[1].id == "line-2-1"
    assert (made.sections[2].id, made.sections[2].custom.entries[0].id) == ("section-2-1", "entry-2-1")
    removed = [each.kind for each in diff(head, made)]
    assert removed == ["added", "added", "removed"]


@given(st.lists(st.text("ab 3%K", max_size=8), min_size=1, max_size=6))
@settings(max_examples=25, deadline=None)
def test_whatever_is_typed_is_kept_word_for_word(texts: list[str]) -> None:
    content = profile_pb2.ProfileContent(locale="en")
    job = content.experience.add(id="job-1", title="Engineer")
    job.achievements.add(id="fact-0", text="a b 3")
    before = resume_pb2.StructuredResume(locale="en")
    edit = resume_pb2.StructuredResume(locale="en")
    edit.sections.add().experience.entries.add(id="job-1", achievements=[{"text": each} for each in texts])
    made = settled(edit, before, content)
    assert [each.text for each in bullets(made)] == texts
    assert len({each.id for each in bullets(made)}) == len(texts)
    assert all(each.provenance.transformation == USER_EDIT for each in bullets(made))


def test_a_structure_that_cannot_be_printed_names_each_place(head: resume_pb2.StructuredResume) -> None:
    head.sections[0].experience.entries[0].achievements[0].text = "a\tb"
    head.sections[0].experience.entries[1].id = "job-1"
    head.sections[1].id = "section-1"
    head.sections[1].skills.categories[0].items[0].relevance = 2
    with pytest.raises(InvalidArgument) as refused:
        require_valid(resumes_pb2.Resume(structure=head))
    assert {each.field for each in refused.value.fields} == {
        "structure.sections[0].experience.entries[0].achievements[0].text",
        "structure.sections[0].experience.entries[1].id",
        "structure.sections[1].id",
        "structure.sections[1].skills.categories[0].items[0].relevance",
    }


def test_a_mask_replaces_what_it_names() -> None:
    before = resumes_pb2.Resume(title="Old")
    before.structure.header.email, before.structure.header.phone = "a@example.com", "1"
    before.structure.metadata.total_projects = 3
    request = resumes_pb2.Resume(title="New")
    request.structure.header.email = "b@example.com"
    request.structure.metadata.total_projects = 9
    part = merged(request, writable(FieldMask(paths=["structure.header.email"])), before)
    assert (part.title, part.structure.header.email, part.structure.header.phone) == (
        "Old",
        "b@example.com",
        "1",
    )
    everything = merged(request, writable(FieldMask(paths=["*"])), before)
    assert (everything.title, everything.structure.header.phone) == ("New", "")
    assert everything.structure.metadata.total_projects == 3
    assert not changes_structure(FieldMask(paths=["title"]))


def test_a_summary_tells_one_change_in_full_and_many_by_place(head: resume_pb2.StructuredResume) -> None:
    edit = copied(head)
    assert summary(diff(head, edit)) == counts(diff(head, edit)) == "No change."
    edit.header.email = "ana@example.com"
    assert summary(diff(head, edit)) == "Added Header, email: “ana@example.com”."
    edit.header.phone = "1"
    assert summary(diff(head, edit)) == "2 added: Header, email; Header, phone."
    for number in range(60):
        edit.sections[1].skills.categories[0].items.add(text=f"Skill {number}")
    assert len(summary(diff(head, edit))) <= 500
