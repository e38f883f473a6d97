"""Markdown (CommonMark) of a document. Content is escaped so that it can never become markup."""

import re
from collections.abc import Iterator

from services.document.blocks import Block, Contact, Entry, ItemGroup, Link, Paragraph
from services.document.view import DocumentView, HeaderView, LetterView

_ASIDE = " · "
_BREAK = "\\\n"
"""Hard line break."""

_ANYWHERE = re.compile(r"[\\`*_\[\]<>~|$]")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_HASHES = re.compile(r"(?<!\S)#")
_LINE_START = re.compile(r"^(?:[-+=:]|(\d{1,9})(?=[.)]))")


def write_markdown(view: DocumentView) -> str:
    """The Markdown of a view: the name as heading 1, sections as heading 2, entries as heading 3."""
    parts = [*_header(view.header)]
    for section in view.sections:
        parts.append(f"## {escape(section.title)}")
        parts += _blocks(section.blocks)
    if view.letter is not None:
        parts += _letter(view.letter)
    return "\n\n".join(each for each in parts if each) + "\n"


def escape(text: str) -> str:
    """One line of text, escaped so that a CommonMark or GFM reader shows exactly this text, wherever in a line it
    stands. A bare web address may still be made a link by GFM; it then leads where it says.
    """
    escaped = _ANYWHERE.sub(r"\\\g<0>", text)
    escaped = _ENTITY.sub(r"\\&", escaped)
    escaped = _HASHES.sub(r"\\#", escaped)
    return _LINE_START.sub(lambda found: f"{found[1]}\\" if found[1] else f"\\{found[0]}", escaped)


def _header(header: HeaderView) -> Iterator[str]:
    if header.name:
        yield f"# {escape(header.name)}"
    if header.title:
        yield f"**{escape(header.title.text)}**"
    yield _ASIDE.join(map(_linked, header.contacts))


def _linked(link: Contact | Link) -> str:
    if not link.href:
        return escape(link.text)
    return f"[{escape(link.text)}](<{link.href}>)"


def _blocks(blocks: tuple[Block, ...]) -> Iterator[str]:
    """A part a block; neighbouring item groups are lines of one paragraph."""
    items: list[str] = []
    for block in blocks:
        if isinstance(block, ItemGroup):
            items.append(_items(block))
            continue
        yield _BREAK.join(items)
        items = []
        if isinstance(block, Paragraph):
            yield escape(block.text)
        else:
            yield from _entry(block)
    yield _BREAK.join(items)


def _entry(entry: Entry) -> Iterator[str]:
    for number, line in enumerate(entry.head):
        text = f"### {escape(line.text)}" if number == 0 else f"**{escape(line.text)}**"
        yield f"{text}{_ASIDE}{escape(line.aside)}" if line.aside else text
    if entry.link is not None:
        yield _linked(entry.link)
    for part in entry.paragraphs:
        yield escape(part.text)
    yield "\n".join(f"- {escape(each.text)}" for each in entry.bullets)
    yield _BREAK.join(map(_items, entry.items))


def _items(group: ItemGroup) -> str:
    lead = f"**{escape(group.lead.rstrip())}** " if group.lead else ""
    return lead + group.separator.join(escape(each.text) for each in group.items)


def _letter(letter: LetterView) -> Iterator[str]:
    yield escape(letter.date)
    yield _BREAK.join(map(escape, letter.recipient))
    if letter.subject:
        yield f"**{escape(letter.subject.text)}**"
    if letter.salutation:
        yield escape(letter.salutation.text)
    for each in letter.paragraphs:
        yield escape(each.text)
    closing = [escape(letter.closing.text)] if letter.closing else []
    yield _BREAK.join([*closing, *([escape(letter.signature)] if letter.signature else [])])
