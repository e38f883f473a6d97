"""Text of a posting given as HTML: what a reader would see, and what was hidden from one."""

import re
from dataclasses import dataclass, field
from html import unescape

_LOOKS_LIKE_HTML = re.compile(
    r"<(?:!doctype html|html|body|head|p|div|br|ul|ol|li|h[1-6]|span|table|section|article|strong|b|em|a)\b"
    r"[^<>]{0,2000}>",
    re.IGNORECASE,
)
_BLOCKS = frozenset(
    "address article aside blockquote body dd div dl dt fieldset figcaption figure footer form header hr html main nav "
    "ol p pre section table tbody thead tr ul".split()
)
_HEADINGS = frozenset(["h1", "h2", "h3", "h4", "h5", "h6"])
_SILENT = frozenset(
    "head iframe noscript object script style svg template title canvas select textarea".split()
)
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_HIDDEN_CLASSES = frozenset(
    "hidden invisible d-none sr-only visually-hidden screen-reader-text visuallyhidden hide".split()
)
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*(?:0(?:\.0*)?|0?\.0\d*)(?![\d.])"
    r"|font-size\s*:\s*0*(?:0|1(?=px|pt)|0?\.\d+(?=px|pt|em|rem))(?:px|pt|em|rem|%)?(?![\d.])"
    r"|(?:left|top|right|text-indent|margin-left)\s*:\s*-\d{3,}|clip\s*:\s*rect\(\s*0|clip-path\s*:\s*inset\(\s*(?:50|100)%"
    r"|(?:max-)?(?:height|width)\s*:\s*0(?:px)?\s*(?:;|$)",
    re.IGNORECASE,
)
_PALE = re.compile(
    r"(?<![\w-])color\s*:\s*(?:white|transparent|#f{3}(?:f{3})?(?![0-9a-f])|#fe(?:fe){2}|"
    r"rgba?\(\s*255\s*,\s*255\s*,\s*255|rgba?\([^)]*,\s*0\s*\))",
    re.IGNORECASE,
)
_RULE = re.compile(r"([^{}]{1,500})\{([^{}]{0,2000})\}")


@dataclass(frozen=True, slots=True)
class MarkupText:
    """The visible text, and what a reader does not see."""

    text: str
    headline: str
    """Text of the first main heading; "" without one."""
    hidden: tuple[str, ...] = field(default=())
    comments: tuple[str, ...] = field(default=())


def looks_like_html(text: str) -> bool:
    """Whether a text of unknown kind is HTML."""
    return _LOOKS_LIKE_HTML.search(text) is not None


def visible_text(html: str) -> MarkupText:
    """The text a browser would show, a line a block, list items after a bullet. Never raises; takes linear time."""
    reader = _Reader()
    markup, comments = _without_comments(html)
    at = 0
    for tag in _TAG.finditer(markup):
        if tag.start() < at:
            continue
        reader.text(markup[at : tag.start()])
        at = tag.end()
        name = tag.group("name").lower()
        if tag.group("end"):
            reader.close(name)
            continue
        reader.open(name, tag.group("attributes"))
        if name in _RAW:
            end = _RAW[name].search(markup, at)
            reader.raw(name, markup[at : end.start() if end else len(markup)])
            at = end.end() if end else len(markup)
            reader.close(name)
    reader.text(markup[at:])
    lines = (re.sub(r"[^\S\n]+", " ", line).strip() for line in "".join(reader.parts).split("\n"))
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return MarkupText(text, _joined(reader.headline), tuple(reader.hidden_texts()), tuple(comments))


# html.parser of Python before 3.11.14 takes quadratic time over tags and comments that never end; here no attribute
# reaches over a "<", so that a look for the end of a tag stops where the next one begins.
_TAG = re.compile(
    r"""<(?P<end>/?)(?P<name>[a-zA-Z][^\s/<>"']*)(?P<attributes>(?:[^"'<>]|"[^"<]*"|'[^'<]*')*+[^<>]*)>"""
)
_ATTRIBUTE = re.compile(r"""([^\s=/"'<>]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'<>]+))?""")
_RAW = {
    name: re.compile(rf"</{name}[^<>]*>?", re.IGNORECASE) for name in ("script", "style", "textarea", "title")
}


def _without_comments(html: str) -> tuple[str, list[str]]:
    """The markup without comments and declarations, and the comments; one that never ends takes all that follows."""
    kept, comments, at = [], [], 0
    for opening in re.finditer(r"<!--|<[!?]", html):
        start = opening.start()
        if start < at:
            continue
        kept.append(html[at:start])
        is_comment = opening.group() == "<!--"
        end = html.find("-->" if is_comment else ">", start)
        body = html[start + 4 : end if end >= 0 else None].strip() if is_comment else ""
        if body and not body.startswith("[if "):
            comments.append(body)
        at = len(html) if end < 0 else end + (3 if is_comment else 1)
    return "".join([*kept, html[at:]]), comments


