"""What each section type prints: one function a type, and one line in SECTIONS for it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from services.document import dates
from services.document.blocks import Block, Entry, ItemGroup, Paragraph, TextLine
from services.document.links import web_link
from services.document.locales import Words
from services.document.plain import one_line
from vitae.render.v1 import options_pb2
from vitae.resume.v1 import common_pb2, resume_pb2


@dataclass(frozen=True, slots=True)
class Language:
    """How a document is worded: its words and its way of writing dates."""

    words: Words
    date_format: options_pb2.DateFormat.ValueType


def section_blocks(section: resume_pb2.ResumeSection, language: Language) -> tuple[Block, ...]:
    """What a section prints; nothing for an empty one."""
    name = section.WhichOneof("content")
    return tuple(SECTIONS[name](getattr(section, name), language)) if name else ()


def text_line(line: common_pb2.Line) -> TextLine | None:
    """A line as it is printed; None where it prints nothing."""
    text = one_line(line.text)
    return TextLine(text=text, id=line.id, relevance=line.relevance) if text else None


def text_lines(lines: Iterable[common_pb2.Line]) -> tuple[TextLine, ...]:
    """The lines that print something."""
    return tuple(each for each in map(text_line, lines) if each is not None)


def paragraph(*lines: common_pb2.Line) -> tuple[Paragraph, ...]:
    """One paragraph of these lines, or none where they print nothing."""
    printed = text_lines(lines)
    return (Paragraph(printed),) if printed else ()


def _summary(section: resume_pb2.SummarySection, _: Language) -> Iterable[Block]:
    return paragraph(*section.lines)


def _skills(section: resume_pb2.SkillsSection, language: Language) -> Iterable[Block]:
    for category in section.categories:
        name, items = one_line(category.name), text_lines(category.items)
        if items:
            yield _group(name, items, language)
        elif name:
            yield _group("", (TextLine(name),), language)


def _experience(section: resume_pb2.ExperienceSection, language: Language) -> Iterable[Block]:
    for entry in section.entries:
        yield from _entry(
            entry,
            heads=(entry.company, entry.title),
            location=entry.location,
            period=_period(entry, language, is_current=entry.is_current),
            bullets=entry.achievements,
            items=_labelled(language, technologies=text_lines(entry.technologies)),
            description=entry.description,
        )


def _projects(section: resume_pb2.ProjectsSection, language: Language) -> Iterable[Block]:
    for entry in section.entries:
        yield from _entry(
            entry,
            heads=(entry.name, _joined(language, entry.role, entry.entity)),
            period=_period(entry, language),
            bullets=entry.achievements,
            items=_labelled(language, technologies=text_lines(entry.technologies)),
            description=entry.description,
        )


def _education(section: resume_pb2.EducationSection, language: Language) -> Iterable[Block]:
    for entry in section.entries:
        yield from _entry(
            entry,
            heads=(entry.institution, _joined(language, entry.degree, entry.field_of_study)),
            location=entry.location,
            period=_period(entry, language),
            items=_labelled(
                language,
                grade=_fields(entry.gpa),
                honors=_fields(*entry.honors),
                coursework=text_lines(entry.coursework),
            ),
            description=entry.description,
        )


def _languages(section: resume_pb2.LanguagesSection, language: Language) -> Iterable[Block]:
    return _pairs([(each.language, _fields(each.fluency)) for each in section.entries], language)


def _certifications(section: resume_pb2.CertificationsSection, language: Language) -> Iterable[Block]:
    for entry in section.entries:
        yield from _entry(
            entry,
            heads=(entry.name, entry.issuer),
            period=_dates(
                entry.date if entry.HasField("date") else None,
                entry.expiry_date if entry.HasField("expiry_date") else None,
                language,
            ),
            items=_labelled(language, credential_id=_fields(entry.credential_id)),
        )


def _volunteer(section: resume_pb2.VolunteerSection, language: Language) -> Iterable[Block]:
    for entry in section.entries:
        yield from _entry(
            entry,
            heads=(entry.organization, entry.position),
            location=entry.location,
            period=_period(entry, language, is_current=entry.is_current),
            bullets=entry.achievements,
            description=entry.description,
        )


def _awards(section: resume_pb2.AwardsSection, language: Language) -> Iterable[Block]:
    for entry in section.entries:
        yield from _entry(
            entry,
            heads=(entry.title, entry.awarder),
            period=_dates(entry.date if entry.HasField("date") else None, None, language),
            description=entry.summary,
        )


def _publications(section: resume_pb2.PublicationsSection, language: Language) -> Iterable[Block]:
    for entry in section.entries:
        yield from _entry(
            entry,
            heads=(entry.name, entry.publisher),
            period=_dates(entry.date if entry.HasField("date") else None, None, language),
            description=entry.summary,
        )


def _interests(section: resume_pb2.InterestsSection, language: Language) -> Iterable[Block]:
    return _pairs([(each.name, _fields(*each.keywords)) for each in section.entries], language)


def _references(section: resume_pb2.ReferencesSection, _: Language) -> Iterable[Block]:
    for entry in section.entries:
        yield from _entry(entry, heads=(entry.name,), description=entry.text)


def _custom(section: resume_pb2.CustomResumeSection, language: Language) -> Iterable[Block]:
    for entry in section.entries:
        yield from _entry(
            entry,
            heads=(entry.title, entry.subtitle),
            location=entry.location,
            period=_period(entry, language),
            bullets=entry.achievements,
            description=entry.description,
        )


SECTIONS: Mapping[str, Callable[[Any, Language], Iterable[Block]]] = {
    "summary": _summary,
    "skills": _skills,
    "experience": _experience,
    "projects": _projects,
    "education": _education,
    "languages": _languages,
    "certifications": _certifications,
    "volunteer": _volunteer,
    "awards": _awards,
    "publications": _publications,
    "interests": _interests,
    "references": _references,
    "custom": _custom,
}
"""By the name of the field in ResumeSection.content."""


@dataclass(frozen=True, slots=True)
class _Period:
    text: str = ""
    start: str = ""
    end: str = ""


def _entry(
    entry: Any,
    *,
    heads: tuple[str, ...],
    location: str = "",
    period: _Period = _Period(),
    description: common_pb2.Line | None = None,
    bullets: Iterable[common_pb2.Line] = (),
    items: tuple[ItemGroup, ...] = (),
) -> Iterable[Block]:
    """The entry, or its paragraphs alone where it has no head; nothing where it prints nothing."""
    titles = [each for each in map(one_line, heads) if each] + ["", ""]
    url = one_line(getattr(entry, "url", ""))
    block = Entry(
        id=entry.id,
        heading=titles[0],
        subheading=titles[1],
        location=one_line(location),
        dates=period.text,
        start=period.start,
        end=period.end,
        link=web_link(url) if url else None,
        paragraphs=paragraph(description) if description is not None else (),
        bullets=text_lines(bullets),
        items=items,
        relevance=getattr(entry, "relevance", 0.0),
    )
    has_head = titles[0] or titles[1] or block.location or block.dates
    if has_head or block.link or block.bullets or block.items:
        yield block
    else:
        yield from block.paragraphs


def _period(entry: Any, language: Language, *, is_current: bool = False) -> _Period:
    return _dates(
        entry.start_date if entry.HasField("start_date") else None,
        entry.end_date if entry.HasField("end_date") else None,
        language,
        is_current=is_current,
    )


def _dates(
    start: common_pb2.PartialDate | None,
    end: common_pb2.PartialDate | None,
    language: Language,
    *,
    is_current: bool = False,
) -> _Period:
    locale = language.words.locale
    return _Period(
        text=dates.format_range(start, end, locale, language.date_format, is_current=is_current),
        start=dates.iso(start) if start is not None else "",
        end=dates.iso(end) if end is not None and not is_current else "",
    )


def _labelled(language: Language, **groups: tuple[TextLine, ...]) -> tuple[ItemGroup, ...]:
    """Item groups labelled by the language's own words; empty ones are left out."""
    labels = language.words.labels
    return tuple(_group(labels[name], items, language) for name, items in groups.items() if items)


def _pairs(pairs: list[tuple[str, tuple[TextLine, ...]]], language: Language) -> Iterable[ItemGroup]:
    """A line a pair; neighbours without anything to their name share a line."""
    alone: list[TextLine] = []
    for name, items in pairs:
        label = one_line(name)
        if label and not items:
            alone.append(TextLine(label))
            continue
        if alone:
            yield _group("", tuple(alone), language)
            alone = []
        if items:
            yield _group(label, items, language)
    if alone:
        yield _group("", tuple(alone), language)


def _group(label: str, items: tuple[TextLine, ...], language: Language) -> ItemGroup:
    return ItemGroup(label, items, language.words.list_mark, language.words.label_mark)


def _fields(*texts: str) -> tuple[TextLine, ...]:
    return tuple(TextLine(each) for each in map(one_line, texts) if each)


def _joined(language: Language, *texts: str) -> str:
    return language.words.comma.join(each for each in map(one_line, texts) if each)
