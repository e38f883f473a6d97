"""RenderCV on the same person: as its users run it (a command), and called again and again in one process.

python typst_rendercv.py FOLDER
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[3])]

import rendercv.renderer.pdf_png as drawing  # noqa: E402
import rendercv.renderer.typst as writing  # noqa: E402
from rendercv.schema.rendercv_model_builder import build_rendercv_dictionary_and_model  # noqa: E402

from tests.benchmarks.rivals import protocol  # noqa: E402 - the path comes first

PERSON = Path(sys.argv[1]) / "cv.yaml"
OUT = Path(tempfile.mkdtemp(dir=sys.argv[1]))
PDF_ONLY = ("--dont-generate-markdown", "--dont-generate-png", "--quiet")

ICONS = OUT / "typst" / "packages" / "preview" / "fontawesome" / "0.6.0"


def stand_in() -> None:
    ICONS.mkdir(parents=True)
    manifest = '[package]\nname = "fontawesome"\nversion = "0.6.0"\nentrypoint = "lib.typ"\n'
    (ICONS / "typst.toml").write_text(manifest, encoding="utf-8")
    (ICONS / "lib.typ").write_text("#let fa-icon(..arguments) = [•]\n", encoding="utf-8")
    os.environ["XDG_CACHE_HOME"] = str(OUT)


def command() -> int:
    target = OUT / "command.pdf"
    done = [str(Path(sys.executable).with_name("rendercv")), "render", str(PERSON), "-o", str(OUT), *PDF_ONLY]
    subprocess.run([*done, "--pdf-path", str(target)], check=True, cwd=OUT, stdout=subprocess.DEVNULL)
    return target.stat().st_size


def warm() -> int:
    _, model = build_rendercv_dictionary_and_model(
        PERSON.read_text(encoding="utf-8"), input_file_path=PERSON, output_folder=OUT, dont_generate_png=True
    )
    made: Path = drawing.generate_pdf(model, writing.generate_typst(model))
    return made.stat().st_size


stand_in()
protocol.serve({"command": command, "warm": warm})
