"""Puts the properties of a DOCX part into the order its schema asks for (ECMA-376 part 1, annex A).

A word processor may call a file broken, or drop a property, when the children of a properties element stand in another
order than the schema's sequence; python-docx keeps it only for the properties that it knows.
"""

from collections.abc import Mapping

from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement

_PARAGRAPH = (
    "pStyle keepNext keepLines pageBreakBefore framePr widowControl numPr suppressLineNumbers pBdr shd tabs"
    " suppressAutoHyphens kinsoku wordWrap overflowPunct topLinePunct autoSpaceDE autoSpaceDN bidi adjustRightInd"
    " snapToGrid spacing ind contextualSpacing mirrorIndents suppressOverlap jc textDirection textAlignment"
    " textboxTightWrap outlineLvl divId cnfStyle rPr sectPr pPrChange"
)
_RUN = (
    "rStyle rFonts b bCs i iCs caps smallCaps strike dstrike outline shadow emboss imprint noProof snapToGrid vanish"
    " webHidden color spacing w kern position sz szCs highlight u effect bdr shd fitText vertAlign rtl cs em lang"
    " eastAsianLayout specVanish oMath"
)
_SECTION = (
    "headerReference footerReference footnotePr endnotePr type pgSz pgMar paperSrc pgBorders lnNumType pgNumType cols"
    " formProt vAlign noEndnote titlePg textDirection bidi rtlGutter docGrid printerSettings"
)
_BORDERS = "top left bottom right between bar"


def _ranks(names: str) -> Mapping[str, int]:
    return {qn(f"w:{name}"): rank for rank, name in enumerate(names.split())}


_ORDERS = {
    qn(f"w:{name}"): _ranks(names)
    for name, names in (("pPr", _PARAGRAPH), ("rPr", _RUN), ("sectPr", _SECTION), ("pBdr", _BORDERS))
}


PARAGRAPH_ORDER: Mapping[str, int] = {name: rank for rank, name in enumerate(_PARAGRAPH.split())}
"""Places of a paragraph's properties, by name without prefix."""

BORDER_ORDER: Mapping[str, int] = {name: rank for rank, name in enumerate(_BORDERS.split())}
"""Places of a paragraph's borders."""


def put_in_order(root: BaseOxmlElement) -> None:
    """Sorts the children of every properties element under `root`, in place."""
    for element in root.iter(*_ORDERS):
        ranks = _ORDERS[element.tag]
        children = list(element)
        ordered = sorted(children, key=lambda each: ranks.get(each.tag, len(ranks)))
        if ordered != children:
            element[:] = ordered
