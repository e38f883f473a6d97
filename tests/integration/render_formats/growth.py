"""python -m tests.integration.render_formats.growth: how much memory many documents leave behind, in bytes.

In a process that does nothing else, as a render process does: what other tests leave would be measured too.
"""

import gc

from services.render import engine
from tests.benchmarks.rivals import protocol
from tests.unit.render_formats import people
from vitae.render.v1.options_pb2 import FORMAT_PDF, RenderOptions

FIRST, MORE = 60, 120
"""Documents before the first look, in which every color and size comes once, and until the second."""


def drawn(count: int) -> int:
    """Draws documents; the resident bytes after that."""
    for number in range(count):
        options = RenderOptions(accent_color=f"#{number % 40:06x}", base_font_size_pt=9 + number % 4 / 2)
        engine.render(people.maya(), engine.plan(people.maya(), FORMAT_PDF, "modern", options))
    gc.collect()  # as a render process does after each answer: what stays is kept
    return protocol.resident_bytes()


if __name__ == "__main__":
    before = drawn(FIRST)
    print(drawn(MORE) - before)
