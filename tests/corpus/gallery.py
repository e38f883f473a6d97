"""Pictures of every template in docs/gallery: `make gallery`.

Each template draws somebody with little to say, somebody typical, a long career, a person who writes from right to
left, and a cover letter. The pictures have a palette of few colours, so the folder stays small.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from PIL import Image

from services.render import engine
from services.render.samples import sample
from services.render.templates.manifest import all_templates
from tests.corpus.corpus import letters, person
from vitae.render.v1.options_pb2 import FORMAT_PDF, RenderOptions
from vitae.resume.v1.document_pb2 import Document

FOLDER = Path(__file__).parents[2] / "docs" / "gallery"

SHOWN: Mapping[str, Callable[[], Document]] = {
    "short": lambda: person("en-student"),
    "typical": lambda: sample("en"),
    "long": lambda: sample("en-long"),
    "right-to-left": lambda: person("ar-muhandisa"),
    "letter": lambda: letters()["en"],
}

MOST_BYTES = 3_000_000
"""Of the whole folder: it is cloned with the code."""

_WIDTH, _COLOURS, _MOST_PAGES = 900, 64, 2


def main() -> int:
    """Writes all pictures; ends with 1 when the folder has grown too large."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    for template in all_templates():
        for kind, document in SHOWN.items():
            (FOLDER / f"{template}-{kind}.png").write_bytes(picture(document(), template))
    size = sum(each.stat().st_size for each in FOLDER.glob("*.png"))
    print(f"wrote {len(list(FOLDER.glob('*.png')))} pictures, {size / 1e6:.1f} MB, in {FOLDER}")
    return 1 if size > MOST_BYTES else 0


def picture(document: Document, template: str) -> bytes:
    """The document's first pages side by side."""
    plan = engine.plan(document, FORMAT_PDF, template, RenderOptions())
    preview = engine.preview(document, plan, width_px=_WIDTH, page_limit=_MOST_PAGES)
    pages = [Image.open(io.BytesIO(each.png)).convert("RGB") for each in preview.pages]
    sheet = Image.new(
        "RGB", (sum(each.width + 12 for each in pages) + 12, pages[0].height + 24), (214, 217, 222)
    )
    for at, page in enumerate(pages):
        sheet.paste(page, (12 + at * (page.width + 12), 12))
    out = io.BytesIO()
    sheet.quantize(_COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
