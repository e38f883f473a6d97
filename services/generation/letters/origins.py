"""Who said what in an edited letter (SPEC G7), by the rules of resumes: what stayed keeps its origin, what was typed is
the person's own and is flagged where neither the profile nor the posting bears it out.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.generation.composing.letter_truth import Addressee, letter_untruths
from services.generation.letters.pen import POSTING_ID
from services.generation.resumes.origins import USER_EDIT, record, settle_header, settled_lines
from services.generation.resumes.proof import Prover
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
        proof = sources if by_own else () if by_any else None
        record(line.provenance, proof[:_MOST_SOURCES] if proof is not None else None)
