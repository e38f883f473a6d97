"""A paragraph of WordprocessingML in the making (ECMA-376 part 1, 17.3): properties by name, runs in order, then XML.

    Written("ListBullet").space_before(3).run("Led a team.").xml()

Style ids, relation ids, colours and numbers are this program's own words; text is escaped.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Self

from docx.shared import Pt
from markupsafe import escape

from services.render.formats.docx_order import BORDER_ORDER, PARAGRAPH_ORDER

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML file may hold (XML 1.0, production 2): they are no text, and are left out."""


class Written:
    """One paragraph; lengths are in points."""

    __slots__ = ("_borders", "_properties", "_runs", "style")

    def __init__(self, style: str) -> None:
        self.style = style
        self._properties = {"pStyle": f'<w:pStyle w:val="{style}"/>'}
        self._borders: dict[str, Mapping[str, str]] = {}
        self._runs: list[str] = []

    def keep_with_next(self, keep: bool = True) -> Self:
        self._properties["keepNext"] = "<w:keepNext/>" if keep else '<w:keepNext w:val="0"/>'
        return self

    def space_before(self, points: float) -> Self:
        self._properties["spacing"] = f'<w:spacing w:before="{_twips(points)}"/>'
        return self

    def indent(self, points: float, *, hanging: float = 0) -> Self:
        by = f' w:hanging="{_twips(hanging)}"' if hanging else ""
        self._properties["ind"] = f'<w:ind w:left="{_twips(points)}"{by}/>'
        return self

    def tab_stop(self, points: float) -> Self:
        """Text after the next tab ends here."""
        self._properties["tabs"] = f'<w:tabs><w:tab w:val="right" w:pos="{_twips(points)}"/></w:tabs>'
        return self

    def border(self, side: str, attributes: Mapping[str, str]) -> Self:
        self._borders[side] = attributes
        return self

    def run(self, text: str, style: str = "", *, rtl: bool = False, half_points: int = 0) -> Self:
        """Appends text of one direction; `style` is the id of a character style, `half_points` a size of its own."""
        told = f'<w:rStyle w:val="{style}"/>' if style else ""
        if half_points:
            told += f'<w:sz w:val="{half_points}"/><w:szCs w:val="{half_points}"/>'
        if rtl:
            told += "<w:rtl/>"
        properties = f"<w:rPr>{told}</w:rPr>" if told else ""
        said = escape(_NOT_IN_XML.sub("", text))
        self._runs.append(f'<w:r>{properties}<w:t xml:space="preserve">{said}</w:t></w:r>')
        return self

    def tab(self) -> Self:
        self._runs.append("<w:r><w:tab/></w:r>")
        return self

    @contextmanager
    def hyperlink(self, relation: str) -> Iterator[None]:
        """What is written inside the block is a link."""
        self._runs.append(f'<w:hyperlink r:id="{relation}">')
        yield
        self._runs.append("</w:hyperlink>")

    def xml(self) -> str:
        """The paragraph, its properties in the order of the schema."""
        properties = dict(self._properties)
        if self._borders:
            sides = sorted(self._borders.items(), key=lambda each: BORDER_ORDER[each[0]])
            properties["pBdr"] = f"<w:pBdr>{''.join(_element(side, line) for side, line in sides)}</w:pBdr>"
        ordered = sorted(properties.items(), key=lambda each: PARAGRAPH_ORDER[each[0]])
        return f"<w:p><w:pPr>{''.join([xml for _, xml in ordered])}</w:pPr>{''.join(self._runs)}</w:p>"


def _element(name: str, attributes: Mapping[str, str]) -> str:
    written = "".join([f' {key}="{value}"' for key, value in attributes.items()])
    return f"<w:{name}{written}/>"


def _twips(points: float) -> int:
    """Twentieths of a point, as python-docx rounds them."""
    return int(Pt(points).twips)
