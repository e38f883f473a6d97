"""Ours, in a process that is as warm as a child: PDF with and without tags, DOCX, a picture of the first page.

python ours.py FOLDER PERSON TEMPLATE
"""

import gc
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / "protos" / "gen")]

from services.document.view import present  # noqa: E402 - the path comes first
from services.render import engine  # noqa: E402
from services.render.formats import page, png, weasy, weasy_source  # noqa: E402
from services.render.look import look_of  # noqa: E402
from services.render.samples import sample  # noqa: E402
from services.render.templates.manifest import all_templates  # noqa: E402
from tests.benchmarks.rivals import protocol  # noqa: E402
from vitae.render.v1.options_pb2 import FORMAT_DOCX, FORMAT_PDF, RenderOptions  # noqa: E402


def main(person: str, template: str) -> None:
    engine.warm_up()
    document, folder = sample(person), all_templates()[template]
    pdf = engine.plan(document, FORMAT_PDF, template, RenderOptions())
    docx = engine.plan(document, FORMAT_DOCX, template, RenderOptions())
    view, look = present(document), look_of(pdf.options, folder, document.resume.locale)
    data = engine.render(document, pdf).data

    def laid_out(*, tags: bool) -> int:
        """What `weasy.lay_out` does, with and without tags."""
        variant = "pdf/ua-1" if tags else None
        source = weasy_source.source_class()(page.compose(view, folder, look), weasy._fetcher({}))
        laid_out = source.render(
            stylesheets=[weasy._template_css(folder), weasy._look_css(look)],
            font_config=weasy._fonts(),
            pdf_variant=variant,
            pdf_tags=tags,
        )
        return len(laid_out.write_pdf(pdf_variant=variant, pdf_tags=tags))

    gc.collect()
    gc.freeze()
    protocol.serve(
        {
            "pdf": lambda: len(engine.render(document, pdf).data),
            "pdf tagged": lambda: laid_out(tags=True),
            "pdf untagged": lambda: laid_out(tags=False),
            "docx": lambda: len(engine.render(document, docx).data),
            "picture": lambda: len(png.pictures(data, width_px=engine.PREVIEW_WIDTH_PX)[0].png),
        }
    )


if __name__ == "__main__":
    main(*sys.argv[2:])
