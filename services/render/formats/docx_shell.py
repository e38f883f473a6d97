"""The empty document that a look comes to: styles, page, numbering and fonts, made by python-docx once and kept.

shell = shell_of(template, look, locale="en", rtl=False)
document = shell.open()              shell.style_ids["List Bullet"] -> "ListBullet"
"""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType

import docx
from docx.document import Document as WordDocument
from docx.opc.oxml import serialize_part_xml
from docx.oxml import parse_xml
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement

from services.render.formats.docx_order import put_in_order
from services.render.formats.docx_styles import dress, sheet_of
from services.render.look import Look
from services.render.templates.manifest import Template

_LEFT_OUT = ("thumbnail.jpeg", "stylesWithEffects.xml")
"""Parts of the library's empty document: a picture of another document, and a second set of styles that belies ours."""

_KEPT = 32
"""Looks of which the empty document is kept, 20 KB each."""


@dataclass(frozen=True)
class Shell:
    """A document without text."""

    data: bytes
    style_ids: Mapping[str, str]
    """By the style's name."""

    def open(self) -> WordDocument:
        """A copy to write into."""
        return docx.Document(io.BytesIO(self.data))


@lru_cache(maxsize=_KEPT)
def shell_of(template: Template, look: Look, *, locale: str, rtl: bool) -> Shell:
    """The empty document of a look."""
    document = docx.Document(io.BytesIO(_blank()))
    dress(document, sheet_of(template), look, locale=locale, rtl=rtl)
    put_in_order(document.element)
    put_in_order(document.styles.element)
    out = io.BytesIO()
    document.save(out)
    return Shell(
        out.getvalue(), MappingProxyType({str(each.name): each.style_id for each in document.styles})
    )


@cache
def _blank() -> bytes:
    """The library's empty document without what is not ours."""
    source = Path(docx.__file__).parent / "templates" / "default.docx"
    out = io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith(_LEFT_OUT):
                continue
            if name.endswith(".rels") or name == "[Content_Types].xml":
                root = parse_xml(data)
                for each in list(root):
                    if (each.get("Target") or each.get("PartName") or "").endswith(_LEFT_OUT):
                        root.remove(each)
                data = serialize_part_xml(root)
            if name == "word/styles.xml":
                root = parse_xml(data)
                _forget_tables(root)
                data = serialize_part_xml(root)
            new.writestr(name, data)
    return out.getvalue()


def _forget_tables(styles: BaseOxmlElement) -> None:
    """Takes the styles of tables out: nine tenths of all there are, and no table is ever written."""
    for each in styles.findall(qn("w:style")):
        if each.get(qn("w:type")) == "table" and each.get(qn("w:default")) != "1":
            styles.remove(each)
