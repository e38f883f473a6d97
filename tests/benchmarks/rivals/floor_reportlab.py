"""The same text flowing down pages by reportlab: no tags, no kerning, no links. About the least a PDF of it can cost.

python floor_reportlab.py FOLDER FONTS
"""

import html
import io
import json
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[3])]

from reportlab.lib.pagesizes import A4  # noqa: E402
from reportlab.lib.styles import ParagraphStyle  # noqa: E402
from reportlab.pdfbase import pdfmetrics  # noqa: E402
from reportlab.pdfbase.ttfonts import TTFont  # noqa: E402
from reportlab.platypus import Paragraph, SimpleDocTemplate  # noqa: E402

from tests.benchmarks.rivals import protocol  # noqa: E402 - the path comes first

LINES = json.loads((Path(sys.argv[1]) / "lines.json").read_text(encoding="utf-8"))
for weight in ("Regular", "Bold"):
    pdfmetrics.registerFont(TTFont(weight, Path(sys.argv[2]) / f"Inter-{weight}.ttf"))
TEXT = ParagraphStyle("text", fontName="Regular", fontSize=9.5, leading=13.5, spaceBefore=2)
STYLES = {
    "name": ParagraphStyle("name", TEXT, fontName="Bold", fontSize=23, leading=26),
    "heading": ParagraphStyle("heading", TEXT, fontName="Bold", fontSize=11, spaceBefore=12),
    "entry": ParagraphStyle("entry", TEXT, fontName="Bold", spaceBefore=7),
    "bullet": ParagraphStyle("bullet", TEXT, leftIndent=10, bulletIndent=0),
}


def build() -> int:
    out = io.BytesIO()
    pages = SimpleDocTemplate(out, pagesize=A4, leftMargin=54, rightMargin=54, topMargin=48, bottomMargin=45)
    pages.build(
        [
            Paragraph(html.escape(text), STYLES.get(kind, TEXT), bulletText="•" if kind == "bullet" else None)
            for kind, text in LINES
        ]
    )
    return len(out.getvalue())


protocol.serve({"pdf": build})
