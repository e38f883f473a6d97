"""Pango's layouts: set up from what their style shares with others, and kept until they are drawn.

WeasyPrint frees a line's layout when the line is broken and makes it again to draw it. It also loses the attributes of
each: half of what a process grows by with every document.
"""

from operator import itemgetter
from typing import Any

from weasyprint.text import line_break
from weasyprint.text.ffi import ffi, gobject, pango, unicode_to_char_p
from weasyprint.text.fonts import font_features, get_font_description

from services.render.formats.weasyprint_70.replacement import Replacement

_KEPT_LAYOUTS = 2000
"""Lines of one document kept for drawing: twenty pages. Those of later pages are made again."""

_SETTINGS = 256
"""Settings remembered for the documents to come; all are forgotten when more are met."""

_FEATURES = (
    "font_kerning font_variant_ligatures font_variant_position font_variant_caps font_variant_numeric"
    " font_variant_alternates font_variant_east_asian font_feature_settings"
).split()

_font_values = itemgetter(
    "font_family", "font_style", "font_stretch", "font_weight", "font_variation_settings", "font_language_override",
    "lang", "font_size", "direction", *_FEATURES,
)  # fmt: skip

_font_key = itemgetter(
    "font_family", "font_style", "font_stretch", "font_weight", "font_variant_ligatures", "font_variant_position",
    "font_variant_caps", "font_variant_numeric", "font_variant_alternates", "font_variant_east_asian",
    "font_feature_settings", "font_variation_settings", "font_language_override", "lang",
)  # fmt: skip

_PARAGRAPH_ENDS = ("\n", "\r", "\u2029")
"""Where Pango begins a new paragraph."""

_setup = line_break.Layout.setup
_set_text = line_break.Layout.set_text
_deactivate = line_break.Layout.deactivate
_reactivate = line_break.Layout.reactivate
_strut = line_break.strut


def _set_up(self: Any, style: Any) -> None:
    if style["text_decoration_line"] != "none":
        _setup(self, style)
        return
    try:
        context, language, description, features = style.text_setting
    except AttributeError:
        context, language, description, features = style.text_setting = _text_setting(style)
    self.style = style
    self.language = language
    self.first_line_direction = 0
    self.ascent = self.underline_position = self.strikethrough_position = None
    self.layout = layout = ffi.gc(pango.pango_layout_new(context), gobject.g_object_unref)
    pango.pango_layout_set_auto_dir(layout, False)
    pango.pango_layout_set_font_description(layout, description)
    if features:
        attributes = ffi.gc(pango.pango_attr_list_new(), pango.pango_attr_list_unref)
        pango.pango_attr_list_insert(attributes, pango.pango_attr_font_features_new(features))
        pango.pango_layout_set_attributes(layout, attributes)


def _text_setting(style: Any) -> tuple[Any, Any, Any, bytes]:
    """Pango's context, language, description of the font and features; one for all styles with the same values."""
    fonts = style.font_config
    known = fonts.__dict__.setdefault("text_settings", {})
    key = _font_values(style)
    if key not in known:
        if len(known) >= _SETTINGS:
            known.clear()
        known[key] = _new_text_setting(style)
    found: tuple[Any, Any, Any, bytes] = known[key]
    return found


def _new_text_setting(style: Any) -> tuple[Any, Any, Any, bytes]:
    context = ffi.gc(pango.pango_font_map_create_context(style.font_config.font_map), gobject.g_object_unref)
    pango.pango_context_set_round_glyph_positions(context, False)
    pango.pango_context_set_base_dir(context, line_break.PANGO_DIRECTION[style["direction"]])
    override = style["font_language_override"]
    tag = style["lang"] if override == "normal" else line_break.LST_TO_ISO.get(override.lower(), override)
    if tag:
        pointer, _alive = unicode_to_char_p(tag)
        language = pango.pango_language_from_string(pointer)
        pango.pango_context_set_language(context, language)
    else:
        language = pango.pango_language_get_default()
    features = font_features(*(style[each] for each in _FEATURES))
    named = ",".join(f"{key} {value}" for key, value in features.items()).encode()
    return context, language, get_font_description(style), named


def _set_text_of_one_paragraph(self: Any, text: str, justify: bool = False) -> None:
    """Tells Pango now what drawing tells it in any case: told later, it would forget the lines it has found."""
    alone = not any(each in text for each in _PARAGRAPH_ENDS)
    pango.pango_layout_set_single_paragraph_mode(self.layout, alone)
    _set_text(self, text, justify)


def forget_kept(fonts: Any) -> None:
    """Begins a new document: the lines kept of the last are not counted any more."""
    fonts.kept_layouts = 0


def _keep(self: Any) -> None:
    fonts = self.style.font_config
    kept = fonts.__dict__.get("kept_layouts", 0)
    if kept < _KEPT_LAYOUTS and not self.__dict__.get("is_drawn"):
        fonts.kept_layouts = kept + 1
    else:
        _deactivate(self)


def _draw_again(self: Any, style: Any) -> None:
    """Lays out again what spreads its words over the line: spreading is left out while lines are broken."""
    self.is_drawn = True
    if self.justification_spacing or not hasattr(self, "layout"):
        _reactivate(self, style)


def _strut_of_style(style: Any) -> Any:
    try:
        return style.strut
    except AttributeError:
        found = style.strut = _strut(style)
        return found


def _cache_key(style: Any, include_size: bool = False) -> tuple[Any, ...]:
    key: tuple[Any, ...] = _font_key(style)
    return (*key, style["font_size"], style["line_height"]) if include_size else key


REPLACEMENTS = (
    Replacement(line_break.Layout, "setup", "fb227a55094f41d4", _set_up),
    Replacement(line_break.Layout, "set_text", "fe23ca9937dbf520", _set_text_of_one_paragraph),
    Replacement(line_break.Layout, "deactivate", "bfec3ec8406e1c82", _keep),
    Replacement(line_break.Layout, "reactivate", "0b89ee097104b713", _draw_again),
    Replacement(line_break, "_font_style_cache_key", "d6b09d54b8258d58", _cache_key),
    Replacement(line_break, "strut", "b57885b70dd08efe", _strut_of_style),
)
