"""The same text by python-docx with the styles of its own template and nothing else.

python plain_docx.py FOLDER
"""

import io
import json
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[3])]

import docx  # noqa: E402 - the path comes first

from tests.benchmarks.rivals import protocol  # noqa: E402

LINES = json.loads((Path(sys.argv[1]) / "lines.json").read_text(encoding="utf-8"))
STYLES = {
    "name": "Title",
    "title": "Subtitle",
    "heading": "Heading 1",
    "entry": "Heading 2",
    "bullet": "List Bullet",
}


def build() -> int:
    document = docx.Document()
    for kind, text in LINES:
        document.add_paragraph(text, style=STYLES.get(kind, "Normal"))
    out = io.BytesIO()
    document.save(out)
    return len(out.getvalue())


protocol.serve({"docx": build})
