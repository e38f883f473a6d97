"""What the parts of a resume are composed from, and where they note what they changed or left out."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from services.generation.matching.asked import Asked
from services.generation.matching.ranking import Ranker
from services.generation.matching.reading import Reading
from vitae.generation.v1 import documents_pb2, resumes_pb2
from vitae.resume.v1 import common_pb2, profile_pb2

VERBATIM = common_pb2.TRANSFORMATION_VERBATIM
REORDERED = common_pb2.TRANSFORMATION_REORDERED
SUBSTITUTED = common_pb2.TRANSFORMATION_TERM_SUBSTITUTED
REWRITTEN = common_pb2.TRANSFORMATION_REWRITTEN

LINE_LENGTH = 4000
"""Most characters of a Line."""


@dataclass(slots=True)
class Notes:
    """What was changed and what was left out, in the order it happened."""

    improvements: list[documents_pb2.Improvement] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def improve(
        self,
        section: str,
        type_: documents_pb2.ImprovementType.ValueType,
        description: str,
        *,
        before: str = "",
        after: str = "",
    ) -> None:
        """Notes one change."""
        self.improvements.append(
            documents_pb2.Improvement(
                section=section, type=type_, description=description, before=before, after=after
            )
        )


@dataclass(frozen=True, slots=True)
class Context:
    """One composition: the profile in the resume's language, what the posting asks, how much each fact matters."""

    profile: profile_pb2.ProfileContent
    reading: Reading
    wanted: Asked | None
    ranker: Ranker
    relevance: dict[str, float]
    """Relevance by fact id, as the ranking has it."""
    options: resumes_pb2.TailoringOptions
    locale: str
    today: date
    notes: Notes
    photo: common_pb2.Photo
    """The person's picture; empty where there is none."""

    def relevance_of(self, fact_id: str) -> float:
        """How much the posting wants a fact, 0 to 1; 0 where nothing was ranked."""
        if self.wanted is None:
            return 0.0
        known = self.relevance.get(fact_id)
        return self.ranker.relevance(fact_id) if known is None else known


def line(
    text: str,
    sources: Iterable[str],
    *,
    how: common_pb2.Transformation.ValueType = VERBATIM,
    relevance: float = 0.0,
    alternates: Iterable[str] = (),
) -> common_pb2.Line:
    """A line with its origin; white space is collapsed, which changes no letter. The caller cuts what is too long."""
    shown = squeeze(text)
    return common_pb2.Line(
        text=shown,
        provenance=provenance(sources, how),
        relevance=relevance,
        alternates=[each for each in map(squeeze, alternates) if each and each != shown],
    )


def provenance(
    sources: Iterable[str], how: common_pb2.Transformation.ValueType = VERBATIM
) -> common_pb2.Provenance:
    """Where something came from; at most 100 sources."""
    return common_pb2.Provenance(
        source_ids=list(dict.fromkeys(filter(None, sources)))[:100], transformation=how
    )


def squeeze(text: str) -> str:
    """The text on one line."""
    # Most texts are already; of white space only the plain blank is printable.
    if text.isprintable() and "  " not in text:
        return text.strip()
    return " ".join(text.split())


def fitting(text: str, limit: int = LINE_LENGTH) -> tuple[str, str]:
    """The text on one line up to its last whole sentence within the limit, and what did not fit."""
    text = squeeze(text)
    if len(text) <= limit:
        return text, ""
    cut = max(text.rfind(mark, 0, limit) for mark in (". ", "! ", "? ", "。"))
    cut = cut + 1 if cut > 0 else text.rfind(" ", 0, limit)
    cut = cut if cut > 0 else limit
    return text[:cut].strip(), text[cut:].strip()


def shortened(text: str, limit: int = 120) -> str:
    """The beginning of a text, for notices."""
    text = squeeze(text)
    return text if len(text) <= limit else text[: limit - 1].rsplit(" ", 1)[0] + "…"
