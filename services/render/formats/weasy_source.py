"""A page of ours as WeasyPrint's HTML object, without the parts that cost time and that our pages do not need.

WeasyPrint parses with a browser's error-tolerant parser in Python (5 ms a page) and applies a style sheet for all of
HTML (8 ms). Our templates are well-formed XML and use two dozen elements.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

USER_AGENT = Path(__file__).with_name("user_agent.css")

_HOLD_BLOCKS = frozenset("html head body main header section div ul".split())
"""Elements of our templates whose children are blocks."""


@cache
def source_class() -> Callable[..., Any]:
    """Class of sources: `source_class()(markup, url_fetcher)`. Made when WeasyPrint may be loaded, not before."""
    import cssselect2
    import weasyprint

    class Source(weasyprint.HTML):  # type: ignore[misc] # WeasyPrint is untyped
        """The attributes and sheets that WeasyPrint 70 asks of its HTML objects."""

        def __init__(self, markup: str, url_fetcher: Any) -> None:
            root = _parsed(markup)
            if root is None:
                super().__init__(string=markup, url_fetcher=url_fetcher)
                return
            self.base_url = None
            self.url_fetcher = url_fetcher
            self.media_type = "print"
            self.wrapper_element = cssselect2.ElementWrapper.from_html_root(root, content_language=None)
            self.etree_element = self.wrapper_element.etree_element

        def _ua_stylesheets(self, forms: bool = False) -> list[Any]:  # noqa: ARG002 - WeasyPrint's signature
            return [_user_agent()]

        def _ua_counter_style(self) -> list[Any]:
            return []

    return Source


def _parsed(markup: str) -> ET.Element | None:
    """The tree, or None for what only HTML's own parser takes, such as control characters in a text."""
    try:
        root = ET.fromstring(markup)  # noqa: S314 - our own markup: no text can declare an entity in it
    except ET.ParseError:
        return None
    for element in root.iter():
        if element.tag in _HOLD_BLOCKS:
            _drop_space(element)
    return root


def _drop_space(element: ET.Element) -> None:
    """Drops the line ends between blocks, which would become boxes and then be dropped."""
    if element.text and element.text.isspace():
        element.text = None
    for child in element:
        if child.tail and child.tail.isspace():
            child.tail = None


@cache
def _user_agent() -> Any:
    import weasyprint

    return weasyprint.CSS(string=USER_AGENT.read_text(encoding="utf-8"))
