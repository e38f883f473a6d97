import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from services.document.blocks import Contact, Entry, TextLine
from services.document.view import HeaderView, SectionView, present
from services.render.formats import html, page
from services.render.look import Look, look_of, tightened
from services.render.options import defaults
from services.render.templates import manifest
from tests.unit.render_formats import people
from vitae.resume.v1.resume_pb2 import SECTION_TYPE_EXPERIENCE

MODERN = manifest.all_templates()["modern"]
HOSTILE = (
    "<script>alert(1)</script>",
    "</style><img src=http://127.0.0.1:9/x onerror=alert(1)>",
    "{{ 7 * 7 }} {% raw %} {# note #}",
    "\"'><a href=javascript:alert(1)>x</a>",
    "}</p><style>*{display:none}</style>",
    "&lt;b&gt; &amp;amp; ]]> <!-- -->",
)


def look() -> Look:
    return look_of(defaults(MODERN), MODERN, "en")


def header(*contacts: Contact) -> HeaderView:
    return HeaderView("Maya Okonkwo", None, contacts, None)


def section(*entries: Entry) -> SectionView:
    return SectionView("s", SECTION_TYPE_EXPERIENCE, "experience", "Experience", entries)


@pytest.mark.parametrize("template", manifest.all_templates())
def test_hostile_text_stays_text(template: str) -> None:
    document = people.maya()
    resume = document.resume
    resume.header.full_name, resume.header.website = HOSTILE[0], "javascript:alert(1)"
    resume.sections[0].title, resume.sections[0].summary.lines[0].text = HOSTILE[1], HOSTILE[2]
    job = resume.sections[2].experience.entries[0]
    job.title, job.company, job.achievements[0].text = HOSTILE[3], HOSTILE[4], HOSTILE[5]

    written = html.write_html(present(document), manifest.all_templates()[template], look()).decode()

    assert written.count("<script") == written.count("<img") == 0
    assert written.count("<style>") == written.count("</style>") == 1
    assert "<a href=javascript" not in written
    assert 'href="javascript' not in written
    assert "{{ 7 * 7 }} {% raw %} {# note #}" in written
    assert "&amp;lt;b&amp;gt; &amp;amp;amp; ]]&gt; &lt;!-- --&gt;" in written


def test_a_page_loads_nothing() -> None:
    written = html.write_html(present(people.maya()), MODERN, look()).decode()

    assert re.search(r"<(script|link|iframe|object|embed|form|base)\b", written) is None
    assert "url(" not in written
    assert "@import" not in written
    assert "default-src 'none'" in written
    assert re.findall(r'src="(?!data:)', written) == []


@given(st.text(max_size=300))
def test_keeping_ends_together_changes_no_text(text: str) -> None:
    assert re.sub(r'<span class="whole">|</span>|<wbr/>', "", str(page.settled(text))) == str(escape(text))


def test_compounds_are_not_broken_at_their_hyphens() -> None:
    """pdftotext and PDFium read "on-" at a line's end and "call" on the next as "oncall"."""
    assert page.unbroken("carries on-call, state-of-the-art; -x 2019-") == (
        'carries <span class="whole">on-call,</span> <span class="whole">state-of-the-art;</span> -x 2019-'
    )
    assert page.unbroken("(CI/CD) 2019–2021 a.org/b?c=d") == (
        '<span class="whole">(CI/CD)</span> <span class="whole">2019–2021</span>'
        ' <span class="whole">a.org/b?c=d</span>'
    )


@pytest.mark.parametrize(
    "text", ["no joints here", "x" * 30 + "-" + "y" * 30, "- / –", "東京-大阪-京都", "end-"]
)
def test_what_has_no_joint_or_would_leave_the_page_may_be_broken(text: str) -> None:
    assert page.unbroken(text) == text


