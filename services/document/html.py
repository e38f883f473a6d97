"""Plain semantic HTML of a document, without style: a fragment that a client puts into its own page.

Files people download are made by render, with a template; this is what an editor or a portal shows inline.
"""

from collections.abc import Iterator
from html import escape

from services.document.blocks import Block, Contact, Entry, ItemGroup, Link, Paragraph
from services.document.view import DocumentView, HeaderView, LetterView


def write_html(view: DocumentView) -> str:
    """An article: name as h1, sections as h2, entries as h3. Every text is escaped."""
    parts = [*_header(view.header)]
    for section in view.sections:
        body = "".join(part for block in section.blocks for part in _block(block))
        parts.append(
            f'<section class="{escape(section.name)}"><h2>{escape(section.title)}</h2>{body}</section>'
        )
    if view.letter is not None:
        parts += _letter(view.letter)
    language, direction = escape(view.locale), view.direction
    return f'<article lang="{language}" dir="{direction}">{"".join(parts)}</article>'


def _header(header: HeaderView) -> Iterator[str]:
    contacts = "".join(f"<li>{_linked(each)}</li>" for each in header.contacts)
    yield "<header>"
    yield _element("h1", header.name)
    yield _element("p", header.title.text if header.title else "")
    yield f"<ul>{contacts}</ul>" if contacts else ""
    yield "</header>"


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield _element("p", block.text)
    elif isinstance(block, ItemGroup):
        yield _items(block)
    else:
        yield from _entry(block)


def _entry(entry: Entry) -> Iterator[str]:
    for number, head in enumerate(entry.head):
        text = " | ".join(each for each in (head.text, head.aside) if each)
        yield _element("p" if number else "h3", text)
    if entry.link is not None:
        yield f"<p>{_linked(entry.link)}</p>"
    for part in entry.paragraphs:
        yield _element("p", part.text)
    if entry.bullets:
        yield f"<ul>{''.join(_element('li', each.text) for each in entry.bullets)}</ul>"
    for group in entry.items:
        yield _items(group)


def _items(group: ItemGroup) -> str:
    label = f"<strong>{escape(group.lead)}</strong>" if group.lead else ""
    return f"<p>{label}{escape(group.text)}</p>"


def _letter(letter: LetterView) -> Iterator[str]:
    yield _element("p", letter.date)
    address = "<br>".join(escape(each) for each in letter.recipient)
    yield f"<address>{address}</address>" if address else ""
    yield _element("h2", letter.subject.text if letter.subject else "")
    yield _element("p", letter.salutation.text if letter.salutation else "")
    yield from (_element("p", each.text) for each in letter.paragraphs)
    yield _element("p", letter.closing.text if letter.closing else "")
    yield _element("p", letter.signature)


def _linked(link: Contact | Link) -> str:
    text = escape(link.text)
    return f'<a href="{escape(link.href)}">{text}</a>' if link.href else text


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>" if text else ""
