"""Render options as earlier clients name them."""

from collections.abc import Mapping
from typing import Any

_SIDES = ("top_mm", "right_mm", "bottom_mm", "left_mm")


def render_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """The resource API's options: `spacing` is line_spacing, and one number for all margins is millimetres a side.

    Everything else goes through as it is; what is no option is refused by the message's own rules.
    """
    options = dict(given)
    if "spacing" in options:
        options.setdefault("line_spacing", options.pop("spacing"))
    margins = options.get("margins")
    if isinstance(margins, int | float) and not isinstance(margins, bool):
        options["margins"] = dict.fromkeys(_SIDES, margins)
    return options
