from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.document.blocks import Entry, ItemGroup, Paragraph, TextLine
from services.document.view import DocumentView, HeaderView, SectionView
from services.render.fit import _omitted, droppable, fit, without
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


def ids(view: DocumentView) -> Iterator[str]:
    for section in view.sections:
        for each in section.blocks:
            assert isinstance(each, Entry)
            yield each.id
            yield from (line.id for part in each.paragraphs for line in part.lines)
            yield from (line.id for line in each.bullets)


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
    order = [each.id for each in droppable(view_of([[0.5, 0.5], [0.5, 0.5]]))]

    assert order.index("b1.1") < order.index("b0.1")
    assert order.index("b0.1") < order.index("b0.0")


def test_the_best_line_of_an_entry_goes_with_it_only() -> None:
    view = view_of([[0.1, 0.2], []])

    assert {each.id for each in droppable(view)} == {"b0.0", "b0.1", "e0", "e1"}  # "about" is the best line


def test_a_long_career_loses_old_jobs_before_any_job_is_stripped() -> None:
    """25 jobs of four lines each on two pages: the latest keep several lines, the oldest are gone as a whole."""
    fitted = fit(view_of([[0.9, 0.8, 0.7] for _ in range(25)]), MODERN, LOOK, 2, Counted)

    shown = fitted.layout.view.sections[0].blocks
    kept = [len(each.bullets) for each in shown if isinstance(each, Entry)]
    assert 8 <= len(kept) < 25
    assert kept[0] >= 2
    assert kept == sorted(kept, reverse=True)
    assert all(isinstance(each, Entry) and each.paragraphs for each in shown)
    assert {f"e{n}" for n in range(20, 25)} <= {each.line_id for each in fitted.omitted}


def test_an_omitted_entry_is_told_with_all_that_stood_under_it() -> None:
    view = view_of([[0.9] * 9, [0.1, 0.1]])
    section = view.sections[0]
    latest, old = section.blocks
    assert isinstance(old, Entry)
    old = replace(old, items=(ItemGroup("Tools", (TextLine("Go", "t1"), TextLine("C", "t2"))),))
    view = replace(view, sections=(replace(section, blocks=(latest, old)),))
    parts = [each for each in droppable(view) if each.place == (0, 1)]

    told = list(_omitted(view, parts))

    assert [each.line_id for each in told] == ["e1", "p1", "b1.0", "b1.1", "t1", "t2"]
    assert told[0].text == "Company 1"
    assert without(view, parts).sections[0].blocks == (latest,)


def test_few_layouts_are_tried() -> None:
    tried = []

    def lay_out(view: DocumentView, look: Look) -> Counted:
        tried.append(view)
        return Counted(view, look)

    fit(view_of([[0.5] * 4 for _ in range(25)]), MODERN, LOOK, 2, lay_out)

    assert len(tried) <= 12


def test_entries_go_when_lines_are_not_enough() -> None:
    fitted = fit(view_of([[] for _ in range(40)]), MODERN, LOOK, 1, Counted)

    assert fitted.layout.page_count == 1
    assert {"e39", "e30"} <= {each.line_id for each in fitted.omitted}
    assert "e0" not in {each.line_id for each in fitted.omitted}


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
    shown, told = set(ids(fitted.layout.view)), {each.line_id for each in fitted.omitted}
    assert shown | told == set(ids(view))
    assert not shown & told
    if fitted.omitted:
        count = next(n for n in range(len(parts) + 1) if without(view, parts[:n]) == fitted.layout.view)
        tightest = Look(**{**vars(LOOK), "leading": MODERN.tightest_line_spacing})
        assert Counted(without(view, parts[: count - 1]), tightest).page_count > 1
