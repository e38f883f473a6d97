"""A tagged PDF as assistive programs see it: its structure tree, and the text of every piece of marked content.

tagged = TaggedPdf(data)        tagged.text()        [each for each in tagged.elements if each.kind == "H1"]
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pypdf
from pypdf.generic import ContentStream, DictionaryObject, IndirectObject

PAINTING = frozenset("Tj TJ ' \" f F f* B B* b b* S s sh Do EI INLINE IMAGE".split()) - {"INLINE", "IMAGE"}

Marked = tuple[int, int]
"""Page and number of marked content."""


@dataclass
class Element:
    """A structure element."""

    kind: str
    raw: Any
    parent: "Element | None"
    kids: list["Element | Marked | DictionaryObject"] = field(default_factory=list)
    """Elements, marked content, and references to annotations."""


class TaggedPdf:
    """A file, read."""

    def __init__(self, data: bytes) -> None:
        self.reader = pypdf.PdfReader(io.BytesIO(data))
        trailer: Any = self.reader.trailer
        self.root = trailer["/Root"]
        self.pages: list[Any] = list(self.reader.pages)
        self._numbers = {each.indirect_reference.idnum: number for number, each in enumerate(self.pages)}
        self.elements: list[Element] = []
        self.document = self._read(self.root["/StructTreeRoot"]["/K"][0], None)
        self.unmarked: list[str] = []
        """Painting operators outside of all marked content."""
        self.marked: dict[Marked, str] = {}
        """Text of marked content, in the order of painting."""
        self.codes: list[tuple[str, str]] = []
        """Every code shown, with what it says."""
        for number in range(len(self.pages)):
            self._scan(number)

    def text(self) -> str:
        """The text in the order of reading, a line for each block."""
        return "\n".join(" ".join(each.split()) for each in self._lines(self.document) if each.strip())

    def said_by(self, element: Element) -> str:
        """The text of an element."""
        if "/ActualText" in element.raw:
            return str(element.raw["/ActualText"])
        return "".join(
            self.said_by(each) if isinstance(each, Element) else self.marked[each]
            for each in element.kids
            if not isinstance(each, dict)
        )

    def _lines(self, element: Element) -> Iterator[str]:
        if element.kind in {"P", "H1", "H2", "H3", "Lbl", "LBody"}:
            yield self.said_by(element)
            return
        for each in element.kids:
            if isinstance(each, Element):
                yield from self._lines(each)

    def _read(self, raw: Any, parent: Element | None) -> Element:
        raw = raw.get_object()
        element = Element(str(raw["/S"]).removeprefix("/"), raw, parent)
        self.elements.append(element)
        kids = raw.get("/K", [])
        for kid in kids if isinstance(kids, list) else [kids]:
            resolved: Any = kid.get_object() if isinstance(kid, IndirectObject) else kid
            if isinstance(resolved, int):
                element.kids.append((self._numbers[raw.raw_get("/Pg").idnum], int(resolved)))
            elif resolved.get("/Type") == "/OBJR":
                element.kids.append(resolved)
            else:
                element.kids.append(self._read(resolved, element))
        return element

    def _scan(self, number: int) -> None:
        page = self.pages[number]
        fonts = {name: _says(font.get_object()) for name, font in page["/Resources"]["/Font"].items()}
        open_: list[int | None] = []
        says: dict[int, str] = {}
        for operands, operator in ContentStream(page["/Contents"].get_object(), self.reader).operations:
            name = operator.decode()
            if name in {"BDC", "BMC"}:
                properties = operands[1] if name == "BDC" else {}
                open_.append(properties.get("/MCID") if operands[0] != "/Artifact" else -1)
                if open_[-1] is not None and open_[-1] >= 0:
                    self.marked[number, open_[-1]] = ""
            elif name == "EMC":
                open_.pop()
            elif name == "Tf":
                says = fonts[operands[0]]
            if name in PAINTING and not any(each is not None for each in open_):
                self.unmarked.append(name)
            if name in {"TJ", "Tj"}:
                pieces = operands[0] if name == "TJ" else operands
                shown = b"".join(_bytes(each) for each in pieces if not isinstance(each, int | float))
                current = next((each for each in reversed(open_) if each is not None), -1)
                for code in (int.from_bytes(shown[at : at + 2]) for at in range(0, len(shown), 2)):
                    self.codes.append((f"{code:04x}", says.get(code, "")))
                    if current >= 0:
                        self.marked[number, current] += says.get(code, "")


def _bytes(shown: Any) -> bytes:
    return bytes(getattr(shown, "original_bytes", shown))


def _says(font: Any) -> dict[int, str]:
    """What a font's ToUnicode map says of each code."""
    table = font["/ToUnicode"].get_object().get_data().decode("ascii")
    return {
        int(code, 16): bytes.fromhex(said).decode("utf-16-be")
        for code, said in re.findall(r"^<([0-9a-f]{4})> <([0-9a-f]*)>$", table, re.MULTILINE)
    }
