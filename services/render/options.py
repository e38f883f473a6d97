"""Options as a user gives them into options with every value, checked against the template (SPEC R3).

A value out of range is InvalidArgument naming `options.<field>` and what is allowed; an option that a format cannot
honour is refused, never ignored.
"""

import re
from collections.abc import Iterator

from services.document.paper import takes_letter_paper
from services.render.templates.manifest import Template
from services.runtime.errors import FieldError, InvalidArgument, Unimplemented
from vitae.render.v1.options_pb2 import (
    FORMAT_DOCX,
    FORMAT_PDF,
    FORMAT_PNG,
    PAGE_SIZE_A4,
    PAGE_SIZE_LETTER,
    DateFormat,
    Format,
    Margins,
    PageSize,
    RenderOptions,
)
from vitae.render.v1.templates_pb2 import OptionSpec

_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")

_LEAST_CONTRAST = 4.5
"""Contrast of text with the white page (WCAG 2.2, 1.4.3); paler text is taken for hidden by applicant systems too."""

_MOST_PAGES = 20


def resolve(
    options: RenderOptions, template: Template, format_: Format.ValueType, locale: str
) -> RenderOptions:
    """The options with every field set. `locale` is the document's, used where the options name none.

    Raises InvalidArgument with one field error for each option that is wrong, Unimplemented for what a format cannot
    do.
    """
    resolved = RenderOptions(
        font_family=options.font_family or template.font_family.default,
        base_font_size_pt=_number(options, "base_font_size_pt", template.base_font_size_pt.default),
        accent_color=(options.accent_color or template.accent_color).lower(),
        line_spacing=_number(options, "line_spacing", template.line_spacing.default),
        margins=options.margins if options.HasField("margins") else _margins(template),
        page_size=options.page_size or default_page_size(template, options.locale or locale),
        section_order=options.section_order,
        hidden_sections=options.hidden_sections,
        photo=options.photo if options.HasField("photo") else template.photo,
        date_format=options.date_format or _date_format(template.date_format.default),
        locale=options.locale or locale,
        fit_pages=options.fit_pages,
        min_fidelity=options.min_fidelity,
        pdf_a=options.pdf_a,
    )
    if failing := [*_failing(resolved, template), *_out_of_place(resolved, format_)]:
        raise InvalidArgument("The options cannot be used.", reason="OPTIONS_INVALID", fields=failing)
    if resolved.fit_pages and format_ == FORMAT_DOCX:
        raise Unimplemented(
            "fit_pages is not offered for DOCX: the word processor that opens the file decides its pages.",
            reason="OPTION_NOT_OFFERED",
            fields=[FieldError("options.fit_pages", "leave it out, or ask for pdf")],
        )
    return resolved


def specs(template: Template) -> list[OptionSpec]:
    """What each option of a template may be, for people and front-ends."""
    size, spacing, margins = template.base_font_size_pt, template.line_spacing, template.margins_mm
    return [
        OptionSpec(
            name="font_family", description="Typeface of the whole document.", choices=template.font_family.choices
        ),
        OptionSpec(
            name="base_font_size_pt",
            description="Size of body text in points; headings follow it.",
            minimum=size.minimum,
            maximum=size.maximum,
        ),
        OptionSpec(
            name="accent_color",
            description="Colour of headings as #rrggbb, with a contrast of at least 4.5 to 1 on white.",
        ),
        OptionSpec(
            name="line_spacing",
            description="Height of a line as a multiple of the font size.",
            minimum=spacing.minimum,
            maximum=spacing.maximum,
        ),
        OptionSpec(
            name="margins",
            description="Margins of the page in millimetres, all four.",
            minimum=margins.minimum,
            maximum=margins.maximum,
        ),
        OptionSpec(
            name="page_size",
            description="Paper. Unset: letter where the locale's region uses it (and for plain English), else A4.",
            choices=template.page_size.choices,
        ),
        OptionSpec(name="section_order", description="Section types that come first, in this order."),
        OptionSpec(name="hidden_sections", description="Section types left out."),
        OptionSpec(name="photo", description="True to show the portrait.", choices=["true", "false"]),
        OptionSpec(
            name="date_format", description="How dates are written.", choices=template.date_format.choices
        ),
        OptionSpec(name="locale", description="Language of titles and dates, instead of the document's."),
        OptionSpec(
            name="fit_pages",
            description="Pages to fit on (pdf and png): spacing first, then the least relevant lines; 0 for as many"
            " as needed.",
            minimum=0,
            maximum=_MOST_PAGES,
        ),
        OptionSpec(
            name="min_fidelity", description="Least parse fidelity (pdf and docx), or the export fails.",
            minimum=0, maximum=1,
        ),
        OptionSpec(name="pdf_a", description="True for PDF/A-2u (pdf).", choices=["true", "false"]),
    ]  # fmt: skip


