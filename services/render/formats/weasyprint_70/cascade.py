"""Computed styles kept from one document to the next.

WeasyPrint shares a computed style between elements of a document that the same rules match under equal parents. Style
sheets of ours are parsed once and live on, so such a style is good for every document of the same look, and with it all
that was found out about it: variables and arithmetic resolved, used lengths, the font, the height of a line.

A tree of styles stands for a look: below each style those of its children, by the rules that match them, and at its top
those of the html element, by its language. What has a style attribute, and what is inside it, is not kept.
"""

from collections import OrderedDict
from math import inf
from typing import Any

from weasyprint import css

from services.render.formats.weasyprint_70.replacement import Replacement

_LOOKS = 6
"""Looks whose styles are kept: the usual ones of our templates, and some more. One takes 1 to 3 MB."""

_MET = 16
"""Looks remembered for having been met once. Styles are kept from the second time on: many a look is used for one
document only, and what lives long among what does not keeps memory from being given back."""

_LANGUAGES = 16
"""Languages of a look that are kept; all are forgotten when more are met."""

_Key = tuple[Any, ...]
_Rules = list[tuple[str, Any, Any, Any, Any]]
"""For each rule that matches: origin, weight of its layer, specificity, pseudo-element, declarations."""

_Look = tuple[int, ...]
"""Identities of its fonts and sheets, which are held along: as long as they are, nothing else has their ids, nor
the ids of their rules."""

_kept: "OrderedDict[_Look, tuple[Any, dict[_Key, Any]]]" = OrderedDict()
_met: "OrderedDict[_Look, Any]" = OrderedDict()


def _init(
    self: Any, html: Any, sheets: Any, presentational_hints: Any, font_config: Any, target_collector: Any
) -> None:
    """Styles of all elements, parents before their children."""
    self._cascaded_styles = {}
    computed: dict[Any, Any] = {}
    self._computed_styles = computed
    self.initial_page_sizes = {"box": None, "area": None}
    self._sheets = sheets
    self.font_config = font_config
    css.PROGRESS_LOGGER.info("Step 3 - Applying CSS")
    own = _style_attributes(html, presentational_hints)
    top = _styles_below_nothing(sheets, font_config)
    of_this_document: dict[_Key, Any] = {}
    root = html.etree_element
    for element in html.wrapper_element.iter_subtree():
        tree = element.etree_element
        parent = computed[element.parent.etree_element, None] if element.parent else None
        rules, key = _matching(sheets, element)
        known = top if parent is None else parent.below
        cascaded: dict[str, Any] = {}
        if tree in own:
            attributes, cascaded = own[tree]
            if attributes is None:
                known = of_this_document
                key = (id(parent), tree.get("style"), key)
            else:
                key = (*attributes, *key)
        style = known.get(key)
        if style is None:
            root_style = css.InitialStyle(font_config) if tree is root else computed[root, None]

            def new(
                above: Any, declarations: dict[str, Any], pseudo: str | None, under: Any = root_style
            ) -> Any:
                return css.ComputedStyle(
                    above, declarations, pseudo, under, html.base_url, font_config, self.initial_page_sizes
                )

            style = known[key] = new(parent, _cascaded(rules, None, cascaded), None)
            style.below = {}
            root_style = style if tree is root else root_style
            pseudos = dict.fromkeys(pseudo for _, _, _, pseudo, _ in rules if pseudo)
            style.pseudo_elements = {
                each: new(style, _cascaded(rules, each, {}), each, root_style) for each in pseudos
            }
            if target_collector and style["anchor"]:
                target_collector.collect_anchor(style["anchor"])
        computed[tree, None] = style
        for pseudo, of_pseudo in style.pseudo_elements.items():
            computed[tree, pseudo] = of_pseudo


def _matching(sheets: Any, element: Any) -> tuple[_Rules, _Key]:
    """The rules that match an element, and what tells them from all others; sheets outlive what is kept of them."""
    rules: _Rules = []
    for sheet, origin, sheet_specificity in sheets:
        for specificity, _, pseudo, (declarations, layer) in sheet.matcher.match(element):
            layer_order = inf if layer is None else sheet.layers.index(layer)
            rules.append((origin, layer_order, sheet_specificity or specificity, pseudo, declarations))
    return rules, tuple(
        [(id(declarations), pseudo, specificity) for _, _, specificity, pseudo, declarations in rules]
    )


def _cascaded(rules: _Rules, wanted: str | None, declared: dict[str, Any]) -> dict[str, Any]:
    """What rules, and a style attribute, declare: value and weight by property."""
    for origin, layer_order, specificity, pseudo, declarations in rules:
        if pseudo == wanted:
            _declare(declared, declarations, origin, layer_order, specificity)
    return declared


def _declare(
    declared: dict[str, Any], declarations: Any, origin: str, layer_order: Any, specificity: Any
) -> None:
    for name, values, importance in declarations:
        weight = (css.declaration_precedence(origin, importance), layer_order, specificity)
        old = declared.get(name)
        if old is None or old[1] <= weight:
            declared[name] = values, weight


def _style_attributes(
    html: Any, presentational_hints: Any
) -> dict[Any, tuple[tuple[str, ...] | None, dict[str, Any]]]:
    """By element, what its attributes declare: as text, None where one of them is a style; and by property."""
    found: dict[Any, tuple[tuple[str, ...] | None, dict[str, Any]]] = {}
    for specificity, element, declarations, base_url in css.find_style_attributes(
        html.etree_element, presentational_hints, html.base_url
    ):
        text, declared = found.get(element, ((), {}))
        if element.get("style"):
            text = None
        elif text is not None:
            text = (*text, *(each.serialize() for each in declarations))
        found[element] = text, declared
        parsed = css.preprocess_declarations(base_url, list(declarations))
        _declare(declared, parsed, "author", inf, specificity)
    return found


def _styles_below_nothing(sheets: Any, font_config: Any) -> dict[_Key, Any]:
    """The tree of styles of a look, or an empty one that is not kept."""
    look = (id(font_config), *(id(sheet) for sheet, _, _ in sheets))
    if look not in _kept:
        if _met.pop(look, None) is None:
            _remember(_met, look, (sheets, font_config), _MET)
            return {}
        _remember(_kept, look, ((sheets, font_config), {}), _LOOKS)
    _kept.move_to_end(look)
    top = _kept[look][1]
    if len(top) >= _LANGUAGES:
        top.clear()
    return top


def _remember(among: "OrderedDict[_Look, Any]", look: _Look, what: Any, most: int) -> None:
    while len(among) >= most:
        among.popitem(last=False)
    among[look] = what


REPLACEMENTS = (Replacement(css.StyleFor, "__init__", "b1e725a7552502aa", _init),)
