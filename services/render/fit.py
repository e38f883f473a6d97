"""fit_pages: makes a document fit on a number of pages, spacing first, then the least relevant lines (SPEC R7).

    fitted = fit(view, template, look, pages, lay_out)    -> Fitted(layout, view, omitted)

1. As it is. 2. Lines and gaps tighter, no more than needed (bisection). 3. At the tightest, bullets and paragraphs of
entries go, the least relevant first, as few as needed (bisection); then whole entries, the least relevant first.
4. What is left is given back as much space as it can take. Summary, skills, headings and letters lose nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from services.document.blocks import Block, Entry, Paragraph
from services.document.view import DocumentView, SectionView
from services.render.look import Look, tightened
from services.render.templates.manifest import Template
from services.runtime.errors import FieldError, InvalidArgument
from vitae.render.v1.render_pb2 import OmittedLine

_STEPS = 4
"""Halvings of the spacing: a sixteenth of the range is less than a reader sees."""


class HasPages(Protocol):
    """What a layout must tell."""

    @property
    def page_count(self) -> int:
        """Number of pages."""


L = TypeVar("L", bound=HasPages)


@dataclass(frozen=True)
class Fitted(Generic[L]):
    """A layout that fits, and what was left out for it."""

    layout: L
    omitted: tuple[OmittedLine, ...]


@dataclass(frozen=True)
class _Part:
    """A line or a whole entry that may go; `place` is its position in the document, section and block first."""

    place: tuple[int, ...]
    id: str
    text: str
    section: str
    relevance: float


def fit(
    view: DocumentView, template: Template, look: Look, pages: int, lay_out: Callable[[DocumentView, Look], L]
) -> Fitted[L]:
    """The document on at most `pages` pages. Raises InvalidArgument when not even the headings fit."""
    natural = lay_out(view, look)
    if natural.page_count <= pages:
        return Fitted(natural, ())

    def at(share: float, kept: DocumentView) -> L:
        return lay_out(kept, tightened(look, template, share))

    def loosest(kept: DocumentView, tightest: L) -> L:
        """The layout with the most space among those that fit; `tightest` is known to."""
        low, high, best = 0.0, 1.0, tightest
        for _ in range(_STEPS):
            middle = (low + high) / 2
            layout = at(middle, kept)
            if layout.page_count <= pages:
                high, best = middle, layout
            else:
                low = middle
        return best

    tight = at(1, view)
    if tight.page_count <= pages:
        return Fitted(loosest(view, tight), ())
    parts = droppable(view)
    count, layout = _fewest(len(parts), lambda number: at(1, without(view, parts[:number])), pages)
    if layout is None:
        raise InvalidArgument(
            f"The document does not fit on {pages} page{'s' if pages > 1 else ''}, not even with its lines left out.",
            reason="DOES_NOT_FIT",
            fields=[
                FieldError("options.fit_pages", f"ask for more pages; as it is it has {natural.page_count}")
            ],
        )
    dropped = parts[:count]
    return Fitted(loosest(without(view, dropped), layout), _omitted(dropped))


def droppable(view: DocumentView) -> list[_Part]:
    """What may go, in the order it goes: lines before entries, the least relevant first, later before earlier."""
    lines: list[_Part] = []
    entries: list[_Part] = []
    for s, section in enumerate(view.sections):
        for b, block in enumerate(section.blocks):
            if not isinstance(block, Entry):
                continue
            heading = " – ".join(each for each in (block.heading, block.subheading, block.dates) if each)
            entries.append(_Part((s, b), block.id, heading, section.title, block.relevance))
            texts = [*(line for each in block.paragraphs for line in each.lines), *block.bullets]
            lines += [
                _Part((s, b, n), each.id, each.text, section.title, each.relevance)
                for n, each in enumerate(texts)
            ]
    return [*_least_first(lines), *_least_first(entries)]


def without(view: DocumentView, dropped: Sequence[_Part]) -> DocumentView:
    """The view less these parts; a section left empty goes with its heading."""
    places = {each.place for each in dropped}
    sections = (_less(section, s, places) for s, section in enumerate(view.sections))
    return replace(view, sections=tuple(each for each in sections if each.blocks))


def _less(section: SectionView, s: int, places: set[tuple[int, ...]]) -> SectionView:
    blocks: list[Block] = []
    for b, block in enumerate(section.blocks):
        if (s, b) in places:
            continue
        blocks.append(_entry_less(block, (s, b), places) if isinstance(block, Entry) else block)
    return replace(section, blocks=tuple(blocks))


def _entry_less(entry: Entry, at: tuple[int, int], places: set[tuple[int, ...]]) -> Entry:
    position = 0
    paragraphs = []
    for paragraph in entry.paragraphs:
        kept = [line for n, line in enumerate(paragraph.lines, position) if (*at, n) not in places]
        position += len(paragraph.lines)
        if kept:
            paragraphs.append(Paragraph(tuple(kept)))
    bullets = tuple(line for n, line in enumerate(entry.bullets, position) if (*at, n) not in places)
    return replace(entry, paragraphs=tuple(paragraphs), bullets=bullets)


def _least_first(parts: Sequence[_Part]) -> list[_Part]:
    return sorted(parts, key=lambda each: (each.relevance, *(-at for at in each.place)))


def _fewest(most: int, layout: Callable[[int], L], pages: int) -> tuple[int, L | None]:
    """The least number of parts to drop, and the layout without them; None when dropping all is not enough."""
    low, high = 0, most
    best = layout(high) if high else None
    if best is None or best.page_count > pages:
        return high, None
    while high - low > 1:
        middle = (low + high) // 2
        tried = layout(middle)
        if tried.page_count <= pages:
            high, best = middle, tried
        else:
            low = middle
    return high, best


def _omitted(dropped: Sequence[_Part]) -> tuple[OmittedLine, ...]:
    ordered = sorted(dropped, key=lambda each: each.place)
    return tuple(OmittedLine(line_id=each.id, text=each.text, section=each.section) for each in ordered)