@dataclass(slots=True)
class _Open:
    tag: str
    silent: bool
    hidden: bool
    coloured: bool
    """Whether it or an element around it sets a background, so that pale text may be readable."""


class _Reader:
    """Collects text by whether it is seen."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.headline: list[str] = []
        self._hidden: list[list[str]] = []
        self._open: list[_Open] = []
        self._hidden_classes = set(_HIDDEN_CLASSES)
        self._headline_done = False

    def hidden_texts(self) -> list[str]:
        return [text for text in map(_joined, self._hidden) if text]

    def open(self, tag: str, attributes: str) -> None:
        if tag in _VOID:
            self.parts.append("\n" if tag in ("br", "hr") else "")
            return
        around = self._open[-1] if self._open else _Open("", silent=False, hidden=False, coloured=False)
        values = {
            name.lower(): unescape(value.strip("\"'")) for name, value in _ATTRIBUTE.findall(attributes)
        }
        style = values.get("style", "")
        coloured = around.coloured or "background" in style.lower() or "bgcolor" in values
        hidden = around.hidden or self._hides(values, style, coloured=coloured)
        if hidden and not around.hidden:
            self._hidden.append([])
        if not attributes.endswith("/"):
            self._open.append(_Open(tag, around.silent or tag in _SILENT, hidden, coloured))
        if not hidden:
            self._break(tag)

    def close(self, tag: str) -> None:
        # Looking far for an opening tag that never was would take quadratic time on hostile input.
        for depth in range(len(self._open) - 1, max(-1, len(self._open) - 51), -1):
            if self._open[depth].tag == tag:
                if not self._open[depth].hidden and tag != "li":
                    self._break(tag)
                if tag == "h1":
                    self._headline_done = bool(self.headline)
                del self._open[depth:]
                return

    def raw(self, tag: str, data: str) -> None:
        if tag == "style":
            self._learn(data)

    def text(self, data: str) -> None:
        around = self._open[-1] if self._open else None
        if not data or (around and around.silent):
            return
        data = unescape(data)
        if around and around.hidden:
            self._hidden[-1].append(data)
            return
        self.parts.append(re.sub(r"\s+", " ", data))
        if not self._headline_done and any(each.tag == "h1" for each in self._open[-10:]):
            self.headline.append(data)

    def _break(self, tag: str) -> None:
        if tag == "li":
            self.parts.append("\n• ")
        elif tag in _HEADINGS:
            self.parts.append("\n\n")
        elif tag in _BLOCKS:
            self.parts.append("\n")
        elif tag in ("td", "th"):
            self.parts.append(" ")

    def _hides(self, values: dict[str, str], style: str, *, coloured: bool) -> bool:
        return (
            "hidden" in values
            or values.get("aria-hidden", "").lower() == "true"
            or bool(_HIDDEN_STYLE.search(style))
            or _writes_on_itself(style)
            or (not coloured and bool(_PALE.search(style)))
            or (not coloured and values.get("color", "").lower() in ("white", "#fff", "#ffffff"))
            or not self._hidden_classes.isdisjoint(values.get("class", "").split())
        )

    def _learn(self, css: str) -> None:
        """Remembers the classes a style sheet hides."""
        for match in _RULE.finditer(css[:20_000]):
            if _HIDDEN_STYLE.search(match.group(2)):
                self._hidden_classes.update(re.findall(r"\.([\w-]+)\s*(?:,|$)", match.group(1).strip()))


def _joined(parts: list[str]) -> str:
    return " ".join(" ".join(parts).split())


_FORE = re.compile(r"(?<![\w-])color\s*:\s*([^;!]+)", re.IGNORECASE)
_BACK = re.compile(r"(?<![\w-])background(?:-color)?\s*:\s*([^;!]+)", re.IGNORECASE)
_COLOURS = {"white": "#ffffff", "black": "#000000"}


def _writes_on_itself(style: str) -> bool:
    """Whether a style gives text the colour of its own background."""
    fore, back = _FORE.search(style), _BACK.search(style)
    return fore is not None and back is not None and _colour(fore.group(1)) == _colour(back.group(1))


def _colour(written: str) -> str:
    """A colour in one form, for comparing."""
    colour = written.strip().lower().replace(" ", "")
    if re.fullmatch(r"#[0-9a-f]{3}", colour):
        colour = "#" + "".join(digit * 2 for digit in colour[1:])
    return _COLOURS.get(colour, colour)
