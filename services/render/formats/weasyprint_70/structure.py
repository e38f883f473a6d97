"""The structure tree of a tagged PDF: what assistive programs read, in the order of reading (ISO 32000-1, 14.7).

Unlike WeasyPrint's, it has no element for a line's pieces: a paragraph holds its text itself. That is a third of the
objects of a page, and of what tags cost. A bullet is the label of its list item. Right-to-left text says what it is in
logical order (ActualText, 14.9.4): a page holds its glyphs as they are drawn, from left to right. So does text with a
blank that is not drawn.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pydyf
from weasyprint.formatting_structure import boxes
from weasyprint.layout.absolute import AbsolutePlaceholder
from weasyprint.pdf import stream, tags

from services.render.formats.weasyprint_70.line_ends import begins_with_blank, ends_with_blank
from services.render.formats.weasyprint_70.replacement import Replacement

_KINDS = {
    "main": b"Part", "header": b"Sect", "section": b"Sect", "p": b"P",
    "h1": b"H1", "h2": b"H2", "h3": b"H3", "ul": b"L", "a": b"Link", "img": b"Figure",
}  # fmt: skip
"""Standard structure types (14.8.4) by element. What stands inside a line, such as span and b, has none, nor
has what only groups for the look."""

_ATTRIBUTES = {b"L": b"/A <</O /List/ListNumbering /Disc>>"}

_LABEL = "li::before"

_PIXELS = 0.75
"""Points."""

_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")

_build_box_tree = tags._build_box_tree  # noqa: SLF001 - it is to be replaced


class Element(pydyf.Object):  # type: ignore[misc] # pydyf is untyped
    """A structure element whose kids are numbers of marked content, or references, as bytes."""

    def __init__(self, kind: bytes, page: bytes, parent: bytes) -> None:
        super().__init__()
        self.kind, self.page, self.parent = kind, page, parent
        self.kids: list[bytes] = []
        self.more = _ATTRIBUTES.get(kind, b"")

    @property
    def data(self) -> bytes:
        return b"<</Type /StructElem/S /%b/P %b/Pg %b/K [%b]%b>>" % (
            self.kind, self.parent, self.page, b" ".join(self.kids), self.more,
        )  # fmt: skip


class _Page:
    """Builds the elements of one page."""

    def __init__(self, pdf: Any, number: int, nums: Any, annotations: Any, marked: Any) -> None:
        self._pdf, self._nums, self._annotations, self._marked = pdf, nums, annotations, marked
        self._reference = pdf.page_references[number]

    def add(self, box: Any, parent: Any, owner: Any) -> None:
        """Adds what a box holds to its parent's kids; `owner` is the HTML element that the parent stands for."""
        box = box._box if isinstance(box, AbsolutePlaceholder) else box  # noqa: SLF001
        if isinstance(box, boxes.TextBox):
            self._text(box, parent)
            return
        element = self._element_of(box, parent, owner)
        if element is not None:
            parent, owner = element, box.element
        if box.link_annotation:
            self._link(box.link_annotation, parent)
        if isinstance(box, boxes.ReplacedBox):
            self._hold(self._marked.pop(box)["mcid"], parent)
        for child in getattr(box, "children", ()):
            self.add(child, parent, owner)

    def _element_of(self, box: Any, parent: Any, owner: Any) -> Element | None:
        """The element that stands for a box, or None where its parent holds what is in it."""
        if box.element is None or isinstance(box, boxes.LineBox):
            return None
        if box.element_tag == _LABEL:
            return self._label(parent)
        if box.element is owner:
            return None
        if box.element_tag == "li":
            return self._new(b"LBody", self._new(b"LI", parent))
        kind = _KINDS.get(box.element_tag)
        if kind is None:
            return None
        made = self._new(kind, parent)
        if kind == b"Figure":
            made.more = self._figure(box)
        return made

    def _new(self, kind: bytes, parent: Any) -> Element:
        made = Element(kind, self._reference, parent.reference)
        self._pdf.add_object(made)
        parent.kids.append(made.reference)
        return made

    def _label(self, body: Any) -> Element | None:
        """The label of the list item that `body` belongs to, before it."""
        if getattr(body, "kind", None) != b"LBody":
            return None
        item = self._pdf.objects[int(body.parent.split()[0])]
        made = self._new(b"Lbl", item)
        item.kids.insert(0, item.kids.pop())
        return made

    def _figure(self, box: Any) -> bytes:
        page = self._pdf.objects[int(self._reference.split()[0])]
        top = float(page["MediaBox"][3])
        x, y = box.content_box_x() * _PIXELS, top - box.content_box_y() * _PIXELS
        corners = pydyf.Array((x, y - box.height * _PIXELS, x + box.width * _PIXELS, y))
        alternative = pydyf.String(box.element.attrib.get("alt", ""))
        return b"/A <</O /Layout/BBox %b>>/Alt %b" % (corners.data, alternative.data)

    def _link(self, annotation: Any, parent: Any) -> None:
        self._annotations.append((parent.reference, annotation))
        parent.kids.append(b"<</Type /OBJR/Obj %b/Pg %b>>" % (annotation.reference, self._reference))

    def _text(self, box: Any, parent: Any) -> None:
        number = self._marked.pop(box)["mcid"]
        said = box.text
        blank = said.isspace() or begins_with_blank(box)
        if blank or box.style["direction"] == "rtl" or (not said.isascii() and _RIGHT_TO_LEFT.search(said)):
            said = f"{' ' * begins_with_blank(box)}{said}{' ' * ends_with_blank(box)}"
            parent = self._new(b"Span", parent)
            parent.more = b"/ActualText " + pydyf.String(said).data
        self._hold(number, parent)

    def _hold(self, number: int, parent: Any) -> None:
        parent.kids.append(b"%d" % number)
        self._nums[number] = parent.reference


def _box_tree(
    box: Any, parent: Any, pdf: Any, page_number: int, nums: Any, annotations: Any, marked: Any
) -> Iterator[Any]:
    """WeasyPrint's function for a page: yields the elements that its document holds."""
    top = Element(b"Document", b"", parent.reference)
    top.number = parent.number
    _Page(pdf, page_number, nums, annotations, marked).add(box, top, None)
    return (pdf.objects[int(each.split()[0])] for each in top.kids)


@contextmanager
def _mark(self: Any, box: Any, tag: str) -> Iterator[None]:
    marked = self._tags
    if marked is None:
        yield
        return
    number = len(marked)
    marked[box] = {"tag": tag, "mcid": number}
    self.stream.append(b"/%b\n<</MCID %d>>\nBDC" % (tag.encode(), number))
    try:
        yield
    finally:
        self.end_marked_content()


REPLACEMENTS = (
    Replacement(tags, "_build_box_tree", "f716251a83e7096e", _box_tree),
    Replacement(stream.Stream, "marked", "3fa3acacbbf66422", _mark),
)
