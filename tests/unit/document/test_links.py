"""Addresses, safe to follow."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.document.links import mail_href, phone_href, safe_href, web_link


@pytest.mark.parametrize(
    ("url", "text", "href"),
    [
        ("https://github.com/ana", "github.com/ana", "https://github.com/ana"),
        ("HTTP://Example.org/", "Example.org", "HTTP://Example.org/"),
        ("www.linkedin.com/in/ana/", "www.linkedin.com/in/ana/", "https://www.linkedin.com/in/ana/"),
        ("//cdn.example.org/x", "//cdn.example.org/x", "https://cdn.example.org/x"),
        ("https://例え.example/道", "例え.example/道", "https://例え.example/道"),
        (
            "https://example.org:8443/a?b=c&d#e",
            "example.org:8443/a?b=c&d#e",
            "https://example.org:8443/a?b=c&d#e",
        ),
        ("http://a.example/b (c)", "a.example/b (c)", "http://a.example/b%20%28c%29"),
        ("ana", "ana", ""),
        ("not a page", "not a page", ""),
        ("javascript:alert(1)", "javascript:alert(1)", ""),
        ("JaVaScRiPt://example.org/%0aalert(1)", "JaVaScRiPt://example.org/%0aalert(1)", ""),
        ("data:text/html,x", "data:text/html,x", ""),
        ("file:///etc/passwd", "file:///etc/passwd", ""),
        ("ftp://example.org", "ftp://example.org", ""),
        ("http://", "http://", ""),
        ("http://[::1", "[::1", ""),
        ("http://example.org:port", "example.org:port", ""),
    ],
)
def test_a_page_is_read_without_its_scheme_and_followed_only_when_safe(
    url: str, text: str, href: str
) -> None:
    link = web_link(url)
    assert (link.text, link.href) == (text, href)


@given(st.text())
def test_an_address_never_breaks_out_of_its_attribute(url: str) -> None:
    href = safe_href(url)
    assert href == "" or re.match(r"(?i)(https?://|mailto:|tel:)", href)
    assert not re.search(r"[\s\"'<>()\\`{}|^\x00-\x1f]", href.replace("\u00a0", "").replace("\u3000", ""))


def test_mail_has_one_mailbox_and_no_headers() -> None:
    assert mail_href("ana@example.org") == "mailto:ana@example.org"
    assert mail_href("ana@example.org?bcc=all@example.org") == ""
    assert mail_href("a@b.example, c@d.example") == ""
    assert safe_href("mailto:ana@example.org") == "mailto:ana@example.org"


@pytest.mark.parametrize(
    ("number", "href"),
    [
        ("+351 (0) 21 555 0100", "tel:+351215550100"),
        ("(206) 555-0142", "tel:2065550142"),
        ("555 0142 ext. 3", "tel:5550142"),
        ("٠٧٩ ٥٥٥", "tel:079555"),
        ("call me", ""),
    ],
)
def test_a_number_is_dialled_by_its_digits(number: str, href: str) -> None:
    assert phone_href(number) == href
