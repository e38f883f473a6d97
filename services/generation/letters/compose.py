"""Puts a letter together: who writes to whom, why, on what evidence. Pure and deterministic."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from services.document.lines import assign_ids, iter_lines, without_lines
from services.document.text import content_text
from services.generation.composing import header as headers
from services.generation.composing.compose import context_of
from services.generation.composing.context import Context, squeeze
from services.generation.composing.letter_truth import Addressee, letter_untruths, require_truth
from services.generation.composing.memory import Memory
from services.generation.letters.address import Person, address_line, named_contact, parse_person, salutation
from services.generation.letters.body import Body
from services.generation.letters.common_words import common_words
from services.generation.letters.evidence import entries, written_language
from services.generation.letters.language import Language, letter_language, letter_languages
from services.generation.letters.pen import POSTING_ID, Pen, Told
from services.generation.letters.quality import letter_quality
from services.generation.letters.strengths import strengths
from services.generation.letters.tasks import tasks
from services.generation.skills.table import SkillTable
from services.runtime.errors import FieldError, InvalidArgument
from vitae.generation.v1 import documents_pb2, matching_pb2, postings_pb2, resumes_pb2
from vitae.resume.v1 import common_pb2, cover_letter_pb2, profile_pb2

_MOST_LINES = 7
_FULL_PAGE = 285
"""Words of the body that fit one page with address and greeting in every template (measured: 300 do not)."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How the letter is to be."""

    tone: str = "professional"
    """ "professional" or "warm"."""
    recipient_name: str = ""
    locale: str = ""


@dataclass(frozen=True, slots=True)
class LetterComposition:
    """A letter and all that is known about how it was made."""

    structure: cover_letter_pb2.StructuredCoverLetter
    content_text: str
    qa: documents_pb2.QualityReport
    notices: tuple[str, ...]


def compose_letter(
    profile: profile_pb2.ProfileContent,
    posting: postings_pb2.JobPosting,
    ranking: matching_pb2.Ranking,
    wish: Wish,
    today: date,
    skills: SkillTable,
    memory: Memory | None = None,
) -> LetterComposition:
    """A letter for the posting. Every fact of the profile has an id; `ranking` is that of the same two.

    Raises:
        InvalidArgument: LETTER_LANGUAGE_UNKNOWN, when letters are not written in the language.
        Internal: UNPROVED_CONTENT, when the letter does not pass the check of truth.
    """
    language = _language(profile, posting, wish.locale)
    options = resumes_pb2.TailoringOptions(locale=language.locale)
    memory = memory or Memory()
    context, _ = context_of(profile, posting, ranking, options, today, skills, memory)
    person = parse_person(wish.recipient_name)
    if person is None:
        known = [each for each in (letter_language(posting.locale), language) if each is not None]
        person = named_contact(posting.analysis.text, posting.company, known)
    draft = _Draft(context, posting, ranking, language, wish.tone, person)
    addressee = Addressee(posting, wish.recipient_name)
    letter, dropped = _proved(draft, profile, addressee, today, skills, memory)
    return LetterComposition(
        structure=letter,
        content_text=content_text(letter),
        qa=letter_quality(letter, context.wanted, context.reading, posting.company),
        notices=(*draft.notices(), *dropped),
    )


def _proved(
    draft: "_Draft",
    profile: profile_pb2.ProfileContent,
    addressee: Addressee,
    today: date,
    skills: SkillTable,
    memory: Memory,
) -> tuple[cover_letter_pb2.StructuredCoverLetter, list[str]]:
    """A letter that passes the check, and a notice for each sentence it cost."""
    letter, known = draft.fitting(), memory.evidence
    found = letter_untruths(letter, profile, addressee, today, skills, known)
    if not found:
        return letter, []
    # A bent verb, or a name beside another, may turn out to name a skill that the source alone does not: such lines
    # are quoted as they stand, such names left out.
    draft.hold_back(source for each in found for source in _sources_at(letter, each.path))
    letter = draft.fitting()
    paths = {each.path for each in letter_untruths(letter, profile, addressee, today, skills, known)}
    lines = [ref.line for ref in iter_lines(letter) if ref.path in paths]
    letter = without_lines(letter, [each.id for each in lines])
    require_truth(letter, profile, addressee, today, skills, known)
    return letter, [
        f"Not said, for the profile does not prove every word of it: “{each.text}”" for each in lines
    ]


def body_words(letter: cover_letter_pb2.StructuredCoverLetter) -> int:
    """Words of the paragraphs."""
    return sum(len(line.text.split()) for part in letter.paragraphs for line in part.lines)


