"""Which characters a font file can draw, in little memory.

characters = Characters(codes_of(font))      ord("é") in characters
"""

from collections.abc import Iterable, Iterator

from fontTools.ttLib import TTFont


class Characters:
    """A set of code points, a bit each: a set of numbers takes fifty times as much for Chinese."""

    __slots__ = ("_bits",)

    def __init__(self, codes: Iterable[int] = ()) -> None:
        self._bits = bytearray()
        self.add(codes)

    def add(self, codes: Iterable[int]) -> None:
        """Adds code points."""
        for code in codes:
            place = code >> 3
            if place >= len(self._bits):
                self._bits.extend(bytes(place + 1 - len(self._bits)))
            self._bits[place] |= 1 << (code & 7)

    def __contains__(self, code: int) -> bool:
        return code >> 3 < len(self._bits) and bool(self._bits[code >> 3] >> (code & 7) & 1)

    def __iter__(self) -> Iterator[int]:
        return (code for code in range(len(self._bits) * 8) if code in self)


def codes_of(font: TTFont) -> Iterable[int]:
    """Code points that a font maps to glyphs. The font's glyphs are numbers from then on.

    fontTools names every glyph of a font to read its character map: for ours that is 10 MB which a process never gives
    back. Numbers for names spare it.
    """
    font.setGlyphOrder(range(font["maxp"].numGlyphs))
    codes: Iterable[int] = font.getBestCmap().keys()
    return codes
