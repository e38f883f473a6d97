"""Addresses as they are read and as they are followed."""

import re
from urllib.parse import SplitResult, quote, urlsplit

from services.document.blocks import Link
from services.document.plain import one_line

_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
_HOST = re.compile(
    r"(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_][\w-]*|localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\]"
)
_ASCII = re.compile("[\x00-\x7f]+")
_MAIL = re.compile(r"[^\s@<>\"'`,;:?&#%()\\]+@[^\s@<>\"'`,;:?&#%()\\]+")
_KEPT = "%:/?#[]@!$&*+,;=~-._"
"""Characters of RFC 3986 that stand as they are. Quotes, angle brackets and parentheses do not: they end an
attribute or a Markdown link."""


def safe_href(url: str) -> str:
    """The address to follow, or "" where the text is none.

    Only http, https, mailto and tel; https where no scheme is written and the text begins like a host.
    White space, quotes, brackets and other special characters are percent-encoded, letters of any script are kept.
    """
    written = one_line(url)
    scheme, colon, _ = written.partition(":")
    if colon and scheme.lower() in {"mailto", "tel"}:
        rest = written[len(scheme) + 1 :]
        return mail_href(rest) if scheme.lower() == "mailto" else phone_href(rest)
    if written.startswith("//"):
        written = f"https:{written}"
    elif "://" not in written:
        written = f"https://{written}"
    parts = _split(written)
    if parts is None or parts.scheme.lower() not in _SCHEMES or not _HOST.fullmatch(parts.hostname or ""):
        return ""
    return _encoded(written)


def web_link(url: str) -> Link:
    """A page: printed without its scheme and without a lone slash at the end."""
    written = one_line(url)
    text = re.sub(r"(?i)^https?://", "", written)
    if text.count("/") == 1:
        text = text.removesuffix("/")
    return Link(text=text or written, href=safe_href(written))


def mail_href(address: str) -> str:
    """The mailto: address of one mailbox, or "" where the text is none; never with headers such as a subject."""
    written = one_line(address)
    return f"mailto:{_encoded(written)}" if _MAIL.fullmatch(written) else ""


def phone_href(number: str) -> str:
    """The tel: address of the digits (RFC 3966), or "" where there are fewer than three."""
    written = one_line(number)
    main = re.split(r"(?i)\s*(?:ext|x|#|,|;)", written)[0].replace("(0)", "")
    digits = "".join(str(int(each)) for each in main if each.isdecimal())
    plus = "+" if main.lstrip(" (").startswith("+") else ""
    return f"tel:{plus}{digits}" if len(digits) >= 3 else ""


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  reading it is what checks it
    except ValueError:
        return None
    return parts


def _encoded(url: str) -> str:
    return _ASCII.sub(lambda run: quote(run.group(), safe=_KEPT), url)
