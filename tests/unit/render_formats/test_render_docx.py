import io
import itertools
import zipfile

import docx
import pytest
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph

from services.document.view import present
from services.render.formats.docx import directions, write_docx
from services.render.look import look_of
from services.render.options import defaults
from services.render.templates.manifest import all_templates
from tests.unit.render_formats import people
from vitae.resume.v1.document_pb2 import Document

TEMPLATES = all_templates()


def written(document: Document, template: str = "modern") -> bytes:
    folder = TEMPLATES[template]
    view = present(document)
    return write_docx(view, folder, look_of(defaults(folder), folder, view.locale))


def paragraphs(data: bytes) -> list[Paragraph]:
    return docx.Document(io.BytesIO(data)).paragraphs


@pytest.mark.parametrize("template", TEMPLATES)
def test_structure_is_styles_not_tables(template: str) -> None:
    data = written(people.maya(), template)
    opened = docx.Document(io.BytesIO(data))
    styled = [(each.style.name, each.text) for each in opened.paragraphs if each.style]

    assert not opened.tables
    assert styled[0] == ("Title", "Maya Okonkwo")
    assert ("Heading 1", "Experience") in styled
    assert any(style == "Heading 2" and text.startswith("Ferrovia Payments") for style, text in styled)
    assert sum(style == "List Bullet" for style, _ in styled) == 8


def test_links_are_links_and_unsafe_addresses_are_text() -> None:
    document = people.maya()
    document.resume.header.website = "javascript:alert(1)"
    opened = docx.Document(io.BytesIO(written(document)))

    targets = {each.target_ref for each in opened.part.rels.values() if each.is_external}

    assert "mailto:maya.okonkwo@example.org" in targets
    assert "https://github.com/mayaokonkwo" in targets
    assert not any("javascript" in each for each in targets)


def test_dates_stand_at_a_tab_stop_in_modern() -> None:
    role = next(
        each
        for each in paragraphs(written(people.maya()))
        if each.text.startswith("Senior Platform Engineer\t")
    )

    assert role.text == "Senior Platform Engineer\tMar 2021 – Present"
    assert len(role.paragraph_format.tab_stops) == 1


def test_headings_keep_with_what_follows() -> None:
    found = paragraphs(written(people.maya()))
    for each, following in itertools.pairwise(found):
        if (
            following.style
            and following.style.name == "List Bullet"
            and each.style
            and each.style.name == "Role"
        ):
            assert each.paragraph_format.keep_with_next


def test_no_last_line_of_a_section_stands_alone() -> None:
    lines = [each for each in paragraphs(written(people.maya())) if each.style]
    kept = [
        bool(before.paragraph_format.keep_with_next)
        for before, last, after in zip(lines, lines[1:], lines[2:], strict=False)
        if is_body(before) and is_body(last) and after.style and after.style.name.startswith("Heading")
    ]
    assert kept
    assert all(kept)


def is_body(paragraph: Paragraph) -> bool:
    return bool(paragraph.style and paragraph.style.name in {"List Bullet", "Items"})


def test_right_to_left_documents_say_so() -> None:
    data = written(people.layla())
    opened = docx.Document(io.BytesIO(data))
    title = opened.paragraphs[0]
    bullet = next(each for each in opened.paragraphs if "Kafka" in each.text)

    assert opened.styles["Normal"].element.find(f"{qn('w:pPr')}/{qn('w:bidi')}") is not None
    assert title.runs[0]._r.get_or_add_rPr().find(qn("w:rtl")) is not None
    assert [run.text for run in bullet.runs if run._r.rPr is None] == ["Kafka "]
    assert bullet.text == "صممت منظومة أحداث على Kafka تعالج 38 مليون عملية دفع شهريًا."


def test_text_is_split_where_its_direction_turns() -> None:
    assert directions("abc אבג 12 def") == [("abc ", False), ("אבג 12 ", True), ("def", False)]
    assert directions("12 – 34") == [("12 – 34", False)]
    assert directions("") == []


def test_the_archive_has_one_order_and_one_time() -> None:
    data = written(people.maya())
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()

    assert data == written(people.maya())
    assert {each.date_time for each in members} == {(1980, 1, 1, 0, 0, 0)}
    assert members[0].filename == "[Content_Types].xml"
    assert not any("thumbnail" in each.filename for each in members)


def test_metadata_names_the_document_and_its_language() -> None:
    core = docx.Document(io.BytesIO(written(people.yuki()))).core_properties

    assert core.author == "髙橋 由紀"
    assert core.title.startswith("髙橋 由紀")
    assert core.language == "ja"
    assert core.last_modified_by == ""


def test_the_page_is_the_one_asked_for() -> None:
    opened = docx.Document(io.BytesIO(written(people.maya(), "ats_optimized"))).sections[0]

    assert opened.page_width is not None
    assert round(opened.page_width.mm, 1) == 215.9
    assert opened.left_margin is not None
    assert round(opened.left_margin.mm) == 20


def test_people_who_share_a_look_share_no_text() -> None:
    first, letter = written(people.maya()), written(people.letter())

    assert written(people.maya()) == first
    assert written(people.letter()) == letter
    assert not any(each.text == "Experience" for each in paragraphs(letter))


def test_markup_and_characters_no_file_may_hold_do_no_harm() -> None:
    document = people.maya()
    document.resume.header.full_name = "<w:p>Maya</w:p> & \ufffe\"Okonkwo\" 'M'"

    assert paragraphs(written(document))[0].text == "<w:p>Maya</w:p> & \"Okonkwo\" 'M'"


def test_no_style_of_tables_is_carried_along() -> None:
    styles = docx.Document(io.BytesIO(written(people.maya()))).styles

    assert [each.name for each in styles if each.type == WD_STYLE_TYPE.TABLE] == ["Normal Table"]
