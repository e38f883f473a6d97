"""Keeps a resume to about two printed pages by a fixed rule (docs/composing.md): what is old or beside the point is
shortened, the least telling first, and everything left out is listed.
"""

from collections import Counter
from collections.abc import Callable, Iterator, MutableSequence

from google.protobuf.message import Message

from services.document.lines import iter_entries
from services.document.locales import words
from services.generation.composing.context import Context
from services.generation.composing.extent import Ruler, page_rows
from services.generation.skills.stems import stem
from services.generation.skills.tokens import fold
from vitae.generation.v1 import documents_pb2
from vitae.resume.v1 import common_pb2, resume_pb2

PAGES = 2
MARGIN_ROWS = 4.0
"""Rows kept free: what another template takes more than Modern, or what the foot of page one stays empty for, because
no heading and no single line may stand there.
"""
_LONG_AGO, _OLD = 5, 10
"""Years since the end after which studies need no courses, and jobs no more than one line."""
_WANTED = 0.25
"""Relevance from which a project of long ago is worth its place."""
_SCHOLAR = 8
"""Publications from which a list of all of them is wanted, however long."""

_Left = tuple[str, str, str]
"""The section, the name of the entry and the text that was left out."""
_Step = Callable[["_Draft"], Iterator[_Left]]
"""Leaves one thing out each time it is asked, and tells what."""


def shorten(context: Context, resume: resume_pb2.StructuredResume) -> float:
    """Leaves out in place what two pages have no room for, and notes it; the rows it takes then. What alone answers
    something that the posting asks is never touched, nor is a job, degree, certificate, language or skill.
    """
    ruler = Ruler(context.locale)
    header, by_kind = ruler.header_rows(resume.header), _rows_by_kind(ruler, resume)
    if not any(len(section.publications.entries) >= _SCHOLAR for section in resume.sections):
        _leave_out(context, resume, ruler, by_kind, header + sum(by_kind.values()) - room(context.locale))
    return header + sum(by_kind.values())


def _leave_out(
    context: Context,
    resume: resume_pb2.StructuredResume,
    ruler: Ruler,
    by_kind: dict[str, float],
    left: float,
) -> None:
    """Leaves out `left` rows, as far as there is what may go, and keeps count of the rows of each kind of section."""
    if left <= 0:
        return
    draft = _Draft(context, resume)
    for step in _STEPS:
        for section, name, text in step(draft):
            context.notes.improve(
                section,
                documents_pb2.IMPROVEMENT_TYPE_REMOVAL,
                f"Left out of “{name}” to keep the resume to {PAGES} pages.",
                before=text,
            )
            context.notes.notices.append(
                f"Left out of “{name}” to keep the resume to {PAGES} pages: “{text}”"
            )
            # Only what stands in sections of this kind is another now.
            before, by_kind[section] = by_kind[section], _rows_of(ruler, resume, section)
            left -= before - by_kind[section]
            if left <= 0:
                return


def room(locale: str) -> float:
    """Rows that a resume may take by the measure of `extent`."""
    return PAGES * page_rows(locale) - MARGIN_ROWS


def _rows_by_kind(ruler: Ruler, resume: resume_pb2.StructuredResume) -> dict[str, float]:
    rows: dict[str, float] = {}
    for section in resume.sections:
        kind = section.WhichOneof("content") or ""
        rows[kind] = rows.get(kind, 0.0) + ruler.section_rows(section)
    return rows


def _rows_of(ruler: Ruler, resume: resume_pb2.StructuredResume, kind: str) -> float:
    return sum(
        ruler.section_rows(section)
        for section in resume.sections
        if (section.WhichOneof("content") or "") == kind
    )


class _Draft:
    """A resume being shortened, and how often it says what the posting asks."""

    def __init__(self, context: Context, resume: resume_pb2.StructuredResume) -> None:
        self.context = context
        self.resume = resume
        wanted = context.wanted
        self._tag = wanted.language.tag if wanted else ""
        self._skills = {each.name: each.keys for each in wanted.skills} if wanted else {}
        self._keywords = (
            {stem(fold(each.text), self._tag) for each in wanted.analysis.keywords} if wanted else set()
        )
        self._said = Counter(
            term
            for ref in iter_entries(resume)
            if not isinstance(ref.entry, resume_pb2.SkillsCategory)
            for text in _texts(ref.entry)
            for term in self._terms(text)
        )

    def give_up(self, *texts: str) -> bool:
        """Whether texts may go because everything the posting asks and they say is said elsewhere; they then count
        as gone.
        """
        terms = Counter(term for text in texts for term in self._terms(text))
        if any(self._said[term] <= count for term, count in terms.items()):
            return False
        self._said -= terms
        return True

    def years_since(self, date: common_pb2.PartialDate) -> float:
        """Years from a date to today; 0 where it is not known."""
        today = self.context.today
        return today.year - date.year + (today.month - (date.month or 12)) / 12 if date.year else 0.0

    def _terms(self, text: str) -> set[str]:
        """Skills that the posting asks for, its own words for them, and its keywords, as far as a text holds them."""
        if not self._skills and not self._keywords:
            return set()
        tokens, mentions = self.context.reading.texts.read(text)
        found = {mention.skill.name for mention in mentions} & set(self._skills)
        found |= {key for keys in self._skills.values() for key in keys if key in tokens.joined}
        return found | ({stem(key, self._tag) for key in tokens.keys} & self._keywords)