def _language(profile: profile_pb2.ProfileContent, posting: postings_pb2.JobPosting, asked: str) -> Language:
    """The language asked for, else the profile's, else the one it is written in, else the posting's, else English."""
    locale = asked or profile.locale or written_language(profile) or posting.locale or "en"
    found = letter_language(locale)
    if found is None:
        known = ", ".join(letter_languages())
        raise InvalidArgument(
            f"Letters are not written in “{locale[:35]}” yet.",
            reason="LETTER_LANGUAGE_UNKNOWN",
            fields=[FieldError("options.locale", f"must be a tag of one of these languages: {known}")],
        )
    return found


class _Draft:
    """One letter in the making."""

    def __init__(
        self,
        context: Context,
        posting: postings_pb2.JobPosting,
        ranking: matching_pb2.Ranking,
        language: Language,
        tone: str,
        person: Person | None,
    ) -> None:
        self._context = context
        self._posting = posting
        self._ranking = ranking
        self._language = language
        self._tone = tone
        self._person = person
        self._kept = _names(context.profile, posting, person)
        is_common = common_words(context.profile, posting, context.reading.table)
        self._entries = entries(context, language, is_common)
        self._strengths = strengths(context, posting, language, is_common)
        self._title = Told(squeeze(posting.title), (POSTING_ID,))
        self._company = Told(squeeze(posting.company), (POSTING_ID,))
        self._tasks = tasks(context, posting, language.tag)

    def fitting(self) -> cover_letter_pb2.StructuredCoverLetter:
        """The fullest letter within the length that is read; a person with little to tell gets a shorter one."""
        letter = self._letter(0)
        for most in range(_MOST_LINES, 0, -1):
            letter = self._letter(most)
            if body_words(letter) <= _FULL_PAGE:
                break
        return letter

    def hold_back(self, fact_ids: Iterable[str]) -> None:
        """Has lines of these facts quoted, not bent, and skills of these facts left out."""
        ids = frozenset(fact_ids)
        self._entries = [each.quoting(ids) for each in self._entries]
        self._strengths = self._strengths.without(ids)

    def notices(self) -> Iterator[str]:
        """What the person should know."""
        proofs = [proof for each in self._entries for proof in each.proofs]
        has_lines = any(job.achievements or job.description for job in self._context.profile.experience)
        if not proofs and has_lines:
            yield (
                "What you did is not written in the letter's language, so the letter names it only by title and "
                "employer; add translations to the profile."
            )
        spoken = letter_language(self._posting.locale)
        if spoken is not None and spoken.tag != self._language.tag:
            yield (
                f"The posting is written in “{spoken.tag}” and the letter in “{self._language.tag}”; ask for "
                f"options.locale “{spoken.tag}” for a letter in the posting's language."
            )
        if not self._posting.company:
            yield "The posting names no company that could be read; the letter addresses none."

    def _letter(self, most: int) -> cover_letter_pb2.StructuredCoverLetter:
        pen = Pen(self._language, self._tone, self._kept)
        frame = {
            "title": self._title,
            "quoted_title": Told(pen.quoted(self._title.text) if self._title.text else "", (POSTING_ID,)),
            "company": self._company,
            "at_company": Told(pen.at(self._company.text), (POSTING_ID,)),
        }
        letter = cover_letter_pb2.StructuredCoverLetter(
            locale=self._language.locale,
            sender=headers.header(self._context, self._ranking),
            date=common_pb2.PartialDate(
                year=self._context.today.year, month=self._context.today.month, day=self._context.today.day
            ),
            recipient=cover_letter_pb2.Recipient(
                name=address_line(self._person, self._language), company=self._company.text
            ),
            salutation=salutation(self._person, self._company, pen),
            closing=pen.say("closing.{tone}", {}),
            signature=squeeze(self._context.profile.personal.full_name),
        )
        letter.sender.ClearField("photo")
        subject = pen.say("subject.{tone}", frame)
        if subject is not None:
            letter.subject.CopyFrom(subject)
        body = Body(pen, self._context, frame, self._strengths)
        opening, motivation, ending = body.opening(), body.motivation(self._tasks), body.ending()
        evidence = body.evidence(self._entries, most)
        paragraphs = [opening, *evidence, motivation + body.further(), ending]
        for lines in paragraphs:
            if lines:
                letter.paragraphs.add(lines=lines)
        return assign_ids(letter)


def _sources_at(letter: cover_letter_pb2.StructuredCoverLetter, path: str) -> list[str]:
    """The sources of the line at a path."""
    found = (ref.line for ref in iter_lines(letter) if ref.path == path)
    return [source for line in found for source in line.provenance.source_ids]


def _names(
    profile: profile_pb2.ProfileContent, posting: postings_pb2.JobPosting, person: Person | None
) -> frozenset[str]:
    """Words of the names of people, employers, schools and projects."""
    names = [profile.personal.full_name, posting.company, person.full_name if person is not None else ""]
    names += [each.company for each in profile.experience]
    names += [each.institution for each in profile.education]
    names += [each.name for each in profile.projects] + [each.organization for each in profile.volunteer]
    return frozenset(word for name in names for word in re.findall(r"[^\W_]+", name))
