"""One self-contained HTML page: styles inline, the portrait inside, nothing loaded from anywhere.

Fonts are named, not embedded: a reader's own Inter or Calibri, or its sans-serif, sets the page, which keeps the file
at a few kilobytes. Other scripts are left to the reader, who chooses by the page's language. The content security
policy forbids scripts and every address.
"""

import base64

from markupsafe import Markup

from services.document.view import DocumentView
from services.render.formats import page
from services.render.formats.photo import portrait
from services.render.look import Look
from services.render.templates.manifest import Template

_SCREEN_SCALE = 1.3
"""Sizes chosen for paper read small on a screen: 9.5 pt become 12.4 pt, 16.5 CSS pixels."""

_HEAD = Markup(
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src \'unsafe-inline\';'
    ' img-src data:; base-uri \'none\'; form-action \'none\'">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    '<meta name="referrer" content="no-referrer">\n'
    "<style>\n{}</style>"
)  # fmt: skip


def write_html(view: DocumentView, template: Template, look: Look) -> bytes:
    """The page, UTF-8."""
    photo = ""
    if view.header.photo:
        photo = "data:image/jpeg;base64," + base64.b64encode(portrait(view.header.photo)).decode()
    families = (look.family.name, look.family.word_name, look.family.word_substitute)
    css = page.stylesheet(template) + page.properties(look, families, screen_scale=_SCREEN_SCALE)
    head = _HEAD.format(Markup(css))  # noqa: S704 - our own files and parsed numbers, nothing of the document
    return page.compose(view, template, look, photo_url=photo, head=head).encode()
