"""Checks a letter against the profile and the posting it was made for, by the same verifier as resumes (SPEC G7).

A letter has what a resume has not: sentences around the facts, and the posting's own title, company, contact and
tasks. The sentences are known word by word (`letters/frames.py`); the posting's words are taken out only where a line
names it as its source and only as they stand there. What is left the facts that the line names have to prove, as in a
resume.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from google.protobuf.message import Message

from services.document.lines import iter_lines
from services.generation.composing.truth import KnownEvidence, Untruth, untruths
from services.generation.letters.address import without_form
from services.generation.letters.frames import claims
from services.generation.letters.language import Language, letter_language
from services.generation.letters.pen import POSTING_ID
from services.generation.letters.wording import first_person
from services.generation.skills.table import SkillTable
from services.runtime.errors import Internal
from vitae.generation.v1 import postings_pb2
from vitae.resume.v1 import common_pb2, cover_letter_pb2, profile_pb2, resume_pb2

_REWRITTEN = common_pb2.TRANSFORMATION_REWRITTEN
_USER_EDIT = common_pb2.TRANSFORMATION_USER_EDIT
_PERSONAL = "personal"


@dataclass(frozen=True, slots=True)
class Addressee:
    """For what and to whom a letter is written."""

    posting: postings_pb2.JobPosting
    recipient_name: str = ""
    """As the caller gave it."""


def require_truth(
    letter: cover_letter_pb2.StructuredCoverLetter,
    profile: profile_pb2.ProfileContent,
    addressee: Addressee,
    today: date,
    skills: SkillTable,
    known: KnownEvidence | None = None,
) -> None:
    """Raises Internal (UNPROVED_CONTENT) where `letter_untruths` finds anything. The message names places only."""
    found = letter_untruths(letter, profile, addressee, today, skills, known)
    if found:
        places = ", ".join(dict.fromkeys(each.path for each in found))
        raise Internal(
            f"The letter was not made: it says what the profile does not prove, at {places[:500]}.",
            reason="UNPROVED_CONTENT",
        )


def letter_untruths(
    letter: cover_letter_pb2.StructuredCoverLetter,
    profile: profile_pb2.ProfileContent,
    addressee: Addressee,
    today: date,
    skills: SkillTable,
    known: KnownEvidence | None = None,
) -> list[Untruth]:
    """Every claim of a letter that neither its sources nor the posting prove. What a user typed passes.

    `known` remembers what was read of the profile, for whoever checks it again.
    """
    probe = resume_pb2.StructuredResume(locale=letter.locale, header=letter.sender)
    paths: list[tuple[str, str]] = []
    language = letter_language(letter.locale)
    found = list(_address(letter, profile, addressee, today))
    said = _said(profile)
    said[POSTING_ID] = _posting_phrases(addressee, "" if found else letter.recipient.name)
    for ref in iter_lines(letter):
        origin = ref.line.provenance
        if ref.path.startswith("sender.") or origin.transformation == _USER_EDIT or not ref.line.text:
            continue
        if not origin.source_ids:
            found.append(Untruth(ref.path, ref.line.text, "names no source"))
            continue
        for text in (ref.line.text, *ref.line.alternates):
            held = [each for source in origin.source_ids for each in said.get(source, ())]
            for claim in _claims(text, language, held):
                if name := _foreign_name(claim, held, language):
                    found.append(Untruth(ref.path, text, f"“{name}” is not in its source"))
                line = probe.sections.add().summary.lines.add(text=claim)
                line.provenance.CopyFrom(_of_profile(origin))
                paths.append((ref.path, text))
    for each in untruths(probe, profile, today, skills, known):
        match = re.match(r"sections\[(\d+)\]", each.path)
        if match is None:
            found.append(Untruth(each.path.replace("header", "sender", 1), each.claim, each.reason))
        else:
            path, text = paths[int(match.group(1))]
            found.append(Untruth(path, text, each.reason))
    return found


def _address(
    letter: cover_letter_pb2.StructuredCoverLetter,
    profile: profile_pb2.ProfileContent,
    addressee: Addressee,
    today: date,
) -> Iterator[Untruth]:
    """What stands around the lines: names and the date."""
    posting, recipient = addressee.posting, letter.recipient
    if letter.signature and letter.signature.split() != profile.personal.full_name.split():
        yield Untruth("signature", letter.signature, "is not the person's name")
    if recipient.company and recipient.company.split() != posting.company.split():
        yield Untruth("recipient.company", recipient.company, "is not the posting's company")
    given = f"{addressee.recipient_name}\n{posting.analysis.text}"
    for field in ("name", "title"):
        claim = getattr(recipient, field)
        if claim and without_form(claim) not in " ".join(given.split()):
            yield Untruth(f"recipient.{field}", claim, "is nobody the posting names")
    day = letter.date
    if day.year and (day.year, day.month, day.day) != (today.year, today.month, today.day):
        yield Untruth("date", f"{day.year}-{day.month}-{day.day}", "is not the day of writing")


def _claims(text: str, language: Language | None, known: Iterable[str]) -> list[str]:
    """What of a line has to be proved: without its frame and without what is known to be true as it stands."""
    if language is None:
        return [text]
    held = list(known)
    return claims(text, language, [*held, *(each for line in held for each in first_person(line, language))])


def _foreign_name(claim: str, known: Iterable[str], language: Language | None) -> str:
    """A capitalised word of a claim that no source has; "" in languages where a capital tells no name."""
    if language is None or not language.small_nouns:
        return ""
    held = {word.casefold() for text in known for word in _WORD.findall(text)}
    names = (word for word in _WORD.findall(claim) if word[0].isupper())
    return next((word for word in names if word.casefold() not in held), "")


_WORD = re.compile(r"[^\W\d_]+")


def _posting_phrases(addressee: Addressee, recipient: str) -> list[str]:
    """The posting's title, company, tasks and people."""
    posting = addressee.posting
    given = [posting.title, posting.company, *posting.analysis.responsibilities]
    given += [recipient, *recipient.split(), addressee.recipient_name, *addressee.recipient_name.split()]
    return [" ".join(each.split()).strip(" .;,:•*–-") for each in given]


def _said(profile: profile_pb2.ProfileContent) -> dict[str, list[str]]:
    """What each fact and its parts say, field by field: a copy of it is true wherever it stands."""
    found: dict[str, list[str]] = {"summary": [profile.summary, profile.enhanced_summary]}
    for holder in _holders(profile):
        parts = (holder, *_holders(holder))
        found[holder.id] = [text for part in parts for text in _texts(part)]  # type: ignore[attr-defined]
    for each in profile.translations:
        found.setdefault(each.source_id or "summary", []).append(each.text)
    return found


def _holders(message: Message) -> Iterator[Message]:
    """Every message with an id inside a message."""
    for field, value in message.ListFields():
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            continue
        for child in value if field.is_repeated else [value]:
            if getattr(child, "id", ""):
                yield child
            yield from _holders(child)


def _texts(holder: Message) -> Iterator[str]:
    for field, value in holder.ListFields():
        if field.type == field.TYPE_STRING and field.name != "id":
            for text in value if field.is_repeated else [value]:
                yield text.strip(" .;,:•*–-\n")


def _of_profile(origin: common_pb2.Provenance) -> common_pb2.Provenance:
    """The sources among the facts of the profile; who writes, where a line claims nothing."""
    sources = [each for each in origin.source_ids if each != POSTING_ID] or [_PERSONAL]
    how = origin.transformation if POSTING_ID not in origin.source_ids else _REWRITTEN
    return common_pb2.Provenance(source_ids=sources, transformation=how)