@pytest.mark.parametrize(
    ("end", "kept"),
    [
        ("minutes across five teams", "across five teams"),
        ("would look like to you.", "like to you."),
        ("with entry checks.", "entry checks."),
        ("and no visible interruptions at all", "interruptions at all"),
        ("in a reasonable amount of it", "amount of it"),
    ],
)
def test_the_last_line_of_a_long_text_has_more_than_a_short_word(end: str, kept: str) -> None:
    sentence = "Cut the time of a release from two days to some forty " + end

    assert page.settled(sentence).endswith(f' <span class="whole">{kept}</span>')


def test_no_end_is_kept_together_that_would_leave_a_hole_in_the_line_before() -> None:
    assert "whole" not in page.settled("It " * 30 + "unquestionably straightforward.")
    assert page.settled("Short.") == "Short."


def test_mail_phone_and_place_stand_before_pages() -> None:
    contacts = [Contact("website", "a.org"), Contact("email", "m@a.org"), Contact("location", "Lisbon")]

    rows = page.contact_rows(header(*contacts), MODERN, look())

    assert [[each.text for each in row.contacts] for row in rows] == [["m@a.org", "Lisbon"], ["a.org"]]


def test_rows_of_contacts_end_before_they_are_too_long() -> None:
    pages = tuple(Contact("website", f"{letter * 40}.example.org") for letter in "abc")
    endless = Contact("website", "x" * 300)

    rows = page.contact_rows(header(*pages, endless), MODERN, look())

    assert [len(row.contacts) for row in rows] == [1, 1, 1, 1]
    assert [row.size for row in rows] == [1, 1, 1, None]
    assert rows[-1].is_wide


def test_an_address_is_set_smaller_before_it_is_broken() -> None:
    assert page.size_on_one_line("a.example.org/short", look()) == 1
    assert 0.7 <= (page.size_on_one_line("a.example.org/" + "path-" * 20, look()) or 0) < 1
    assert page.size_on_one_line("a.example.org/" + "path-" * 60, look()) is None


def test_a_name_of_one_long_word_is_set_smaller() -> None:
    assert page.name_rem("Maya Okonkwo", MODERN, look()) is None
    assert 1 < (page.name_rem("Wolfeschlegelsteinhausenbergerdorffowitzkaya", MODERN, look()) or 0) < 2.4
    assert page.name_rem("x" * 400, MODERN, look()) == 1.2
    assert page.name_rem("", MODERN, look()) is None


def test_dates_stand_apart_only_where_full_lines_keep_them_with_their_entry() -> None:
    long, short = TextLine("word " * 40), TextLine("Led five engineers.")
    full = Entry("1", "Acme", "Engineer", dates="2019 – 2021", bullets=(short, long))
    brief = Entry("2", "Foo", "Junior", dates="2017 – 2019", bullets=(short,))

    assert page.holds_dates_apart(section(full), look())
    assert not page.holds_dates_apart(section(full, brief), look())
    assert not page.holds_dates_apart(section(), look())


def test_properties_take_numbers_and_colours_alone() -> None:
    hostile = Look(**{**vars(look()), "accent": "red;} body{display:none}"})

    with pytest.raises(ValueError, match="not #rrggbb"):
        page.properties(hostile, hostile.stack)


def test_tightening_ends_at_the_templates_limits() -> None:
    tight = tightened(look(), MODERN, 1)

    assert (tight.leading, tight.gaps) == (MODERN.tightest_line_spacing, MODERN.tightest_gaps)
    assert tightened(look(), MODERN, 0) == look()


def test_a_folder_is_a_template(tmp_path: Path) -> None:
    shutil.copytree(MODERN.folder, tmp_path / "mine")
    manifest_file = tmp_path / "mine" / "manifest.toml"
    manifest_file.write_text(manifest_file.read_text().replace('name = "Modern"', 'name = "Mine"'))

    template = manifest.read(tmp_path / "mine")
    written = html.write_html(present(people.maya()), template, look()).decode()

    assert (template.id, template.name) == ("mine", "Mine")
    assert template.version != MODERN.version
    assert "Ferrovia Payments" in written


def test_templates_differ_in_look_and_not_in_fields() -> None:
    versions = {each.version for each in manifest.all_templates().values()}

    assert next(iter(manifest.all_templates())) == "modern"
    assert len(versions) == len(manifest.all_templates())
