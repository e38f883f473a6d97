"""The text of a DOCX file's body, straight from its XML: independent of the library that wrote it."""

import io
import zipfile
from collections.abc import Iterator
from importlib.metadata import version

from lxml import etree  # type: ignore[import-untyped]

from services.render.fidelity.reading import Observation, Reading
from services.runtime.errors import InvalidArgument

_NAME = f"body by lxml {version('lxml')}"
_BODY = "word/document.xml"
_LARGEST = 32 * 2**20
"""Bytes of body XML; a small archive can unfold to gigabytes."""

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_TINY_HALF_POINTS = 4


def read(data: bytes) -> tuple[Reading, Observation]:
    """The paragraphs in the order of the body, tables and text boxes where they stand; hidden runs and pictures.

    Raises InvalidArgument when this is no DOCX that can be read.
    """
    body = _body(data)
    lines = [line for each in body.iter(f"{_W}p") for line in _paragraph(each).split("\n")]
    hidden = tuple(text for run in body.iter(f"{_W}r") if _is_hidden(run) and (text := _texts(run).strip()))
    return Reading(_NAME, tuple(lines)), Observation(hidden, sum(1 for _ in body.iter(f"{_W}drawing")))


def _body(data: bytes) -> etree._Element:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(_BODY) as file:
            xml = file.read(_LARGEST + 1)
        if len(xml) > _LARGEST:
            raise InvalidArgument("The file's text is too large to read.", reason="FILE_TOO_LARGE")
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        return etree.fromstring(xml, parser)
    except (zipfile.BadZipFile, KeyError, etree.XMLSyntaxError, RuntimeError, OSError) as error:
        raise InvalidArgument("The file cannot be read as a DOCX.", reason="UNREADABLE_FILE") from error


def _paragraph(paragraph: etree._Element) -> str:
    """Its text without that of paragraphs inside it (text boxes), which come by themselves."""
    return "".join(_parts(paragraph))


def _parts(element: etree._Element) -> Iterator[str]:
    for each in element:
        if each.tag == f"{_W}t":
            yield each.text or ""
        elif each.tag == f"{_W}tab":
            yield "\t"
        elif each.tag in (f"{_W}br", f"{_W}cr"):
            yield "\n"
        elif each.tag == f"{_W}noBreakHyphen":
            yield "-"
        elif each.tag == f"{_W}softHyphen":
            yield "\u00ad"
        elif each.tag not in (f"{_W}p", f"{_W}pPr", f"{_W}rPr", f"{_W}del"):
            yield from _parts(each)


def _texts(run: etree._Element) -> str:
    return "".join(each.text or "" for each in run.iter(f"{_W}t"))


def _is_hidden(run: etree._Element) -> bool:
    properties = run.find(f"{_W}rPr")
    if properties is None:
        return False
    if properties.find(f"{_W}shd") is not None or properties.find(f"{_W}highlight") is not None:
        return False
    vanish = properties.find(f"{_W}vanish")
    if vanish is not None and vanish.get(f"{_W}val", "true") not in ("0", "false", "off"):
        return True
    colour, size = properties.find(f"{_W}color"), properties.find(f"{_W}sz")
    if colour is not None and colour.get(f"{_W}val", "").upper() == "FFFFFF" and not _is_on_ground(run):
        return True
    points = size.get(f"{_W}val", "") if size is not None else ""
    return points.isdigit() and int(points) < _TINY_HALF_POINTS


def _is_on_ground(run: etree._Element) -> bool:
    """Whether a table cell or paragraph around it has a colour of its own."""
    holders = run.iterancestors(f"{_W}tc", f"{_W}p")
    return any(each.find(f"{_W}{kind}/{_W}shd") is not None for each in holders for kind in ("tcPr", "pPr"))
