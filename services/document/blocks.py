"""The few kinds of things a document is made of when it is printed.

Frozen values without behaviour of any format. `kind` lets a template choose by name.
All strings are plain text on one line: white space collapsed, NFC, no markup; a format escapes what it needs.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from services.document.plain import run_on

ContactKind = Literal["email", "phone", "location", "linkedin", "github", "website", "link"]


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of the document that fit_pages may drop and an editor may point at."""

    text: str
    id: str = ""
    """Id of the document's Line; empty for text that is a field and not a Line, which is never dropped."""
    relevance: float = 0.0
    """How much the posting wants it, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Link:
    """An address as it is read and as it is followed."""

    text: str
    """What is printed: the address without its scheme, so that a parser of the text layer finds it."""
    href: str
    """http, https, mailto or tel address; empty where the text is no safe address."""


@dataclass(frozen=True, slots=True)
class Contact:
    """One way to reach the person, or the place where they live."""

    kind: ContactKind
    text: str
    """What is printed; a telephone number exactly as the person writes it."""
    href: str = ""
    """http, https, mailto or tel address; empty for places and for what is no safe address."""
    label: str = ""
    """Name of the site for links ("GitHub"), for formats that show it; never needed to read `text`."""


@dataclass(frozen=True, slots=True)
class HeadLine:
    """A head line of an entry: its text, and what stands beside it (a place or dates)."""

    text: str
    aside: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text made of lines; `text` is the whole of it."""

    kind: ClassVar[Literal["paragraph"]] = "paragraph"
    lines: tuple[TextLine, ...]

    @property
    def text(self) -> str:
        """The lines one after the other, with a space where their script has one."""
        return run_on(each.text for each in self.lines)


@dataclass(frozen=True, slots=True)
class ItemGroup:
    """Short items on one line, with or without a label: a group of skills, the tools of a job, a grade."""

    kind: ClassVar[Literal["items"]] = "items"
    label: str
    """Without a colon; empty where the items stand alone."""
    items: tuple[TextLine, ...]
    separator: str = ", "
    """What stands between the items in the document's language."""
    label_mark: str = ": "
    """What stands between the label and the items in the document's language."""

    @property
    def lead(self) -> str:
        """The label with its mark ("Tools: "); empty without a label."""
        return f"{self.label}{self.label_mark}" if self.label else ""

    @property
    def text(self) -> str:
        """The items joined, without the label."""
        return self.separator.join(each.text for each in self.items)


@dataclass(frozen=True, slots=True)
class Entry:
    """A job, project, degree, prize or the like."""

    kind: ClassVar[Literal["entry"]] = "entry"
    id: str
    heading: str
    """First line: the employer, school, project or prize."""
    subheading: str = ""
    """Second line: the job title, the degree, who gave the prize."""
    location: str = ""
    dates: str = ""
    """Dates as printed: "Mar 2021 – Present"."""
    start: str = ""
    """First date as ISO 8601 of its known parts ("2021-03"), for machines."""
    end: str = ""
    """Last date as ISO 8601 of its known parts; empty while it lasts."""
    link: Link | None = None
    paragraphs: tuple[Paragraph, ...] = ()
    bullets: tuple[TextLine, ...] = ()
    items: tuple[ItemGroup, ...] = ()
    relevance: float = 0.0

    @property
    def head(self) -> tuple[HeadLine, ...]:
        """The one or two head lines, in the order parsers of resumes read best.

        The employer with its place on the first, the title with its dates on the second; the dates beside the
        heading where there is no second line.
        """
        if self.subheading:
            lines = ((self.heading, self.location), (self.subheading, self.dates))
        else:
            lines = (
                (self.heading, " | ".join(each for each in (self.location, self.dates) if each)),
                ("", ""),
            )
        return tuple(HeadLine(text or aside, aside if text else "") for text, aside in lines if text or aside)


Block = Paragraph | ItemGroup | Entry
