"""WeasyPrint as its manual shows it: a page with its style sheet inside, everything made anew for each document.

python plain_weasyprint.py FOLDER        (FONTCONFIG_FILE decides which fonts there are)
"""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[3])]

import weasyprint  # noqa: E402
from weasyprint.text.fonts import FontConfiguration  # noqa: E402

from tests.benchmarks.rivals import protocol  # noqa: E402 - the path comes first

PAGE = (Path(sys.argv[1]) / "page.html").read_text(encoding="utf-8")


def pdf() -> int:
    fonts = FontConfiguration()
    return len(
        weasyprint.HTML(string=PAGE).write_pdf(font_config=fonts, pdf_variant="pdf/ua-1", pdf_tags=True)
    )


protocol.serve({"pdf": pdf})