def _texts(message: Message) -> Iterator[str]:
    """Every text of an entry but its ids."""
    for field, value in message.ListFields():
        if field.name in ("id", "provenance", "alternates", "url"):
            continue
        for each in value if field.is_repeated else [value]:
            if isinstance(each, Message):
                yield from _texts(each)
            elif isinstance(each, str):
                yield each


def _courses(draft: _Draft) -> Iterator[_Left]:
    """Courses of studies that ended years ago."""
    for section in draft.resume.sections:
        for study in section.education.entries:
            courses = [line.text for line in study.coursework]
            if courses and draft.years_since(study.end_date) > _LONG_AGO and draft.give_up(*courses):
                del study.coursework[:]
                yield "education", study.institution or study.degree, ", ".join(courses)


def _interests(draft: _Draft) -> Iterator[_Left]:
    for number, section in reversed(list(enumerate(draft.resume.sections))):
        if section.WhichOneof("content") == "interests":
            text = ", ".join(each.name for each in section.interests.entries)
            title = words(draft.context.locale).titles["interests"]
            del draft.resume.sections[number]
            yield "interests", title, text


def _recommendations(draft: _Draft) -> Iterator[_Left]:
    """What others say of the person; their names stay."""
    for section in draft.resume.sections:
        for reference in section.references.entries:
            if reference.text.text:
                text = reference.text.text
                reference.ClearField("text")
                yield "references", reference.name, text


def _old_jobs(draft: _Draft) -> Iterator[_Left]:
    """Of the oldest job first: its description, then all lines but the best."""
    for job in _jobs(draft, older_than=_OLD):
        if job.description.text and job.achievements and draft.give_up(job.description.text):
            text = job.description.text
            job.ClearField("description")
            yield "experience", _name(job), text
        yield from _last_lines(draft, job.achievements, "experience", _name(job), least=1)


def _side_notes(draft: _Draft) -> Iterator[_Left]:
    """What is told of unpaid work, talks and prizes beyond their names."""
    for section in reversed(draft.resume.sections):
        told: list[resume_pb2.PublicationEntry | resume_pb2.AwardEntry]
        told = [*section.publications.entries, *section.awards.entries]
        for each in told:
            if each.summary.text and draft.give_up(each.summary.text):
                text = each.summary.text
                each.ClearField("summary")
                yield section.WhichOneof("content") or "", _name(each), text
        for work in section.volunteer.entries:
            if work.description.text and work.achievements and draft.give_up(work.description.text):
                text = work.description.text
                work.ClearField("description")
                yield "volunteer", _name(work), text
            yield from _last_lines(draft, work.achievements, "volunteer", _name(work), least=1)


def _old_projects(draft: _Draft) -> Iterator[_Left]:
    """Projects of long ago, the least wanted first, down to one."""
    for section in draft.resume.sections:
        projects = section.projects.entries
        ended = {each.id: each.end_date if each.end_date.year else each.start_date for each in projects}
        for old in sorted(projects, key=lambda each: (each.relevance, each.id)):
            texts = list(_texts(old))
            if (
                len(projects) < 2
                or old.relevance >= _WANTED
                or draft.years_since(ended[old.id]) <= _LONG_AGO
                or not draft.give_up(*texts)
            ):
                continue
            shown = (old.name, old.description.text, *(line.text for line in old.achievements))
            name = words(draft.context.locale).titles["projects"]
            del projects[next(index for index, each in enumerate(projects) if each.id == old.id)]
            yield "projects", name, " – ".join(filter(None, shown))


def _earlier_lines(draft: _Draft) -> Iterator[_Left]:
    """Lines of jobs that ended, the oldest job first, down to two."""
    for job in _jobs(draft, older_than=0):
        yield from _last_lines(draft, job.achievements, "experience", _name(job), least=2)


_STEPS: tuple[_Step, ...] = (
    _courses,
    _interests,
    _recommendations,
    _old_jobs,
    _side_notes,
    _old_projects,
    _earlier_lines,
)
"""What goes first; docs/composing.md says why."""


def _last_lines(
    draft: _Draft, lines: MutableSequence[common_pb2.Line], section: str, name: str, *, least: int
) -> Iterator[_Left]:
    """The last lines of an entry, which matter least."""
    for number in range(len(lines) - 1, -1, -1):
        if len(lines) <= least:
            return
        text = lines[number].text
        if draft.give_up(text):
            del lines[number]
            yield section, name, text


def _jobs(draft: _Draft, *, older_than: int) -> Iterator[resume_pb2.ExperienceEntry]:
    for section in draft.resume.sections:
        for job in reversed(section.experience.entries):
            if not job.is_current and draft.years_since(job.end_date) > older_than:
                yield job


def _name(entry: Message) -> str:
    parts = [getattr(entry, field, "") for field in ("title", "position", "name", "company", "organization")]
    return ", ".join(part for part in parts if part)
