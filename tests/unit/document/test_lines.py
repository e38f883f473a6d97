"""Walking documents."""

from services.document.lines import (
    assign_ids,
    find_line,
    iter_entries,
    iter_lines,
    section_type,
    source_ids,
    visible_sections,
    without_lines,
)
from tests.unit.document.documents import full_resume, letter
from vitae.resume.v1 import document_pb2, resume_pb2


def at(document: object, path: str) -> object:
    """The message at a path, found by reading the path as Python."""
    return eval(f"document.{path}", {"document": document})


def test_paths_lead_to_their_lines() -> None:
    for document in (full_resume(), letter()):
        refs = list(iter_lines(document))
        assert len(refs) >= 6
        for ref in refs:
            assert at(document, ref.path) is ref.line or at(document, ref.path) == ref.line
            if ref.section is not None:
                assert ref.path.startswith("sections[")


def test_lines_come_in_reading_order_with_their_section_and_entry() -> None:
    refs = {each.path: each for each in iter_lines(full_resume())}
    paths = list(refs)
    assert paths[0] == "header.title"
    assert refs["header.title"].section is None
    bullet = refs["sections[2].experience.entries[0].achievements[1]"]
    assert bullet.section is not None
    assert section_type(bullet.section) == resume_pb2.SECTION_TYPE_EXPERIENCE
    assert isinstance(bullet.entry, resume_pb2.ExperienceEntry)
    assert bullet.entry.company == "Acme"
    assert paths.index("sections[0].summary.lines[1]") < paths.index(
        "sections[1].skills.categories[0].items[0]"
    )


def test_entries_have_paths_too() -> None:
    resume = full_resume()
    paths = [each.path for each in iter_entries(resume)]
    assert "sections[1].skills.categories[1]" in paths
    assert "sections[10].interests.entries[2]" in paths
    assert all(at(resume, each.path) == each.entry for each in iter_entries(resume))
    assert list(iter_entries(letter())) == []


def test_ids_are_assigned_once_and_the_rest_is_untouched() -> None:
    resume = full_resume()
    resume.sections[5].languages.entries[1].id = ""
    resume.sections[0].id = resume.sections[1].id = "same"
    resume.sections[2].experience.entries[0].achievements[1].id = "b1"
    named = assign_ids(resume)
    assert resume.sections[2].id == ""
    lines = [each.line.id for each in iter_lines(named)]
    assert all(lines)
    assert len(set(lines)) == len(lines)
    assert find_line(named, "b1") is not None
    assert [each.id for each in named.sections[:3]] == ["same", "section-1", "section-2"]
    assert named.sections[5].languages.entries[1].id == "entry-1"
    assert assign_ids(named) == named
    assert assign_ids(full_resume()) == assign_ids(full_resume())


def test_a_document_is_walked_like_its_content() -> None:
    document = document_pb2.Document(resume=full_resume())
    assert [each.path for each in iter_lines(document)] == [each.path for each in iter_lines(full_resume())]
    assert assign_ids(document).resume == assign_ids(full_resume())
    assert list(iter_lines(document_pb2.Document())) == []


def test_lines_are_found_by_id() -> None:
    found = find_line(letter(), "s2")
    assert found is not None
    assert found.line.text == "They last."
    assert find_line(letter(), "none") is None
    assert find_line(full_resume(), "") is None


def test_dropped_lines_take_only_what_they_emptied() -> None:
    resume = assign_ids(full_resume())
    summary = [each.line.id for each in iter_lines(resume) if each.path.startswith("sections[0]")]
    skills = [each.line.id for each in iter_lines(resume) if each.path.startswith("sections[1]")]
    left = without_lines(resume, [*summary, *skills, "b1", "b2"])
    assert len(resume.sections) == 13
    assert [each.WhichOneof("content") for each in left.sections[:2]] == ["skills", "experience"]
    assert [each.name for each in left.sections[0].skills.categories] == ["Mentoring"]
    job = left.sections[1].experience.entries[0]
    assert job.company == "Acme"
    assert list(job.achievements) == []
    assert without_lines(resume, []) == resume
    shorter = without_lines(letter(), {"s3"})
    assert len(shorter.paragraphs) == 1


def test_sections_are_seen_in_the_order_asked() -> None:
    resume = full_resume()
    resume.sections[0].hidden = True
    order = [resume_pb2.SECTION_TYPE_CUSTOM, resume_pb2.SECTION_TYPE_SKILLS]
    seen = visible_sections(resume, order=order, hidden=[resume_pb2.SECTION_TYPE_AWARDS])
    assert [each.WhichOneof("content") for each in seen[:3]] == ["custom", "skills", "experience"]
    assert len(seen) == 11


def test_sources_are_collected_from_lines_entries_and_header() -> None:
    resume = full_resume()
    resume.header.provenance.source_ids.append("personal")
    resume.sections[0].summary.lines[0].provenance.source_ids.extend(["exp-2", "proj-1"])
    assert source_ids(resume) == {"personal", "exp-1", "exp-2", "proj-1"}
