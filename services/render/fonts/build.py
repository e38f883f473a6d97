"""Builds the bundled fonts from Debian packages and one npm package.

    python -m services.render.fonts.build            (needs apt-get, dpkg-deb, npm, fonttools, brotli)

The result is committed, so nobody needs to run this to use Vitae. Fonts whose licence reserves their name are copied
byte for byte; the others are cut down to the scripts they serve and their outlines turned to TrueType, which makes
WeasyPrint a quarter faster than whole fonts do.
"""

import argparse
import bz2
import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from fontTools import subset
from fontTools.merge import Merger
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable

DEBIAN = {
    "fonts-crosextra-carlito": "Carlito.txt",
    "fonts-inter": "Inter.txt",
    "fonts-noto-cjk": "Noto-CJK.txt",
    "fonts-noto-core": "Noto.txt",
}
"""Packages, and the name their copyright file gets under licences/."""

CHARACTER_DATA = "unicode-data"
"""Debian package of the Unicode character database."""

EMOJI_PACKAGE = "@fontsource/noto-emoji@5.3.2"

UNIX_EPOCH = 0x7C259DC0
"""1970-01-01 in seconds since 1904, the earliest time that readers of fonts take without a warning."""

SHAPING = ["ccmp", "locl", "kern", "mark", "mkmk", "tnum", "lnum", "case"]
"""Layout features kept for alphabets. Ligatures and contextual alternates are not: they hide letters from parsers."""

WESTERN = (
    (0x20, 0x7E), (0xA0, 0x24F), (0x2B0, 0x2FF), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x52F),
    (0x1E00, 0x1EFF), (0x2000, 0x206F), (0x2070, 0x209F), (0x20A0, 0x20CF), (0x2100, 0x214F),
    (0x2190, 0x21FF), (0x2200, 0x22FF), (0x25A0, 0x25FF), (0x2C60, 0x2C7F), (0xA720, 0xA7FF),
)  # fmt: skip
"""Latin, Greek, Cyrillic, punctuation, currency, letterlike signs, arrows, operators, geometric shapes."""

SCRIPTS = (
    "Arabic Armenian Bengali Devanagari Georgian Gujarati Gurmukhi Hebrew Kannada Khmer Lao Malayalam Tamil Telugu Thai"
).split()


