"""Boxes whose lengths come from their style alone, and the many that have nothing to paint."""

from typing import Any

from weasyprint.draw import border
from weasyprint.draw.color import get_color
from weasyprint.formatting_structure import boxes
from weasyprint.layout import background, percent

from services.render.formats.weasyprint_70.replacement import Replacement

_LENGTHS = (
    *(f"{kind}_{side}" for kind in ("margin", "padding") for side in ("left", "right", "top", "bottom")),
    *("width", "min_width", "max_width", "height", "min_height", "max_height"),
)
_BORDERS = tuple(f"border_{side}_width" for side in ("top", "right", "bottom", "left"))
_RADII = tuple(
    f"border_{corner}_radius" for corner in ("top_left", "top_right", "bottom_right", "bottom_left")
)
_BARE = {**dict.fromkeys(_RADII, (0, 0)), "background": None}

_resolve_percentages = percent.resolve_percentages
_layout_box_backgrounds = background.layout_box_backgrounds
_draw_outline = border.draw_outline


def _resolved(box: Any, containing_block: Any) -> None:
    """Used lengths; styles are shared by boxes and do not change once boxes are laid out."""
    style = box.style
    try:
        used = style.used_lengths
    except AttributeError:
        used = style.used_lengths = _used_lengths(style)
    if used is None:
        _resolve_percentages(box, containing_block)
    else:
        vars(_placed(box)).update(used)


def _placed(box: Any) -> Any:
    """The box itself, where a placeholder stands for one that is taken out of the flow."""
    return getattr(box, "_box", box)


def _used_lengths(style: Any) -> dict[str, Any] | None:
    """Used lengths by attribute, or None where they depend on what is around the box."""
    if style["box_sizing"] != "content-box" or style["border_collapse"] == "collapse":
        return None
    used = {name: style[name] for name in _BORDERS}
    for name in _LENGTHS:
        value = style[name]
        if value == "auto":
            used[name] = 0 if name.startswith("min_") else value
        elif getattr(value, "unit", None) == "px":
            used[name] = value.value
        else:
            return None
    return used


def _backgrounds(
    page: Any, box: Any, get_image_from_uri: Any, layout_children: bool = True, style: Any = None
) -> None:
    own = box.style
    try:
        bare = own.is_bare
    except AttributeError:
        bare = own.is_bare = _is_bare(own)
    if not bare or not layout_children or style is not None or box is page:
        _layout_box_backgrounds(page, box, get_image_from_uri, layout_children, style)
        return
    for child in box.all_children():
        _backgrounds(page, child, get_image_from_uri)
    vars(_placed(box)).update(_BARE)


def _is_bare(style: Any) -> bool:
    """True for a style without background, shadow, rounded corners and images of borders."""
    return bool(
        style["visibility"] != "hidden"
        and not style["box_shadow"]
        and all((0, "px") in style[each] for each in _RADII)
        and style["border_image_source"][0] == "none"
        and style["mask_border_source"][0] == "none"
        and all(kind == "none" for kind, _ in style["background_image"])
        and get_color(style, "background_color").alpha == 0
    )


def _outline(stream: Any, box: Any) -> None:
    if box.style["outline_width"]:
        _draw_outline(stream, box)
        return
    for child in box.children:
        if isinstance(child, boxes.Box):
            _outline(stream, child)


def _is_in_normal_flow(self: Any) -> bool:
    style = self.style
    return style["float"] == "none" and style["position"] in ("static", "relative")


REPLACEMENTS = (
    Replacement(percent, "resolve_percentages", "71673078096fcf87", _resolved),
    Replacement(background, "layout_box_backgrounds", "617a870678c82755", _backgrounds),
    Replacement(border, "draw_outline", "c98afcef4e21d301", _outline),
    Replacement(boxes.Box, "is_in_normal_flow", "5f49d6ab23da7e51", _is_in_normal_flow),
)
