"""What is printed of a document, and that every format prints it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from markdown_it import MarkdownIt

from services.document.blocks import Entry, ItemGroup
from services.document.locales import supported_languages
from services.document.markdown import escape, write_markdown
from services.document.plain import one_line
from services.document.text import content_text, write_text
from services.document.view import DocumentView, present
from tests.unit.document.documents import full_resume, letter
from tests.unit.document.profiles import TEXTS, messages
from vitae.render.v1 import options_pb2
from vitae.resume.v1 import common_pb2, document_pb2, resume_pb2

UNPRINTED = {"id", "locale", "source_ids", "content_type", "network", "username"}


def shown_markdown(source: str) -> str:
    """The text a reader of Markdown shows."""
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(source)
    return (
        re.sub(r"<[^>]*>", "", html)
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", '"')
        .replace("&amp;", "&")
    )


def printed_fields(message: Message) -> Iterator[str]:
    """Every text of a message that a reader has to find."""
    for field, value in message.ListFields():
        if isinstance(value, common_pb2.PartialDate):
            yield str(value.year)
        elif field.message_type is not None:
            for each in value if field.is_repeated else [value]:
                yield from printed_fields(each)
        elif field.name not in UNPRINTED and field.enum_type is None:
            for each in value if field.is_repeated else [value]:
                if isinstance(each, str):
                    yield re.sub(r"^https?://", "", each).removesuffix("/") if "://" in each else each


def block(view: DocumentView, name: str, index: int = 0) -> Any:
    return next(each for each in view.sections if each.name == name).blocks[index]


def test_every_format_prints_every_field_of_every_section_type() -> None:
    resume = full_resume()
    types = {each.WhichOneof("content") for each in resume.sections}
    assert types == {
        each.name for each in resume_pb2.ResumeSection.DESCRIPTOR.oneofs_by_name["content"].fields
    }
    view = present(resume)
    text, markdown = write_text(view), shown_markdown(write_markdown(view))
    fields = list(printed_fields(resume))
    assert len(fields) > 80
    for each in fields:
        assert each in text
        assert each in markdown


def test_every_format_prints_every_field_of_a_letter() -> None:
    view = present(document_pb2.Document(cover_letter=letter()))
    assert view.kind == "cover_letter"
    assert view.title == "Ana Sørensen – Cover Letter"
    assert view.letter is not None
    assert view.letter.date == "5 March 2025"
    assert [each.text for each in view.letter.paragraphs] == ["I build things. They last.", "Let us talk."]
    text, markdown = write_text(view), shown_markdown(write_markdown(view))
    for each in printed_fields(letter()):
        assert each in text
        assert each in markdown


def test_the_employer_stands_first_and_the_title_has_the_dates() -> None:
    entry = block(present(full_resume()), "experience")
    assert isinstance(entry, Entry)
    assert [(each.text, each.aside) for each in entry.head] == [
        ("Acme", "Porto"),
        ("Engineer", "Mar 2021 – Present"),
    ]
    assert (entry.start, entry.end) == ("2021-03", "")
    assert entry.link is not None
    assert entry.link.text == "acme.example"
    assert [(each.id, each.text) for each in entry.bullets] == [
        ("b1", "Cut latency by 40%"),
        ("b2", "Hired four"),
    ]
    assert [(each.label, each.text) for each in entry.items] == [("Technologies", "Kafka")]
    assert entry.relevance == 0.7


def test_dates_stand_beside_a_lone_heading() -> None:
    resume = resume_pb2.StructuredResume()
    job = resume.sections.add().experience.entries.add(title="Farmer", location="Faro")
    job.start_date.year = 2001
    entry = block(present(resume), "experience")
    assert [(each.text, each.aside) for each in entry.head] == [("Farmer", "Faro | 2001")]


def test_contacts_come_in_order_without_repetition() -> None:
    contacts = present(full_resume()).header.contacts
    assert [each.kind for each in contacts] == [
        "email",
        "phone",
        "location",
        "linkedin",
        "github",
        "website",
        "link",
    ]
    assert [each.text for each in contacts][3:] == [
        "www.linkedin.com/in/ana",
        "github.com/ana",
        "ana.example.org",
        "social.example/@ana",
    ]
    assert contacts[0].href == "mailto:ana@example.org"
    assert contacts[1].href == "tel:+351215550100"
    assert contacts[2].href == ""


def test_neighbours_without_details_share_a_line() -> None:
    view = present(full_resume())
    groups = next(each for each in view.sections if each.name == "interests").blocks
    assert [(each.label, each.text) for each in groups if isinstance(each, ItemGroup)] == [
        ("", "Chess, Rowing"),
        ("Birds", "Owls, Gulls"),
    ]


def test_sections_are_ordered_and_hidden_as_asked() -> None:
    resume = full_resume()
    resume.sections[2].hidden = True
    view = present(
        resume,
        section_order=[resume_pb2.SECTION_TYPE_EDUCATION, resume_pb2.SECTION_TYPE_SKILLS],
        hidden_sections=[resume_pb2.SECTION_TYPE_AWARDS],
    )
    names = [each.name for each in view.sections]
    assert names[:4] == ["education", "skills", "summary", "projects"]
    assert "experience" not in names
    assert "awards" not in names


def test_the_portrait_is_carried_only_when_asked() -> None:
    assert present(full_resume()).header.photo is None
    photo = present(full_resume(), photo=True).header.photo
    assert photo is not None
    assert photo.content_type == "image/png"


def test_what_is_empty_is_left_out() -> None:
    resume = resume_pb2.StructuredResume()
    resume.sections.add().summary.lines.add(text="  ")
    resume.sections.add().experience.entries.add(id="x")
    resume.sections.add().skills.categories.add().items.add(text="\u200b")
    resume.sections.add(title="Nothing")
    view = present(resume)
    assert view.sections == ()
    assert write_text(view) == "\n"


@pytest.mark.parametrize("locale", supported_languages())
def test_every_language_prints_its_own_titles_and_dates(locale: str) -> None:
    view = present(full_resume(), locale=locale, date_format=options_pb2.DATE_FORMAT_MONTH_YEAR_LONG)
    assert view.direction == ("rtl" if locale in {"ar", "fa", "he"} else "ltr")
    assert view.sections[-1].title == "Patents"
    text = write_text(view)
    for section in view.sections:
        assert f"\n{section.title}\n" in text
    assert locale == "en" or "Present" not in text or locale == "it"


def test_text_reads_well() -> None:
    resume = full_resume()
    del resume.sections[3:]
    assert content_text(resume) == (
        "Ana Sørensen\nStaff Engineer\nana@example.org\n+351 215 550 100\nLisbon, Portugal\nwww.linkedin.com/in/ana\n"
        "github.com/ana\nana.example.org\nsocial.example/@ana\n\n"
        "Summary\n-------\nBuilds payment systems. Leads small teams.\n\n"
        "Skills\n------\nLanguages: C#, Go\nMentoring\n\n"
        "Experience\n----------\nAcme | Porto\nEngineer | Mar 2021 – Present\nacme.example\nOwns billing.\n"
        "- Cut latency by 40%\n- Hired four\nTechnologies: Kafka\n"
    )


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(messages(resume_pb2.StructuredResume))
def test_any_resume_is_printed_on_clean_lines(resume: resume_pb2.StructuredResume) -> None:
    view = present(resume, photo=True)
    text = write_text(view)
    assert "\n\n\n" not in text
    assert one_line(text.replace("\n", "")) == text.replace("\n", "").strip()
    write_markdown(view)


HOSTILE = [
    "*bold* _it_ **x** __y__",
    "# heading",
    "C# and F#",
    "a # b #",
    "- item",
    "+ item",
    "1. item",
    "2) item",
    "> quote",
    "```code```",
    "~~~",
    "~~gone~~",
    "[text](javascript:alert(1))",
    "![x](y)",
    "[ref]: http://x",
    "<script>alert(1)</script>",
    "<http://x.example>",
    "&amp; &#35; R&D",
    "a | b",
    "|---|---|",
    "===",
    "---",
    "***",
    "back\\slash \\*",
    "ends with \\",
    "$x$",
    "snake_case_word",
    "Node.js 1.5 (beta)!",
    "    indented",
    "\ttab",
    ": definition",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_content_never_becomes_markup(text: str) -> None:
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(escape(one_line(text)))
    assert html.startswith("<p>")
    assert html.count("<") == 2
    assert shown_markdown(escape(one_line(text))).strip() == one_line(text)


@given(TEXTS)
def test_any_text_is_shown_as_it_is_everywhere_in_a_resume(text: str) -> None:
    resume = resume_pb2.StructuredResume()
    resume.header.full_name = text
    job = resume.sections.add(title=text).experience.entries.add(company=text, title=text)
    job.achievements.add(text=text)
    job.technologies.add(text=text)
    if not one_line(text):
        return
    shown = " ".join(shown_markdown(write_markdown(present(resume))).split())
    assert shown.count(" ".join(one_line(text).split())) >= 5
