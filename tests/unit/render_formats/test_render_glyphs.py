import pytest

from services.document.locales import supported_languages, words
from services.document.view import present
from services.render import engine, glyphs
from services.render.fonts import catalogue
from services.runtime.errors import InvalidArgument
from tests.unit.render_formats import people
from vitae.render.v1.options_pb2 import FORMAT_PDF, RenderOptions


@pytest.mark.parametrize(
    "text",
    [
        "Zażółć gęślą jaźń, Ðiện Biên Phủ, İstanbul, 1 500 €",
        "Ελληνικά, Български, Українська ґ",
        "髙橋 由紀 渋谷 𠮷"[:-1],
        "李喆堃 玥 祎 镕 翀",
        "臺灣 陳怡君",
        "한국어 김민준 뷁",
        "العربية فارسی اردو עברית",
        "हिन्दी ไทย বাংলা தமிழ் ქართული հայերեն",
        "🚀 ✅ 👩‍💻 🇵🇹 → ★ ≥ ½",
    ],
)
def test_scripts_people_write_resumes_in_are_covered(text: str) -> None:
    assert glyphs.uncovered([text]) == []


def test_a_character_of_no_font_is_refused_by_name() -> None:
    document = people.maya()
    document.resume.header.full_name = "Maya \U00012000 Okonkwo \ue000"

    with pytest.raises(InvalidArgument) as caught:
        glyphs.check(present(document))

    assert caught.value.reason == "GLYPHS_MISSING"
    assert "U+12000 CUNEIFORM SIGN A" in caught.value.fields[0].description
    assert caught.value.metadata["characters"] == "U+E000 U+12000"


@pytest.mark.parametrize("language", supported_languages())
def test_the_words_we_add_are_covered(language: str) -> None:
    known = words(language)

    assert (
        glyphs.uncovered(
            [*known.titles.values(), *known.labels.values(), known.list_mark, known.label_mark, known.comma]
        )
        == []
    )


def test_a_plan_is_refused_for_what_is_printed_alone() -> None:
    document = people.maya()
    assert glyphs.all_covered(document)

    document.resume.metadata.top_skills.append("\U00012000")
    assert not glyphs.all_covered(document)
    engine.plan(document, FORMAT_PDF, "", RenderOptions())

    document.resume.header.full_name = "\U00012000"
    with pytest.raises(InvalidArgument, match="no bundled font"):
        engine.plan(document, FORMAT_PDF, "", RenderOptions())


def test_every_text_of_a_view_is_looked_at() -> None:
    found = set(glyphs.texts(present(people.full())))

    assert {"Maya Okonkwo", "Ana Matos", "touring", "Engineer of the Year", "USENIX ;login:"} <= found


@pytest.mark.parametrize(
    ("locale", "first"),
    [
        ("ja", "Noto Sans CJK JP"),
        ("zh-CN", "Noto Sans CJK SC"),
        ("zh-Hant", "Noto Sans CJK TC"),
        ("zh-TW", "Noto Sans CJK TC"),
        ("ko-KR", "Noto Sans CJK KR"),
        ("en", "Noto Sans CJK SC"),
    ],
)
def test_han_characters_take_the_shapes_of_the_language(locale: str, first: str) -> None:
    stack = catalogue.stack("Inter", locale)

    assert stack[:2] == ("Inter", first)
    assert set(stack) == set(catalogue.coverage())


def test_every_font_has_its_licence() -> None:
    licences = (catalogue.FOLDER / "licences").iterdir()

    assert sum("Open Font License" in each.read_text(errors="replace") for each in licences) == 5
