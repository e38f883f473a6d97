"""The parse fidelity that templates tell is measured, for the templates that ship."""

from __future__ import annotations

import pytest

from services.render import engine
from services.render.fidelity.figures import Figures, measured
from vitae.render.v1.options_pb2 import Format

AGAIN = "measure again: python -m services.render.fidelity.figures"


def test_every_template_that_ships_has_its_figures() -> None:
    figures = Figures.load()
    for template in engine.template_listing():
        told = {Format.Name(each.format): each for each in figures.of(template)}
        assert set(told) == {"FORMAT_PDF", "FORMAT_DOCX"}, f"{template.id} changed; {AGAIN}"
        assert all(0 < each.score <= 1 and each.sample_size >= 4 for each in told.values())


def test_a_figure_is_told_for_its_own_version_only() -> None:
    [template, *_] = engine.template_listing()
    template.version = "another"
    assert Figures.load().of(template) == []


@pytest.mark.slow
def test_measuring_again_gives_the_shipped_figures() -> None:
    assert set(measured()) == set(Figures.load().figures), AGAIN
