"""Styles that know from the start what nobody set.

WeasyPrint computes each property of each style when it is first asked for, in a function of 100 lines that looks for
rules, variables, logical names and arithmetic. Of the 200 properties asked of a style, all but a few are simply initial
or the parent's.
"""

from collections.abc import Mapping
from typing import Any

from weasyprint import css
from weasyprint.css.computed_values import PHYSICAL_FUNCTIONS
from weasyprint.css.functions import check_math
from weasyprint.css.properties import INHERITED, INITIAL_NOT_COMPUTED, INITIAL_VALUES

from services.render.formats.weasyprint_70.replacement import Replacement

_OF_THEIR_OWN = {"display", "float", "page", "position"}


def _is_plain(key: str) -> bool:
    return key not in _OF_THEIR_OWN and not key.startswith("text_decoration_")


_INITIAL: Mapping[str, Any] = {
    key: value
    for key, value in INITIAL_VALUES.items()
    if _is_plain(key) and key not in INHERITED and key not in INITIAL_NOT_COMPUTED and not check_math(value)
}
"""Values of properties that are not inherited and need no computing."""

_NO_BORDERS = dict.fromkeys(
    (*(f"border_{side}_width" for side in ("top", "right", "bottom", "left")), "outline_width"), 0
)
"""Widths, where no rule speaks of a border or an outline."""

_IN_FLOW = {"float": "none", "position": "static"}
"""Where no rule says otherwise."""

_PARENTS = tuple(sorted(key for key in INHERITED if _is_plain(key)))
_PARENTS_KEYS = frozenset(_PARENTS)

_PHYSICAL: dict[str, set[str]] = {}
"""Properties that one named by the direction of text (margin_inline_start) may decide."""

for _key, _logical in PHYSICAL_FUNCTIONS.items():
    for _inline in ("ltr", "rtl"):
        _PHYSICAL.setdefault(_logical(block="ttb", inline=_inline), set()).add(_key)

if _PARENTS_KEYS & PHYSICAL_FUNCTIONS.keys():
    raise ImportError("an inherited property has a logical name")

_computed_init = css.ComputedStyle.__init__
_computed_missing = css.ComputedStyle.__missing__
_anonymous_init = css.AnonymousStyle.__init__
_anonymous_missing = css.AnonymousStyle.__missing__


def _init_computed(self: Any, parent_style: Any, cascaded: Mapping[str, Any], *rest: Any) -> None:
    self.update(_INITIAL)
    _computed_init(self, parent_style, cascaded, *rest)
    bordered = False
    for key in cascaded:
        self.pop(key, None)
        for physical in _PHYSICAL.get(key, ()):
            self.pop(physical, None)
        bordered = bordered or key.startswith(("border", "outline"))
    if not bordered:
        self.update(_NO_BORDERS)
    for key, value in _IN_FLOW.items():
        if key not in cascaded:
            self[key] = self.specified[key] = value
        elif key not in self:
            self[key]  # display asks what was specified, which only computing tells


def _missing_computed(self: Any, key: str) -> Any:
    if key in _PARENTS_KEYS and key not in self.cascaded and self.parent_style is not None:
        return _take_from_parent(self, key, self.cascaded)
    return _computed_missing(self, key)


def _init_anonymous(self: Any, parent_style: Any) -> None:
    self.update(_INITIAL)
    self.update(_IN_FLOW)
    _anonymous_init(self, parent_style)


def _missing_anonymous(self: Any, key: str) -> Any:
    if key in _PARENTS_KEYS:
        return _take_from_parent(self, key, ())
    return _anonymous_missing(self, key)


def _take_from_parent(style: Any, key: str, cascaded: Any) -> Any:
    """All inherited values at once: who asks for one asks for most."""
    parent = style.parent_style
    for each in _PARENTS:
        if each not in style and each not in cascaded:
            style[each] = parent[each]
    return style[key]


REPLACEMENTS = (
    Replacement(css.ComputedStyle, "__init__", "ffbc48647d0d85e2", _init_computed),
    Replacement(css.ComputedStyle, "__missing__", "b318d8efc8ac79d7", _missing_computed),
    Replacement(css.AnonymousStyle, "__init__", "9fbdd74c1ad0945a", _init_anonymous),
    Replacement(css.AnonymousStyle, "__missing__", "d392527077647306", _missing_anonymous),
)
