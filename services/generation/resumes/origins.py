"""Who said what in an edited document (SPEC G7): what stayed keeps its origin, what was typed is the person's own.

The origin that a client sends is never believed. A line whose text is as it was keeps the origin it had; one of its
proved alternates takes its place with the same origin; everything else becomes a user edit, as do the fields of a job
or another entry, and the contact data. A user edit keeps its sources while they still bear out every claim in it that
can be checked (numbers, skills, names); where the profile does not either, it is flagged as unproved, never refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from services.document.lines import AnyDocument, EntryRef, LineRef, iter_entries, iter_lines
from services.generation.resumes.proof import Claim, Prover
from vitae.resume.v1 import common_pb2, resume_pb2

USER_EDIT = common_pb2.TRANSFORMATION_USER_EDIT

_COPIES = (common_pb2.TRANSFORMATION_UNSPECIFIED, common_pb2.TRANSFORMATION_VERBATIM)
_MOST_ALTERNATES = 10

_LIST_ITEMS = (".items[", ".technologies[", ".coursework[")
"""Lines that name a thing rather than tell of it: every word counts."""


@dataclass(frozen=True, slots=True)
class Known:
    """A line of the head, and the entry it stands in."""

    line: common_pb2.Line
    entry: str


def settle_origins(
    structure: resume_pb2.StructuredResume, head: resume_pb2.StructuredResume, prover: Prover
) -> None:
    """Sets origin, relevance and alternates of everything in an edited structure, in place."""
    settle_header(structure.header, head.header, prover)
    _settle_entries(structure, head, prover)
    claims = [
        _claim(ref, known, prover)
        for ref, known in settled_lines(structure, head)
        if ref.line.provenance.transformation == USER_EDIT and ref.line.text.strip()
    ]
    for claim, proof in zip(claims, prover.prove(claims), strict=True):
        record(claim.line.provenance, proof)


def settled_lines(structure: AnyDocument, head: AnyDocument) -> Iterator[tuple[LineRef, Known | None]]:
    """Every line, its origin set to the one it had or to a user edit, with the line it was before."""
    refs = list(iter_lines(structure))
    by_id = {ref.line.id: Known(ref.line, _entry_of(ref)) for ref in iter_lines(head) if ref.line.id}
    free = _by_text(by_id, taken={ref.line.id for ref in refs})
    for ref in refs:
        line = ref.line
        if not line.id and (same := free.pop((_entry_of(ref), line.text), None)):
            line.id = same
        known = by_id.get(line.id)
        _settle_line(line, known, moved=known is not None and known.entry != _entry_of(ref))
        yield ref, known


def _settle_line(line: common_pb2.Line, known: Known | None, *, moved: bool) -> None:
    given = line.text
    if known is not None and not moved and given == known.line.text:
        line.CopyFrom(known.line)
        return
    line.ClearField("provenance")
    line.ClearField("alternates")
    line.relevance = known.line.relevance if known is not None else 0.0
    if known is not None and not moved:
        before = known.line
        proved = before.provenance.transformation != USER_EDIT
        others = [before.text] if proved else []
        others += [each for each in before.alternates if each != given]
        line.alternates.extend(others[:_MOST_ALTERNATES])
        if given in before.alternates and proved:
            line.provenance.CopyFrom(before.provenance)
            if before.provenance.transformation in _COPIES:
                line.provenance.transformation = common_pb2.TRANSFORMATION_TERM_SUBSTITUTED
            return
    line.provenance.transformation = USER_EDIT
    if known is not None and not moved:
        line.provenance.source_ids.extend(known.line.provenance.source_ids)


def _claim(ref: LineRef, known: Known | None, prover: Prover) -> Claim:
    """What is to be proved of a line: by the sources it had, or else by those of its entry or by all of the profile."""
    entry = getattr(ref.entry, "id", "")
    wider = (entry,) if entry in prover.fact_ids else prover.fact_ids
    sources = ref.line.provenance.source_ids if known is not None else ()
    strict = any(each in ref.path for each in _LIST_ITEMS) or ref.section is None
    return Claim(ref.line, tuple(each for each in sources if each in prover.fact_ids), tuple(wider), strict)


def _settle_entries(
    structure: resume_pb2.StructuredResume, head: resume_pb2.StructuredResume, prover: Prover
) -> None:
    before = {(_kind(ref), getattr(ref.entry, "id", "")): ref.entry for ref in iter_entries(head)}
    typed: list[Any] = []
    for ref in iter_entries(structure):
        entry: Any = ref.entry
        if "provenance" not in entry.DESCRIPTOR.fields_by_name:
            continue
        known: Any = before.get((_kind(ref), entry.id)) if entry.id else None
        same = known is not None and own_fields(known) == own_fields(entry)
        entry.ClearField("provenance")
        if "relevance" in entry.DESCRIPTOR.fields_by_name:
            entry.relevance = known.relevance if known is not None else 0.0
        if same and known.provenance.transformation != USER_EDIT:
            entry.provenance.CopyFrom(known.provenance)
            continue
        entry.provenance.transformation = USER_EDIT
        typed.append(ref)
    for ref, proof in zip(typed, prover.prove_entries(typed), strict=True):
        record(ref.entry.provenance, proof)


def settle_header(header: resume_pb2.ResumeHeader, head: resume_pb2.ResumeHeader, prover: Prover) -> None:
    """Sets the origin of the contact data, in place."""
    same = own_fields(header) == own_fields(head)
    header.ClearField("provenance")
    if same and head.provenance.transformation != USER_EDIT:
        header.provenance.CopyFrom(head.provenance)
        return
    header.provenance.transformation = USER_EDIT
    record(header.provenance, prover.prove_header(header))


def own_fields(message: Message) -> Message:
    """A copy of an entry or header without its lines and without what the service itself says of it."""
    copy = type(message)()
    copy.CopyFrom(message)
    for field in copy.DESCRIPTOR.fields:
        name, kind = field.name, field.message_type
        if name in ("provenance", "relevance") or (
            kind and kind.full_name == common_pb2.Line.DESCRIPTOR.full_name
        ):
            copy.ClearField(name)
    return copy


def record(provenance: common_pb2.Provenance, proof: tuple[str, ...] | None) -> None:
    """Notes what proves a user edit; None where nothing does."""
    del provenance.source_ids[:]
    provenance.source_ids.extend(proof or ())
    provenance.unproved = proof is None


def _by_text(by_id: Mapping[str, Known], taken: set[str]) -> dict[tuple[str, str], str]:
    """Ids of the head's lines that the edit does not name, by entry and text: for clients that drop ids."""
    return {
        (known.entry, known.line.text): line_id
        for line_id, known in reversed(list(by_id.items()))
        if line_id not in taken and known.line.text
    }


def _entry_of(ref: LineRef) -> str:
    """What a line belongs to: a job's id, or the kind of its section where entries have none."""
    kind = ref.section.WhichOneof("content") if ref.section is not None else ""
    return f"{kind}/{getattr(ref.entry, 'id', '')}"


def _kind(ref: EntryRef) -> str:
    return ref.section.WhichOneof("content") or ""
