import pytest

from services.render import options as render_options
from services.render.templates.manifest import all_templates
from services.runtime.errors import InvalidArgument, Unimplemented
from vitae.render.v1.options_pb2 import (
    DATE_FORMAT_ISO,
    DATE_FORMAT_MONTH_YEAR_SHORT,
    FORMAT_DOCX,
    FORMAT_HTML,
    FORMAT_PDF,
    FORMAT_PNG,
    FORMAT_TXT,
    PAGE_SIZE_A4,
    PAGE_SIZE_LETTER,
    Margins,
    RenderOptions,
)

MODERN = all_templates()["modern"]
SET = {each.name for each in RenderOptions.DESCRIPTOR.fields if each.has_presence}


def test_every_option_gets_a_value_and_what_was_given_is_kept() -> None:
    given = RenderOptions(
        base_font_size_pt=10, accent_color="#AA0011", date_format=DATE_FORMAT_ISO, photo=True
    )

    resolved = render_options.resolve(given, MODERN, FORMAT_PDF, "de")

    assert {field.name for field, _ in resolved.ListFields()} >= SET - {"locale"}
    assert (resolved.base_font_size_pt, resolved.accent_color, resolved.photo) == (10, "#aa0011", True)
    assert resolved.date_format == DATE_FORMAT_ISO
    assert resolved.font_family == "Inter"
    assert resolved.locale == "de"
    assert render_options.resolve(resolved, MODERN, FORMAT_PDF, "de") == resolved


def test_defaults_of_every_template_lie_in_its_own_ranges() -> None:
    for template in all_templates().values():
        assert render_options.defaults(template).date_format == DATE_FORMAT_MONTH_YEAR_SHORT


@pytest.mark.parametrize(
    ("options", "field", "words"),
    [
        (RenderOptions(font_family="Comic Sans"), "options.font_family", "Inter, Carlito, Noto Serif"),
        (RenderOptions(base_font_size_pt=8), "options.base_font_size_pt", "between 8.5 and 12"),
        (RenderOptions(base_font_size_pt=float("nan")), "options.base_font_size_pt", "between 8.5 and 12"),
        (RenderOptions(line_spacing=2), "options.line_spacing", "between 1.15 and 1.8"),
        (RenderOptions(accent_color="red; } body { display: none"), "options.accent_color", "colour such as"),
        (RenderOptions(accent_color="#12345g"), "options.accent_color", "colour such as"),
        (RenderOptions(accent_color="#f4f4f4"), "options.accent_color", "too pale"),
        (RenderOptions(margins=Margins(top_mm=20)), "options.margins.right_mm", "between 10 and 40"),
        (RenderOptions(page_size=9), "options.page_size", "letter, a4"),  # type: ignore[arg-type]
        (RenderOptions(date_format=99), "options.date_format", "month_year_short"),  # type: ignore[arg-type]
        (RenderOptions(locale="en/../x"), "options.locale", "language tag"),
        (RenderOptions(fit_pages=21), "options.fit_pages", "between 0 and 20"),
        (RenderOptions(fit_pages=-1), "options.fit_pages", "between 0 and 20"),
        (RenderOptions(min_fidelity=1.5), "options.min_fidelity", "between 0 and 1"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(options: RenderOptions, field: str, words: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        render_options.resolve(options, MODERN, FORMAT_PDF, "en")

    assert {each.field: each.description for each in caught.value.fields}[field].count(words) == 1


def test_all_wrong_options_are_told_at_once() -> None:
    with pytest.raises(InvalidArgument) as caught:
        render_options.resolve(RenderOptions(line_spacing=9, font_family="X"), MODERN, FORMAT_PDF, "en")

    assert [each.field for each in caught.value.fields] == ["options.line_spacing", "options.font_family"]


@pytest.mark.parametrize(
    ("options", "format_", "field"),
    [
        (RenderOptions(pdf_a=True), FORMAT_DOCX, "options.pdf_a"),
        (RenderOptions(fit_pages=1), FORMAT_HTML, "options.fit_pages"),
        (RenderOptions(min_fidelity=0.9), FORMAT_TXT, "options.min_fidelity"),
        (RenderOptions(min_fidelity=0.9), FORMAT_PNG, "options.min_fidelity"),
    ],
)
def test_what_a_format_cannot_keep_is_refused(options: RenderOptions, format_: int, field: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        render_options.resolve(options, MODERN, format_, "en")  # type: ignore[arg-type]

    assert [each.field for each in caught.value.fields] == [field]


def test_pages_of_a_word_file_cannot_be_fitted() -> None:
    with pytest.raises(Unimplemented, match="word processor"):
        render_options.resolve(RenderOptions(fit_pages=1), MODERN, FORMAT_DOCX, "en")


@pytest.mark.parametrize(
    ("locale", "size"),
    [
        ("", PAGE_SIZE_LETTER),
        ("en", PAGE_SIZE_LETTER),
        ("en-US", PAGE_SIZE_LETTER),
        ("es-MX", PAGE_SIZE_LETTER),
        ("en-GB", PAGE_SIZE_A4),
        ("de", PAGE_SIZE_A4),
        ("zh-Hant-TW", PAGE_SIZE_A4),
    ],
)
def test_paper_follows_the_region(locale: str, size: int) -> None:
    assert render_options.default_page_size(MODERN, locale) == size


def test_the_listing_says_what_each_option_may_be() -> None:
    listed = {each.name for each in render_options.specs(MODERN)}

    assert listed == {each.name for each in RenderOptions.DESCRIPTOR.fields}
