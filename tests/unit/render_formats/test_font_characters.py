"""Character maps of fonts, read without the names of glyphs."""

from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from services.render.fonts import catalogue
from services.render.fonts.characters import Characters, codes_of


@pytest.mark.parametrize("path", catalogue.files(), ids=lambda each: each.stem)
def test_a_bundled_font_has_the_characters_that_its_names_say(path: Path) -> None:
    with TTFont(path, lazy=True) as font:
        theirs = set(font.getBestCmap())
    with TTFont(path, lazy=True) as font:
        ours = Characters(codes_of(font))

    assert set(ours) == theirs


def test_characters_tell_what_they_hold() -> None:
    characters = Characters(range(0x41, 0x5B))
    characters.add([0x1F600])

    asked = (0x40, 0x41, 0x5A, 0x5B, 0x1F600, 0x10FFFF)
    assert [chr(each) for each in asked if each in characters] == ["A", "Z", "😀"]
