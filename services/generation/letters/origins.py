"""Who said what in an edited letter (SPEC G7), by the rules of resumes: what stayed keeps its origin, what was typed is
the person's own and is flagged where neither the profile nor the posting bears it out. A sentence without a figure, a
skill or a name that is new says what the person wishes or thinks, and needs no proof.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from google.protobuf.message import Message

from services.generation.composing.letter_truth import Addressee, letter_untruths
from services.generation.letters.language import letter_language
from services.generation.letters.pen import POSTING_ID
from services.generation.resumes.origins import USER_EDIT, record, settle_header, settled_lines
from services.generation.resumes.proof import Prover
from services.generation.skills.extraction import find_skills
from services.generation.skills.table import SkillTable
from vitae.generation.v1 import postings_pb2
from vitae.resume.v1 import common_pb2, cover_letter_pb2, profile_pb2

_MOST_SOURCES = 100


@dataclass(frozen=True)
class LetterProver:
    """Looks for proof in one profile and one posting."""

    profile: profile_pb2.ProfileContent
    posting: postings_pb2.JobPosting | None
    today: date
    skills: SkillTable
    locale: str

    def of_profile(self) -> Prover:
        """The prover of what letters share with resumes."""
        return Prover(self.profile, self.today, self.skills, self.locale)

    def holds(self, asked: Sequence[tuple[str, Sequence[str]]]) -> list[bool]:
        """Whether these sources bear out each text; a text without a source is not borne out."""
        probe = cover_letter_pb2.StructuredCoverLetter(locale=self.locale)
        for text, sources in asked:
            line = probe.paragraphs.add().lines.add(text=text)
            line.provenance.source_ids.extend(sources)
            line.provenance.transformation = common_pb2.TRANSFORMATION_REWRITTEN
        addressee = Addressee(self.posting or postings_pb2.JobPosting())
        found = letter_untruths(probe, self.profile, addressee, self.today, self.skills)
        places = (re.match(r"paragraphs\[(\d+)\]", each.path) for each in found)
        false = {int(match.group(1)) for match in places if match is not None}
        return [number not in false for number in range(len(asked))]

    def claims_nothing(self, text: str) -> bool:
        """Whether a text names no figure, no skill and nobody that the profile and the posting do not name."""
        posting = self.posting or postings_pb2.JobPosting()
        given = [*_strings(self.profile), posting.title, posting.company, posting.analysis.text]
        if re.search(r"\d", text):
            return False
        proved = {name for each in _strings(self.profile) for name in self._skills_in(each)}
        language = letter_language(self.locale)
        known = {word.casefold() for each in given for word in _WORD.findall(each)}
        names = (
            [match for match in _WORD.finditer(text) if match.group()[0].isupper()]
            if language is None or language.small_nouns
            else []
        )
        return self._skills_in(text) <= proved and all(
            match.group().casefold() in known | {"i"} or _begins(text, match.start()) for match in names
        )

    def _skills_in(self, text: str) -> set[str]:
        return {each.skill.name for each in find_skills(self.skills.tokens(text), self.skills)}


_WORD = re.compile(r"[^\W\d_]+")


def _begins(text: str, start: int) -> bool:
    """Whether a sentence begins here."""
    return re.search(r"(?:^|[.!?:]\s)[\s“„«\"]*$", text[:start]) is not None


def _strings(message: Message) -> Iterator[str]:
    """Every text inside a message."""
    for field, value in message.ListFields():
        children = value if field.is_repeated else [value]
        if field.type == field.TYPE_STRING and field.name != "id":
            yield from children
        elif field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for child in children:
                yield from _strings(child)


def settle_origins(
    letter: cover_letter_pb2.StructuredCoverLetter,
    head: cover_letter_pb2.StructuredCoverLetter,
    prover: LetterProver,
) -> None:
    """Sets origin, relevance and alternates of everything in an edited letter, in place."""
    of_profile = prover.of_profile()
    settle_header(letter.sender, head.sender, of_profile)
    typed = [
        ref.line
        for ref, _ in settled_lines(letter, head)
        if ref.line.provenance.transformation == USER_EDIT and ref.line.text.strip()
    ]
    known = of_profile.fact_ids | ({POSTING_ID} if prover.posting is not None else set())
    own = [tuple(each for each in line.provenance.source_ids if each in known) for line in typed]
    holds_own = prover.holds([(line.text, sources) for line, sources in zip(typed, own, strict=True)])
    holds_any = prover.holds([(line.text, sorted(known)) for line in typed])
    for line, sources, by_own, by_any in zip(typed, own, holds_own, holds_any, strict=True):
        proof = sources if by_own else () if by_any or prover.claims_nothing(line.text) else None
        record(line.provenance, proof[:_MOST_SOURCES] if proof is not None else None)
