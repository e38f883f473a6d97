"""Whether a profile bears out what a person typed, by the verifier that everything composed passes too."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from services.document.lines import EntryRef
from services.generation.composing.truth import untruths
from services.generation.matching.facts import PERSONAL_ID, SUMMARY_ID, profile_facts
from services.generation.skills.table import SkillTable
from vitae.resume.v1 import common_pb2, profile_pb2, resume_pb2

_MOST_SOURCES = 100
"""Sources a provenance may name."""

_ALIKE = frozenset(
    [
        "experience",
        "projects",
        "education",
        "languages",
        "certifications",
        "volunteer",
        "awards",
        "publications",
        "interests",
        "references",
    ]
)
"""Sections whose entries tell of the profile's field of the same name."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A typed line and where its proof is looked for."""

    line: common_pb2.Line
    sources: tuple[str, ...]
    """The facts it came from, as far as they are still there."""
    wider: tuple[str, ...]
    """Where else to look: the job it stands under, or all of the profile."""
    strict: bool
    """Whether every word counts, not only numbers, skills and names: for what names a thing."""


@dataclass(frozen=True)
class Prover:
    """Looks for proof in one profile. A proof is the ids of facts; it may be empty where no single fact says it all."""

    profile: profile_pb2.ProfileContent
    today: date
    skills: SkillTable
    locale: str

    @cached_property
    def fact_ids(self) -> frozenset[str]:
        """Ids of everything in the profile that can be a source."""
        return frozenset({SUMMARY_ID, PERSONAL_ID, *_ids(self.profile)})

    def prove(self, claims: Sequence[Claim]) -> list[tuple[str, ...] | None]:
        """The proof of each claim; None where there is none."""
        own = self._holds([(claim, claim.sources) for claim in claims])
        open_ = [claim for claim, holds in zip(claims, own, strict=True) if not holds]
        wider = iter(self._holds([(claim, claim.wider) for claim in open_]))
        proofs: list[tuple[str, ...] | None] = []
        for claim, holds in zip(claims, own, strict=True):
            if holds:
                proofs.append(claim.sources[:_MOST_SOURCES])
            else:
                proofs.append(self._saying(claim) if next(wider) else None)
        return proofs

    def prove_entries(self, refs: Sequence[EntryRef]) -> list[tuple[str, ...] | None]:
        """The one fact that says all of an entry's own fields, for each entry."""
        tried = [(ref, fact_id) for ref in refs for fact_id in self._facts_like(ref)]
        probe = resume_pb2.StructuredResume(locale=self.locale)
        for ref, fact_id in tried:
            _add_entry(probe, ref, fact_id)
        false = self._false_sections(probe)
        proofs: dict[int, tuple[str, ...]] = {}
        for number, (ref, fact_id) in enumerate(tried):
            if number not in false:
                proofs.setdefault(id(ref), (fact_id,))
        return [proofs.get(id(ref)) for ref in refs]

    def prove_header(self, header: resume_pb2.ResumeHeader) -> tuple[str, ...] | None:
        """Whether name and contact are the profile's."""
        probe = resume_pb2.StructuredResume(locale=self.locale, header=header)
        probe.header.ClearField("title")
        probe.header.ClearField("provenance")
        return None if untruths(probe, self.profile, self.today, self.skills) else (PERSONAL_ID,)

    def _holds(self, asked: Sequence[tuple[Claim, tuple[str, ...]]]) -> list[bool]:
        probe = resume_pb2.StructuredResume(locale=self.locale)
        for claim, sources in asked:
            line = probe.sections.add().summary.lines.add(text=claim.line.text)
            line.provenance.source_ids.extend(sources)
            line.provenance.transformation = (
                common_pb2.TRANSFORMATION_TERM_SUBSTITUTED
                if claim.strict
                else common_pb2.TRANSFORMATION_REWRITTEN
            )
        false = self._false_sections(probe)
        return [number not in false for number in range(len(asked))]

    def _false_sections(self, probe: resume_pb2.StructuredResume) -> set[int]:
        """Numbers of the sections in which the verifier finds something that is not proved."""
        found = untruths(probe, self.profile, self.today, self.skills) if probe.sections else []
        return {int(each.path.removeprefix("sections[").split("]")[0]) for each in found}

    def _saying(self, claim: Claim) -> tuple[str, ...]:
        """The facts among the wider ones that say the line word for word."""
        text = _flat(claim.line.text)
        wider = frozenset(claim.wider)
        saying = (
            each.id
            for each in profile_facts(self.profile)
            if text in _flat(each.text) and (each.id in wider or each.entry in wider)
        )
        return tuple(dict.fromkeys(saying))[:_MOST_SOURCES]

    def _facts_like(self, ref: EntryRef) -> Iterator[str]:
        kind = ref.section.WhichOneof("content") or ""
        if kind == "custom":
            yield from (item.id for section in self.profile.custom_sections for item in section.items)
        elif kind in _ALIKE:
            yield from (each.id for each in getattr(self.profile, kind))


def _add_entry(probe: resume_pb2.StructuredResume, ref: EntryRef, fact_id: str) -> None:
    held = getattr(probe.sections.add(), ref.section.WhichOneof("content") or "")
    entry = held.entries.add()
    entry.CopyFrom(ref.entry)
    for field in [field for field, _ in entry.ListFields() if _is_line(field)]:
        entry.ClearField(field.name)
    entry.provenance.CopyFrom(common_pb2.Provenance(source_ids=[fact_id]))


def _is_line(field: FieldDescriptor) -> bool:
    kind = field.message_type
    return kind is not None and kind.full_name == common_pb2.Line.DESCRIPTOR.full_name


def _ids(message: Message) -> Iterable[str]:
    """The id of everything with one inside a message."""
    for field, value in message.ListFields():
        kind = field.message_type
        if kind is None or kind.GetOptions().map_entry:
            continue
        for child in value if field.is_repeated else [value]:
            if "id" in child.DESCRIPTOR.fields_by_name and child.id:
                yield child.id
            yield from _ids(child)


def _flat(text: str) -> str:
    return " ".join(text.casefold().split())
