from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.document.blocks import Entry, Paragraph, TextLine
from services.document.view import DocumentView, HeaderView, SectionView
from services.render.fit import droppable, fit, without
from services.render.look import Look, look_of
from services.render.options import defaults
from services.render.templates.manifest import all_templates
from services.runtime.errors import InvalidArgument
from vitae.resume.v1.resume_pb2 import SECTION_TYPE_EXPERIENCE

MODERN = all_templates()["modern"]
LOOK = look_of(defaults(MODERN), MODERN, "en")
LINES_ON_A_PAGE = 20


@dataclass(frozen=True)
class Counted:
    """A layout that counts: an entry's head and each line take a line, scaled by the line spacing."""

    view: DocumentView
    look: Look

    @property
    def page_count(self) -> int:
        return max(1, -(-int(lines(self.view) * self.look.leading / LOOK.leading) // LINES_ON_A_PAGE))


def lines(view: DocumentView) -> int:
    return sum(
        1 + len(each.bullets) + sum(len(part.lines) for part in each.paragraphs)
        for section in view.sections
        for each in section.blocks
        if isinstance(each, Entry)
    )


def view_of(relevances: list[list[float]]) -> DocumentView:
    entries = tuple(
        Entry(
            id=f"e{e}",
            heading=f"Company {e}",
            paragraphs=(Paragraph((TextLine(f"about {e}", f"p{e}", 0.95),)),),
            bullets=tuple(TextLine(f"did {e}.{n}", f"b{e}.{n}", value) for n, value in enumerate(row)),
            relevance=0.5,
        )
        for e, row in enumerate(relevances)
    )
    section = SectionView("s", SECTION_TYPE_EXPERIENCE, "experience", "Experience", entries)
    return DocumentView("resume", "en", "ltr", "T", HeaderView("N", None, (), None), (section,), None)


def test_what_fits_is_left_alone() -> None:
    fitted = fit(view_of([[0.5] * 3]), MODERN, LOOK, 1, Counted)

    assert fitted.layout.look == LOOK
    assert fitted.omitted == ()


def test_spacing_goes_before_lines_and_no_further_than_needed() -> None:
    view = view_of([[0.5] * 9, [0.5] * 9])

    fitted = fit(view, MODERN, LOOK, 1, Counted)

    assert fitted.omitted == ()
    assert MODERN.tightest_line_spacing < fitted.layout.look.leading < LOOK.leading


def test_the_least_relevant_lines_go_first_and_are_told_in_order() -> None:
    view = view_of([[0.9, 0.1, 0.8] + [0.7] * 7, [0.9, 0.05, 0.8] + [0.7] * 9])

    fitted = fit(view, MODERN, LOOK, 1, Counted)

    assert {"did 0.1", "did 1.1"} <= {each.text for each in fitted.omitted}
    assert all(each.section == "Experience" and each.line_id for each in fitted.omitted)
    assert [each.line_id for each in fitted.omitted] == sorted(
        (each.line_id for each in fitted.omitted),
        key=lambda each: [int(part) for part in each[1:].split(".")],
    )
    assert "did 0.0" not in {each.text for each in fitted.omitted}


def test_among_equals_the_later_line_goes() -> None:
    assert [each.id for each in droppable(view_of([[0.5, 0.5], [0.5]]))][:3] == ["b1.0", "b0.1", "b0.0"]


def test_entries_go_when_lines_are_not_enough() -> None:
    fitted = fit(view_of([[] for _ in range(40)]), MODERN, LOOK, 1, Counted)

    assert fitted.layout.page_count == 1
    assert {"e39", "e30"} <= {each.line_id for each in fitted.omitted}


def test_what_cannot_fit_is_refused_with_the_number_of_pages() -> None:
    class Endless(Counted):
        page_count = 3

    with pytest.raises(InvalidArgument) as caught:
        fit(view_of([[0.5]]), MODERN, LOOK, 1, Endless)

    assert caught.value.reason == "DOES_NOT_FIT"
    assert "it has 3" in caught.value.fields[0].description


@given(st.lists(st.lists(st.floats(0, 1), max_size=12), min_size=1, max_size=12))
def test_nothing_is_lost_and_nothing_is_dropped_needlessly(relevances: list[list[float]]) -> None:
    view = view_of(relevances)

    fitted = fit(view, MODERN, LOOK, 1, Counted)

    parts = droppable(view)
    assert fitted.layout.page_count == 1
    assert {each.line_id for each in fitted.omitted} == {each.id for each in parts[: len(fitted.omitted)]}
    if fitted.omitted:
        one_more = without(view, parts[: len(fitted.omitted) - 1])
        tightest = Look(**{**vars(LOOK), "leading": MODERN.tightest_line_spacing})
        assert Counted(one_more, tightest).page_count > 1
