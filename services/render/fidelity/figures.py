"""The measured parse fidelity of each template, as it ships: figures.json, written by measuring and by nothing else.

    python -m services.render.fidelity.figures      # measures all templates on the sample people, writes the file

A figure is told only for the template version and the method it was measured with; a template that changed since has
none until it is measured again, and a test fails until that is done.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from services.render.fidelity.method import FORMATS, Method
from vitae.render.v1.options_pb2 import Format, RenderOptions
from vitae.render.v1.templates_pb2 import Template, TemplateFidelity

FILE = Path(__file__).with_name("figures.json")


@dataclass(frozen=True)
class Figure:
    """One template in one format."""

    template: str
    template_version: str
    format: str
    score: float
    sample_size: int
    method_version: str


@dataclass(frozen=True)
class Figures:
    """All that was measured."""

    figures: tuple[Figure, ...]

    @classmethod
    def load(cls, path: Path = FILE) -> Self:
        """The figures that ship with the service."""
        return cls(tuple(Figure(**each) for each in json.loads(path.read_text(encoding="utf-8"))))

    def of(self, template: Template) -> list[TemplateFidelity]:
        """What holds for this very version of a template."""
        return [
            TemplateFidelity(
                format=Format.Value(each.format),
                score=each.score,
                method_version=each.method_version,
                sample_size=each.sample_size,
            )
            for each in self.figures
            if (each.template, each.template_version) == (template.id, template.version)
            and each.method_version == Method.FULL.version
        ]


def measured() -> Iterator[Figure]:
    """Measures every template in every format that is read back: the lowest score over the sample people."""
    from services.render import engine
    from services.render.fidelity.expectation import expected
    from services.render.fidelity.measure import measure
    from services.render.samples import samples

    people = samples()
    for template in engine.template_listing():
        for format_ in sorted(FORMATS & set(template.formats)):
            scores = []
            for document in people.values():
                plan = engine.plan(document, format_, template.id, RenderOptions())
                data = engine.render(document, plan).data
                scores.append(measure(data, format_, expected(document, plan.options), Method.FULL).score)
            yield Figure(
                template=template.id,
                template_version=template.version,
                format=Format.Name(format_),
                score=min(scores),
                sample_size=len(scores),
                method_version=Method.FULL.version,
            )


def main() -> int:
    """Measures and writes the file."""
    rows = [vars(each) for each in measured()]
    FILE.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    for row in rows:
        print(row["template"], row["format"], row["score"])  # noqa: T201 - a script
    return 0


if __name__ == "__main__":
    sys.exit(main())
