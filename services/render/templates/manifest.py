"""Reads a template's folder: what it is called, what its options may be, which engine draws it.

templates/<id>/manifest.toml    name, audience, options with defaults and ranges, engine
               template.html    Jinja 2; blocks come from shared/blocks.html, so a section type is written once
               style.css        the look, in rem and custom properties that formats/page.py sets
               docx.toml        the same look as paragraph styles
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
SHARED = FOLDER / "shared"


@dataclass(frozen=True)
class Range:
    """What a number may be."""

    default: float
    minimum: float
    maximum: float


@dataclass(frozen=True)
class Choice:
    """What a word may be."""

    default: str
    choices: tuple[str, ...]


@dataclass(frozen=True)
class MarginRange:
    """What margins may be, in millimetres; the default is top, right, bottom, left."""

    default: tuple[float, float, float, float]
    minimum: float
    maximum: float


@dataclass(frozen=True)
class Template:
    """A template as its manifest describes it."""

    id: str
    folder: Path
    rank: int
    """Place in the listing; the least is the default."""
    name: str
    description: str
    audience: tuple[str, ...]
    version: str
    """Changes with every file that decides the output."""
    pdf_engine: str
    separator: str
    """Stands between parts of one line: contacts, an employer and its place."""
    aligned_dates: bool
    """True where dates may stand at the line's end; see formats/page.py for when they do."""
    name_rem: float
    """Size of the name, as a multiple of body text; style.css says the same."""
    contacts_rem: float
    """Size of the contacts; style.css says the same."""
    contacts_width: float
    """Part of a line that a row of contacts may fill; style.css says the same."""
    display_family: str
    """Family of names and headings where it is not the text's own; empty for the text's."""
    font_family: Choice
    base_font_size_pt: Range
    accent_color: str
    line_spacing: Range
    margins_mm: MarginRange
    date_format: Choice
    page_size: Choice
    photo: bool
    tightest_line_spacing: float
    """Least line spacing that fit_pages may choose."""
    tightest_gaps: float
    """Least factor on the space between blocks that fit_pages may choose."""


@cache
def all_templates() -> Mapping[str, Template]:
    """Every template by id, the default first."""
    found = [read(each.parent) for each in FOLDER.glob("*/manifest.toml")]
    return {each.id: each for each in sorted(found, key=lambda each: (each.rank, each.id))}


def read(folder: Path) -> Template:
    """The template of one folder."""
    manifest = tomllib.loads((folder / "manifest.toml").read_text(encoding="utf-8"))
    options, fit = manifest["options"], manifest["fit_pages"]
    return Template(
        id=folder.name,
        folder=folder,
        rank=manifest["rank"],
        name=manifest["name"],
        description=manifest["description"],
        audience=tuple(manifest["audience"]),
        version=f"{manifest['version']}+{_fingerprint(folder)[:12]}",
        pdf_engine=manifest["pdf"]["engine"],
        separator=manifest["look"]["separator"],
        aligned_dates=manifest["look"]["aligned_dates"],
        name_rem=manifest["look"]["name_rem"],
        contacts_rem=manifest["look"]["contacts_rem"],
        contacts_width=manifest["look"].get("contacts_width", 1.0),
        display_family=manifest["look"].get("display_family", ""),
        font_family=_choice(options["font_family"]),
        base_font_size_pt=_range(options["base_font_size_pt"]),
        accent_color=options["accent_color"]["default"],
        line_spacing=_range(options["line_spacing"]),
        margins_mm=_margins(options["margins"]),
        date_format=_choice(options["date_format"]),
        page_size=_choice(options["page_size"]),
        photo=options["photo"]["default"],
        tightest_line_spacing=float(fit["line_spacing"]),
        tightest_gaps=float(fit["gaps"]),
    )


def _range(table: Mapping[str, Any]) -> Range:
    return Range(float(table["default"]), float(table["minimum"]), float(table["maximum"]))


def _choice(table: Mapping[str, Any]) -> Choice:
    return Choice(table["default"], tuple(table["choices"]))


def _margins(table: Mapping[str, Any]) -> MarginRange:
    top, right, bottom, left = (float(each) for each in table["default"])
    return MarginRange((top, right, bottom, left), float(table["minimum"]), float(table["maximum"]))


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted((*folder.iterdir(), *SHARED.iterdir())):
        if path.is_file():
            digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
