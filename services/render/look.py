"""What options come to in numbers: the one place where both page engines and DOCX take sizes and colours from."""

from dataclasses import dataclass, replace

from services.render.fonts import catalogue
from services.render.fonts.catalogue import TextFamily
from services.render.templates.manifest import Template
from vitae.render.v1.options_pb2 import PAGE_SIZE_A4, RenderOptions

PAPER_MM = {"letter": (215.9, 279.4), "a4": (210.0, 297.0)}
"""Width and height: ANSI Y14.1 and ISO 216."""


@dataclass(frozen=True)
class Look:
    """Sizes and colours of one document. Points are 1/72 inch."""

    family: TextFamily
    stack: tuple[str, ...]
    """Families in the order they are tried; the first is `family`."""
    display: TextFamily
    """Family of names and headings; mostly `family` again."""
    size_pt: float
    leading: float
    """Height of a line as a multiple of the size."""
    accent: str
    """#rrggbb."""
    page_mm: tuple[float, float]
    margins_mm: tuple[float, float, float, float]
    """Top, right, bottom, left."""
    gaps: float = 1.0
    """Factor on the space between blocks."""

    @property
    def measure_pt(self) -> float:
        """Width of the text."""
        return (self.page_mm[0] - self.margins_mm[1] - self.margins_mm[3]) * 72 / 25.4


def look_of(options: RenderOptions, template: Template, locale: str) -> Look:
    """The look of a template with resolved options (services.render.options.resolve has filled in every field)."""
    margins = options.margins
    return Look(
        family=catalogue.TEXT_FAMILIES[options.font_family],
        stack=catalogue.stack(options.font_family, locale),
        display=catalogue.TEXT_FAMILIES[template.display_family or options.font_family],
        size_pt=options.base_font_size_pt,
        leading=options.line_spacing,
        accent=options.accent_color,
        page_mm=PAPER_MM["a4" if options.page_size == PAGE_SIZE_A4 else "letter"],
        margins_mm=(margins.top_mm, margins.right_mm, margins.bottom_mm, margins.left_mm),
    )


def tightened(look: Look, template: Template, share: float) -> Look:
    """The look with lines and gaps moved by `share` (0 to 1) of the way to the template's tightest."""
    tightest = min(look.leading, template.tightest_line_spacing)
    return replace(
        look,
        leading=round(look.leading + (tightest - look.leading) * share, 4),
        gaps=round(1 + (template.tightest_gaps - 1) * share, 4),
    )
