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

from services.document.lines import iter_lines
from services.generation.composing.truth import Untruth, untruths
from services.generation.letters.address import without_form
from services.generation.letters.frames import claims, without
from services.generation.letters.language import Language, letter_language
from services.generation.letters.pen import POSTING_ID
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
) -> None:
    """Raises Internal (UNPROVED_CONTENT) where `letter_untruths` finds anything. The message names places only."""
    found = letter_untruths(letter, profile, addressee, today, skills)
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
) -> list[Untruth]:
    """Every claim of a letter that neither its sources nor the posting prove. What a user typed passes."""
    probe = resume_pb2.StructuredResume(locale=letter.locale, header=letter.sender)
    paths: list[tuple[str, str]] = []
    language = letter_language(letter.locale)
    found = list(_address(letter, profile, addressee, today))
    phrases = _posting_phrases(addressee, "" if found else letter.recipient.name)
    for ref in iter_lines(letter):
        origin = ref.line.provenance
        if ref.path.startswith("sender.") or origin.transformation == _USER_EDIT or not ref.line.text:
            continue
        if not origin.source_ids:
            found.append(Untruth(ref.path, ref.line.text, "names no source"))
            continue
        for text in (ref.line.text, *ref.line.alternates):
            for claim in _claims(text, origin, language, phrases):
                line = probe.sections.add().summary.lines.add(text=claim)
                line.provenance.CopyFrom(_of_profile(origin))
                paths.append((ref.path, text))
    for each in untruths(probe, profile, today, skills):
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


def _claims(
    text: str, origin: common_pb2.Provenance, language: Language | None, phrases: Iterable[str]
) -> Iterator[str]:
    """What of a line the profile has to prove: without the frame and the posting's own words."""
    known = list(phrases) if POSTING_ID in origin.source_ids else []
    found = claims(text, language, known) if language is not None else None
    for claim in [without(text, known)] if found is None else found:
        if re.search(r"\w", claim):
            yield claim


def _posting_phrases(addressee: Addressee, recipient: str) -> list[str]:
    """The posting's title, company, tasks and people, the longest first."""
    posting = addressee.posting
    given = [posting.title, posting.company, *posting.analysis.responsibilities]
    given += [recipient, *recipient.split(), addressee.recipient_name, *addressee.recipient_name.split()]
    phrases = {" ".join(each.split()).strip(" .;,:•*–-") for each in given}
    phrases |= {each.replace("ß", "ss") for each in phrases}
    return sorted(filter(None, phrases), key=lambda each: (-len(each), each))


def _of_profile(origin: common_pb2.Provenance) -> common_pb2.Provenance:
    """The sources among the facts of the profile; who writes, where a line claims nothing."""
    sources = [each for each in origin.source_ids if each != POSTING_ID] or [_PERSONAL]
    how = origin.transformation if POSTING_ID not in origin.source_ids else _REWRITTEN
    return common_pb2.Provenance(source_ids=sources, transformation=how)
