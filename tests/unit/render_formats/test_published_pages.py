"""What docs/ shows of the templates is there for all of them: `make gallery` and `make fidelity`."""

from __future__ import annotations

from pathlib import Path

from services.render.fidelity.method import Method
from services.render.templates.manifest import all_templates
from tests.corpus.corpus import everyone, is_right_to_left, language_of
from tests.corpus.gallery import FOLDER, MOST_BYTES, SHOWN
from tests.corpus.publish import PAGE

README = Path(__file__).parents[3] / "README.md"


def test_the_gallery_shows_every_template() -> None:
    pictures = {each.stem: each.stat().st_size for each in FOLDER.glob("*.png")}

    assert set(pictures) == {f"{template}-{kind}" for template in all_templates() for kind in SHOWN}
    assert sum(pictures.values()) <= MOST_BYTES


def test_the_readme_shows_the_gallery() -> None:
    shown = README.read_text(encoding="utf-8")

    assert all(f"docs/gallery/{template}-typical.png" in shown for template in all_templates())
    assert "docs/fidelity.md" in shown


def test_the_fidelity_page_tells_of_every_template_and_language() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert "| | " + " | ".join(all_templates()) + " |" in page
    assert f"Method {Method.FULL.version}." in page
    for name in everyone():
        assert f"| {language_of(name)} |" in page or is_right_to_left(name)