def defaults(template: Template) -> RenderOptions:
    """The template's default of every option, for a document in English."""
    return resolve(RenderOptions(), template, FORMAT_PDF, "en")


def default_page_size(template: Template, locale: str) -> PageSize.ValueType:
    """The template's paper, or the one of the locale's region; English without a region is taken for American."""
    if template.page_size.default in template.page_size.choices:
        return PageSize.Value(f"PAGE_SIZE_{template.page_size.default.upper()}")
    return PAGE_SIZE_LETTER if takes_letter_paper(locale) else PAGE_SIZE_A4


def _failing(options: RenderOptions, template: Template) -> Iterator[FieldError]:
    yield from _wrong_numbers(options, template)
    if options.font_family not in template.font_family.choices:
        yield _one_of("font_family", template.font_family.choices)
    if not _COLOR.fullmatch(options.accent_color):
        yield FieldError("options.accent_color", "must be a colour such as #1d4e89")
    elif _contrast_with_white(options.accent_color) < _LEAST_CONTRAST:
        yield FieldError("options.accent_color", "is too pale to be read on white; choose a darker colour")
    if _page_size_name(options.page_size) not in template.page_size.choices:
        yield _one_of("page_size", template.page_size.choices)
    if _date_format_name(options.date_format) not in template.date_format.choices:
        yield _one_of("date_format", template.date_format.choices)
    if options.locale and not _LOCALE.fullmatch(options.locale):
        yield FieldError("options.locale", 'must be a language tag such as "en" or "pt-BR"')


def _wrong_numbers(options: RenderOptions, template: Template) -> Iterator[FieldError]:
    size, spacing = template.base_font_size_pt, template.line_spacing
    if not size.minimum <= options.base_font_size_pt <= size.maximum:
        yield _between("base_font_size_pt", size.minimum, size.maximum)
    if not spacing.minimum <= options.line_spacing <= spacing.maximum:
        yield _between("line_spacing", spacing.minimum, spacing.maximum)
    least, most = template.margins_mm.minimum, template.margins_mm.maximum
    for side in ("top_mm", "right_mm", "bottom_mm", "left_mm"):
        if not least <= getattr(options.margins, side) <= most:
            yield _between(f"margins.{side}", least, most)
    if not 0 <= options.fit_pages <= _MOST_PAGES:
        yield _between("fit_pages", 0, _MOST_PAGES)
    if not 0 <= options.min_fidelity <= 1:
        yield _between("min_fidelity", 0, 1)


def _out_of_place(options: RenderOptions, format_: Format.ValueType) -> Iterator[FieldError]:
    """Options that say something about the file and that this format cannot keep."""
    if options.pdf_a and format_ not in {FORMAT_PDF, FORMAT_PNG}:
        yield FieldError("options.pdf_a", "holds for the format pdf only")
    if options.fit_pages and format_ not in {FORMAT_PDF, FORMAT_PNG, FORMAT_DOCX}:
        yield FieldError(
            "options.fit_pages", "holds for the formats pdf and png only; this format has no pages"
        )
    if options.min_fidelity and format_ not in {FORMAT_PDF, FORMAT_DOCX}:
        yield FieldError("options.min_fidelity", "holds for the formats pdf and docx only")


def _number(options: RenderOptions, field: str, default: float) -> float:
    return float(getattr(options, field)) if options.HasField(field) else default  # type: ignore[arg-type]


def _margins(template: Template) -> Margins:
    top, right, bottom, left = template.margins_mm.default
    return Margins(top_mm=top, right_mm=right, bottom_mm=bottom, left_mm=left)


def _date_format(name: str) -> DateFormat.ValueType:
    return DateFormat.Value(f"DATE_FORMAT_{name.upper()}")


def _date_format_name(value: int) -> str:
    known = DateFormat.DESCRIPTOR.values_by_number.get(value)
    return known.name.removeprefix("DATE_FORMAT_").lower() if known else ""


def _page_size_name(value: int) -> str:
    known = PageSize.DESCRIPTOR.values_by_number.get(value)
    return known.name.removeprefix("PAGE_SIZE_").lower() if known else ""


def _contrast_with_white(color: str) -> float:
    """Contrast ratio of WCAG 2.2."""
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels
    )
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _one_of(field: str, choices: tuple[str, ...]) -> FieldError:
    return FieldError(f"options.{field}", f"must be one of {', '.join(choices)}")


def _between(field: str, least: float, most: float) -> FieldError:
    return FieldError(f"options.{field}", f"must be between {least:g} and {most:g}")
