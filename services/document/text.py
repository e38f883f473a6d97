"""Plain text of a document: reads well in a terminal and in any parser of resumes."""

from collections.abc import Iterator, Sequence
from unicodedata import east_asian_width

from services.document.blocks import Block, Entry, HeadLine, ItemGroup, Paragraph
from services.document.lines import AnyDocument
from services.document.view import DocumentView, HeaderView, LetterView, present
from vitae.render.v1 import options_pb2
from vitae.resume.v1 import resume_pb2

_ASIDE = " | "
_BULLET = "- "


def write_text(view: DocumentView) -> str:
    """The text of a view. Lines end with a line feed and are never wrapped or aligned in columns.

    The employer stands on one line and the title with its dates on the next; bullets start with "- "; a blank line
    stands between entries.
    """
    parts = [_header(view.header)]
    for section in view.sections:
        parts.append([section.title, "-" * _width(section.title)])
        groups = _spaced(section.blocks)
        parts[-1] += groups[0]
        parts += groups[1:]
    if view.letter is not None:
        parts += _letter(view.letter)
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def content_text(
    document: AnyDocument,
    *,
    locale: str = "",
    date_format: options_pb2.DateFormat.ValueType = options_pb2.DATE_FORMAT_UNSPECIFIED,
    section_order: Sequence[resume_pb2.SectionType.ValueType] = (),
    hidden_sections: Sequence[resume_pb2.SectionType.ValueType] = (),
) -> str:
    """The text of a document; the options are those of `present`."""
    return write_text(
        present(
            document,
            locale=locale,
            date_format=date_format,
            section_order=section_order,
            hidden_sections=hidden_sections,
        )
    )


def _header(header: HeaderView) -> list[str]:
    title = [header.title.text] if header.title else []
    return [each for each in (header.name, *title, *(contact.text for contact in header.contacts)) if each]


def _spaced(blocks: Sequence[Block]) -> list[list[str]]:
    """The lines of blocks in groups with a blank line between: item groups stand together, all else apart."""
    groups: list[list[str]] = []
    previous: Block | None = None
    for block in blocks:
        lines = list(_block(block))
        if isinstance(block, ItemGroup) and isinstance(previous, ItemGroup):
            groups[-1] += lines
        else:
            groups.append(lines)
        previous = block
    return groups


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield block.text
    elif isinstance(block, ItemGroup):
        yield block.lead + block.text
    else:
        yield from _entry(block)


def _entry(entry: Entry) -> Iterator[str]:
    yield from map(_head, entry.head)
    if entry.link is not None:
        yield entry.link.text
    for part in entry.paragraphs:
        yield part.text
    for bullet in entry.bullets:
        yield _BULLET + bullet.text
    for group in entry.items:
        yield group.lead + group.text


def _head(line: HeadLine) -> str:
    return f"{line.text}{_ASIDE}{line.aside}" if line.aside else line.text


def _letter(letter: LetterView) -> list[list[str]]:
    single = [letter.date, *(each.text if each else "" for each in (letter.subject, letter.salutation))]
    date, subject, salutation = ([each] if each else [] for each in single)
    closing = [each for each in (letter.closing.text if letter.closing else "", letter.signature) if each]
    return [
        date,
        list(letter.recipient),
        subject,
        salutation,
        *([each.text] for each in letter.paragraphs),
        closing,
    ]


def _width(text: str) -> int:
    """Columns in a terminal, where East Asian characters take two."""
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(each) in "WF" else 1 for each in text)