CJK_INDEX = {"jp": 0, "kr": 1, "sc": 2, "tc": 3}
"""Which font of the collection draws Han characters as a region is used to."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--target", type=Path, default=Path(__file__).parent)
    target = parser.parse_args().target
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        fetch(root)
        for old in (*target.glob("*.ttf"), *target.glob("*.otf")):
            old.unlink()
        build(root, target)


def fetch(root: Path) -> None:
    """Downloads and unpacks the sources under `root`."""
    run(["apt-get", "download", *DEBIAN, CHARACTER_DATA], root)
    for package in root.glob("*.deb"):
        run(["dpkg-deb", "-x", str(package), "."], root)
    run(["npm", "pack", "--silent", EMOJI_PACKAGE], root)
    run(["tar", "-xzf", next(iter(root.glob("*.tgz"))).name], root)


def build(root: Path, target: Path) -> None:
    """Writes the fonts and their licences to `target` from sources unpacked under `root`."""
    fonts = root / "usr/share/fonts"
    for style in ("Regular", "Italic", "Bold", "BoldItalic"):
        shutil.copyfile(fonts / f"truetype/crosextra/Carlito-{style}.ttf", target / f"Carlito-{style}.ttf")
    for style in ("Regular", "Italic", "SemiBold", "Bold", "BoldItalic"):
        font = TTFont(fonts / f"opentype/inter/Inter-{style}.otf", recalcTimestamp=False)
        cut(font, expand(WESTERN), SHAPING)
        save(quadratic(font), target / f"Inter-{style}.ttf")
    noto = fonts / "truetype/noto"
    for style in ("Regular", "Italic", "Bold", "BoldItalic"):
        font = TTFont(noto / f"NotoSerif-{style}.ttf", recalcTimestamp=False)
        cut(font, expand(WESTERN), SHAPING)
        save(font, target / f"NotoSerif-{style}.ttf")
    for script in SCRIPTS:
        for style in ("Regular", "Bold"):
            font = TTFont(noto / f"NotoSans{script}-{style}.ttf", recalcTimestamp=False)
            cut(font, font.getBestCmap(), ["*"])
            save(font, target / f"NotoSans{script}-{style}.ttf")
    for name in ("NotoSansSymbols2-Regular", "NotoSansMath-Regular"):
        font = TTFont(noto / f"{name}.ttf", recalcTimestamp=False)
        cut(font, [each for each in font.getBestCmap() if 0x2010 <= each < 0x2C00], [])
        save(font, target / f"{name}.ttf")
    for (region, style), characters in repertoires(root).items():
        source = fonts / f"opentype/noto/NotoSansCJK-{style}.ttc"
        font = TTFont(source, fontNumber=CJK_INDEX[region], recalcTimestamp=False)
        cut(font, characters, ["ccmp", "locl", "ljmo", "vjmo", "tjmo"])
        save(font, target / f"NotoSansCJK{region}-{style}.otf")
    emoji(root / "package", target)
    licences = target / "licences"
    licences.mkdir(exist_ok=True)
    for package, name in DEBIAN.items():
        shutil.copyfile(root / "usr/share/doc" / package / "copyright", licences / name)
    shutil.copyfile(root / "package/LICENSE", licences / "Noto-Emoji.txt")


def emoji(package: Path, target: Path) -> None:
    """Joins the web subsets of the one-colour Noto Emoji; sequences keep their single characters."""
    with tempfile.TemporaryDirectory() as folder:
        parts = []
        seen: set[int] = set()
        for source in sorted(package.glob("files/noto-emoji-[0-9]*-400-normal.woff2")):
            font = TTFont(source, recalcTimestamp=False)
            font.flavor = None
            wanted = {each for each in font.getBestCmap() if each > 0x200D} - seen
            if not wanted:
                continue
            seen |= wanted
            cut(font, wanted, [])
            parts.append(str(Path(folder) / source.with_suffix(".ttf").name))
            font.save(parts[-1])
        save(Merger().merge(parts), target / "NotoEmoji-Regular.ttf")


def cut(font: TTFont, characters: Iterable[int], features: list[str]) -> None:
    """Reduces a font, in place, to characters and layout features.

    The space stays in every font: Pango sets it in the font of the character before it.
    """
    options = subset.Options(
        layout_features=features, hinting=False, notdef_outline=True, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14, 16, 17],
        drop_tables=[*subset.Options().drop_tables, "BASE", "VORG", "vhea", "vmtx", "STAT", "DSIG", "meta"],
        desubroutinize=False,
    )  # fmt: skip
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes={*characters, 0x20, 0xA0} if 0x20 in font.getBestCmap() else characters)
    subsetter.subset(font)


def quadratic(font: TTFont, error_per_em: float = 1 / 2000) -> TTFont:
    """Turns CFF outlines into TrueType ones, wrong by at most `error_per_em` of the em."""
    glyphs, order = font.getGlyphSet(), font.getGlyphOrder()
    error = font["head"].unitsPerEm * error_per_em
    table = newTable("glyf")
    table.glyphOrder, table.glyphs = order, {}
    for name in order:
        pen = TTGlyphPen(glyphs)
        glyphs[name].draw(Cu2QuPen(pen, error, reverse_direction=True))
        table.glyphs[name] = glyph = pen.glyph()
        glyph.recalcBounds(table)
    font["loca"], font["glyf"] = newTable("loca"), table
    font["hmtx"].metrics = {
        name: (width, table[name].xMin if table[name].numberOfContours else 0)
        for name, (width, _) in font["hmtx"].metrics.items()
    }
    maxp = font["maxp"]
    maxp.tableVersion = 0x00010000
    for field in (
        "maxZones maxTwilightPoints maxStorage maxFunctionDefs maxInstructionDefs maxStackElements"
        " maxSizeOfInstructions maxComponentElements maxPoints maxContours maxCompositePoints maxCompositeContours"
        " maxComponentDepth"
    ).split():
        setattr(maxp, field, 1 if field == "maxZones" else 0)
    font["post"].formatType, font["post"].extraNames, font["post"].mapping = 2.0, [], {}
    for tag in ("CFF ", "VORG"):
        if tag in font:
            del font[tag]
    font.sfntVersion = "\x00\x01\x00\x00"
    return font


def save(font: TTFont, path: Path) -> None:
    font["head"].created = font["head"].modified = UNIX_EPOCH
    font.save(path)


def expand(ranges: Iterable[tuple[int, int]]) -> Iterator[int]:
    for first, last in ranges:
        yield from range(first, last + 1)


def repertoires(root: Path) -> dict[tuple[str, str], set[int]]:
    """Characters of each cut of Noto Sans CJK by region and weight.

    Japanese and Chinese have the same characters in bold, because a name is set in bold and may need any of them.
    Chinese adds the Table of General Standard Characters of 2013, which has what names need. Traditional Chinese has
    the first level of Big5 in regular weight; rarer characters and hanja are drawn by the other regions' fonts.
    """
    japanese, taiwan, korean = (encoded(each) for each in ("cp932", "big5", "cp949"))
    chinese = set(encoded("gb2312")) | set(general_standard(root))
    hangul = {each for each in korean if not is_han(each)}
    return {
        ("jp", "Regular"): set(japanese),
        ("jp", "Bold"): set(japanese),
        ("sc", "Regular"): chinese,
        ("sc", "Bold"): chinese,
        ("tc", "Regular"): {each for each, code in taiwan.items() if code < b"\xc9\x40"},
        ("kr", "Regular"): hangul,
        ("kr", "Bold"): hangul & set(encoded("euc_kr")),
    }


def encoded(charset: str) -> dict[int, bytes]:
    """Characters of the basic plane that a character set has, with their codes; ASCII is left to the text fonts."""
    codes = {}
    for each in (*range(0xA0, 0xD800), *range(0xF900, 0x10000)):
        with contextlib.suppress(UnicodeEncodeError):
            codes[each] = chr(each).encode(charset)
    return codes


def is_han(code: int) -> bool:
    return 0x3400 <= code < 0xA000 or 0xF900 <= code < 0xFB00


def general_standard(root: Path) -> Iterator[int]:
    """Characters with a position in the Table of General Standard Chinese Characters (Unihan's kTGH)."""
    with bz2.open(root / "usr/share/unicode/Unihan_OtherMappings.txt.bz2", "rt") as lines:
        for line in lines:
            code, _, rest = line.partition("\t")
            if rest.startswith("kTGH\t"):
                yield int(code.removeprefix("U+"), 16)


def run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
