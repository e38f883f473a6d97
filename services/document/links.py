"""Addresses as they are read and as they are followed."""

from services.document.blocks import Link


def safe_href(url: str) -> str:
    """The address to follow, or "" where it is none: http, https, mailto and tel only, https where no scheme is
    given and the text looks like a host; no white space, quotes or control characters survive unescaped."""
    raise NotImplementedError


def web_link(url: str) -> Link:
    """A page: printed without its scheme."""
    raise NotImplementedError


def mail_href(address: str) -> str:
    """mailto: address, or "" where the text is none."""
    raise NotImplementedError


def phone_href(number: str) -> str:
    """tel: address of the digits (RFC 3966), or "" where there are fewer than three."""
    raise NotImplementedError
