"""WeasyPrint 70.0's slowest functions, written again for speed: same results, a quarter less time.

    replaced()        -> puts them in place, once, in the process that draws; False when this is another WeasyPrint

Nothing here changes what is drawn: tests/integration/render_formats/test_weasyprint_70.py renders with and without and
compares the files. Three change what is read: codes.py for scripts whose letters and glyphs do not go one by one,
line_ends.py for the blanks between lines, structure.py for those who follow the tags. Each replacement names the
fingerprint of the source it stands for, so a WeasyPrint that changed one of them is left as it is, and that test says
so.

What each is worth was measured on one page of text, all others in place, as the share of a rendering's CPU time that
goes away (medians of 20 interleaved rounds; together they take away 27 %, the style sheet and parser of
weasy_source.py 12 % before that):

    styles.py    values that a style does not set are there from the start        5 %
    cascade.py   computed styles kept for the next document of the same look     22 %
    boxes.py     lengths resolved once a style, not once a box                    3 %
                 no walk over borders, backgrounds and outlines that are not      5 %
                 whether a box is in the flow, in two look-ups                    2 %
    text.py      Pango's layout of a line kept until it is drawn                  9 %
                 one paragraph told to Pango before the text, not after           4 %
                 fonts and features looked up once a setting, not once a line     4 %
    structure.py fewer and simpler objects for tags                               5 %
    writing.py   deflate at level 1                                               4 %
                 numbers and operators to bytes                                   2 %
"""

from typing import Any

from services.render.formats.weasyprint_70.replacement import originals, replaced

__all__ = ["forget_kept", "originals", "replaced"]


def forget_kept(fonts: Any) -> None:
    """Begins a new document on a font configuration."""
    from services.render.formats.weasyprint_70 import text

    text.forget_kept(fonts)
