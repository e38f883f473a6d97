"""fit_pages: makes a document fit on a number of pages, spacing first, then the least relevant lines (SPEC R7).

    fitted = fit(view, template, look, pages, lay_out)    -> Fitted(layout, omitted)

1. As it is. 2. Lines and gaps tighter, no more than needed. 3. At the tightest, lines of entries and whole entries go,
as few as needed, in one order of worth: a line is worth less the lower it ranks in its own entry, an entry the older it
is. So a long career loses the later bullets of every job and its oldest jobs before any job is stripped; an entry keeps
its best line or goes as a whole. 4. What is left is given back as much space as it can take. Summary, skills, headings
and letters lose nothing.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from services.document.blocks import Block, Entry, Paragraph, TextLine
from services.document.view import DocumentView, SectionView
from services.render.look import Look, tightened
from services.render.templates.manifest import Template
from services.runtime.errors import FieldError, InvalidArgument
from vitae.render.v1.render_pb2 import OmittedLine

_STEPS = 3
"""Halvings of the spacing: an eighth of the range is less than a reader sees."""

_MOST_TIGHTENED = 0.68
"""Part of its length that a document keeps at the tightest spacing, at least: beyond it that is not tried alone."""

_OFTEN_TIGHTENED = 0.85
"""The same of a usual document: where the search begins, not where it ends."""

_RANK_COST, _AGE_COST, _ENTRY_COST = 0.12, 0.3, 0.18
"""What a line loses for each better line of its entry, an entry for being the oldest of its section, and an entry for
being whole: on the scale of relevance, 0 to 1, found by looking at careers of 3, 10 and 25 jobs on one page and two."""

_SECTION_WORTH = {"education": 0.4, "certifications": 0.2}
"""What entries are worth for standing where a reader looks for them, though no posting ranks them."""

_LATEST_WORTH = 0.3
"""What the latest entry of a section is worth more."""

_CHARACTERS_A_LINE = 95


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
    """A line or a whole entry that may go."""

    place: tuple[int, ...]
    """Its position: section, block, and the line in it; two numbers for a whole entry."""
    id: str
    worth: float
    height: int
    """Lines of a page, about."""


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

    length = natural.page_count * _OFTEN_TIGHTENED
    if (natural.page_count - 1) * _MOST_TIGHTENED <= pages:
        tight = at(1, view)
        if tight.page_count <= pages:
            return Fitted(loosest(view, tight), ())
        length = tight.page_count
    parts = droppable(view)
    guess = _guess(view, parts, pages / (length - 0.5))
    count, layout = _fewest(len(parts), guess, lambda number: at(1, without(view, parts[:number])), pages)
    if layout is None:
        raise InvalidArgument(
            f"The document does not fit on {pages} page{'s' if pages > 1 else ''}, not even with its lines left out.",
            reason="DOES_NOT_FIT",
            fields=[
                FieldError("options.fit_pages", f"ask for more pages; as it is it has {natural.page_count}")
            ],
        )
    dropped = parts[:count]
    return Fitted(loosest(without(view, dropped), layout), tuple(_omitted(view, dropped)))


def droppable(view: DocumentView) -> list[_Part]:
    """What may go, in the order it goes: the least worth first, among equals the later before the earlier."""
    parts: list[_Part] = []
    for s, section in enumerate(view.sections):
        entries = [b for b, block in enumerate(section.blocks) if isinstance(block, Entry)]
        for age, b in enumerate(entries):
            block = section.blocks[b]
            assert isinstance(block, Entry)
            parts += _parts(
                block, (s, b), section.name, age / max(4, len(entries) - 1) * _AGE_COST, latest=not age
            )
    return sorted(parts, key=lambda each: (each.worth, *(-at for at in each.place)))


def without(view: DocumentView, dropped: Sequence[_Part]) -> DocumentView:
    """The view less these parts; a section left empty goes with its heading."""
    places = {each.place for each in dropped}
    sections = (_less(section, s, places) for s, section in enumerate(view.sections))
    return replace(view, sections=tuple(each for each in sections if each.blocks))


def _parts(
    entry: Entry, place: tuple[int, int], section: str, age: float, *, latest: bool
) -> Iterator[_Part]:
    lines = _lines(entry)
    ranked = sorted(range(len(lines)), key=lambda n: (-lines[n].relevance, n))
    for rank, n in enumerate(ranked[1:], 1):
        worth = lines[n].relevance - rank * _RANK_COST - age / 2
        yield _Part((*place, n), lines[n].id, round(worth, 6), _height(lines[n].text))
    relevance = (entry.relevance + lines[ranked[0]].relevance) / 2 if lines else entry.relevance
    worth = relevance - _ENTRY_COST - age + _SECTION_WORTH.get(section, 0.0) + _LATEST_WORTH * latest
    yield _Part(place, entry.id, round(worth, 6), len(entry.head) + len(entry.items) + sum(
        _height(each.text) for each in lines[:1]
    ))  # fmt: skip


def _lines(entry: Entry) -> list[TextLine]:
    return [*(line for each in entry.paragraphs for line in each.lines), *entry.bullets]


def _height(text: str) -> int:
    return -(-len(text) // _CHARACTERS_A_LINE)


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


def _guess(view: DocumentView, parts: Sequence[_Part], share: float) -> int:
    """About how many parts have to go for this share of the document's height to stay."""
    heads = 6 + 2 * len(view.sections)
    others = sum(1 for section in view.sections for each in section.blocks if not isinstance(each, Entry))
    whole = heads + 2 * others + sum(each.height for each in parts)
    excess = whole * (1 - share)
    for number, part in enumerate(parts):
        if excess <= 0:
            return number
        excess -= part.height
    return len(parts)


def _fewest(most: int, guess: int, layout: Callable[[int], L], pages: int) -> tuple[int, L | None]:
    """The least number of parts to drop, and the layout without them; None when dropping all is not enough.

    Dropping none is known not to do. Begins at `guess` and doubles its steps until the answer lies between two tries.
    """
    low, high = 0, most + 1
    best: L | None = None
    step, at = max(1, math.ceil(most / 16)), min(max(1, guess), most)
    while high - low > 1:
        tried = layout(at)
        if tried.page_count <= pages:
            high, best = at, tried
            at = max(at - step, (low + high) // 2 if low else low + 1)
        else:
            low = at
            at = min(at + step, (low + high) // 2 if high <= most else most)
        step *= 2
    return high, best


def _omitted(view: DocumentView, dropped: Sequence[_Part]) -> Iterator[OmittedLine]:
    """What is left out in document order: of an entry that goes, its head and all that stands under it."""
    places = {each.place for each in dropped}
    for s, section in enumerate(view.sections):
        for b, block in enumerate(section.blocks):
            if not isinstance(block, Entry):
                continue
            gone = (s, b) in places
            if gone:
                head = " – ".join(each for each in (block.heading, block.subheading, block.dates) if each)
                yield OmittedLine(line_id=block.id, text=head, section=section.title)
            for n, line in enumerate(_lines(block)):
                if gone or (s, b, n) in places:
                    yield OmittedLine(line_id=line.id, text=line.text, section=section.title)
            for item in (each for group in block.items for each in group.items) if gone else ():
                yield OmittedLine(line_id=item.id, text=item.text, section=section.title)
