"""Checks a resume against the profile it was made from (SPEC G7), sharing nothing with what composes but which
skills a text names.

Every line and entry names its sources; each claim in it is looked up in those sources' texts alone. Whoever writes a
resume, composer or model, passes through here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from google.protobuf.message import Message

from services.document.lines import LineRef, iter_entries, iter_lines
from services.document.locales import cldr, words
from services.generation.composing.truth.evidence import PERSONAL, Evidence, flat, texts_of
from services.generation.composing.truth.industries import proved_industries
from services.generation.composing.truth.remembered import KnownEvidence
from services.generation.composing.truth.wording import faults, holds
from services.generation.skills.remembered import Texts
from services.generation.skills.table import SkillTable
from services.runtime.errors import Internal
from vitae.resume.v1 import common_pb2, profile_pb2, resume_pb2

_COPIED = frozenset(
    "title company name entity url degree field_of_study institution gpa language fluency issuer credential_id "
    "organization position awarder publisher subtitle".split()
)
"""Fields of an entry that have to be the field of the same name of the profile's fact."""
_DATES = ("start_date", "end_date", "date", "expiry_date")
_LISTS = ("honors", "keywords")
_NAMES = (".items[", ".technologies[", ".coursework[")
"""Lines that name a thing and tell no deed."""
_LONGEST_ROLE = 500
"""Characters of a project's role; more roles than fit are cut."""
USER_EDIT = common_pb2.TRANSFORMATION_USER_EDIT


@dataclass(frozen=True, slots=True)
class Untruth:
    """A claim that the profile does not prove."""

    path: str
    """Where it stands, such as `sections[1].experience.entries[0].title`."""
    claim: str
    reason: str


def require_truth(
    resume: resume_pb2.StructuredResume,
    profile: profile_pb2.ProfileContent,
    today: date,
    skills: SkillTable,
    known: KnownEvidence | None = None,
    read: Texts | None = None,
) -> None:
    """Raises Internal (UNPROVED_CONTENT) where `untruths` finds anything. The message names places, never content."""
    found = untruths(resume, profile, today, skills, known, read)
    if found:
        places = ", ".join(dict.fromkeys(each.path for each in found))
        raise Internal(
            f"The resume was not made: it says what the profile does not prove, at {places[:500]}.",
            reason="UNPROVED_CONTENT",
        )


def untruths(
    resume: resume_pb2.StructuredResume,
    profile: profile_pb2.ProfileContent,
    today: date,
    skills: SkillTable,
    known: KnownEvidence | None = None,
    read: Texts | None = None,
) -> list[Untruth]:
    """Every claim of a resume that its sources do not prove. What a user typed (USER_EDIT) is theirs and passes.

    `known` remembers what was read of the profile, for whoever checks it again; `read` remembers which skills texts
    name, which tells nothing of what may be said.
    """
    verifier = Verifier(profile, today, skills, resume.locale, known, read)
    found = list(verifier.header(resume.header))
    for line_ref in iter_lines(resume):
        found.extend(verifier.line(line_ref))
    for entry_ref in iter_entries(resume):
        found.extend(verifier.entry(entry_ref.path, entry_ref.entry))
    for number, section in enumerate(resume.sections):
        found.extend(verifier.heading(f"sections[{number}]", section))
    found.extend(verifier.metadata(resume.metadata))
    return found


class Verifier:
    """Looks claims up in one profile. `locale` is that of what is checked."""

    def __init__(
        self,
        profile: profile_pb2.ProfileContent,
        today: date,
        skills: SkillTable,
        locale: str,
        known: KnownEvidence | None = None,
        read: Texts | None = None,
    ) -> None:
        self._profile = profile
        self._locale = locale
        self._evidence = (
            Evidence(profile, today, skills, locale, read)
            if known is None
            else known.of(profile, today, skills, locale, read)
        )

    def header(self, header: resume_pb2.ResumeHeader) -> Iterator[Untruth]:
        personal = self._profile.personal
        if header.provenance.transformation == USER_EDIT:
            return
        for field in ("full_name", "email", "phone", "linkedin", "github", "website"):
            claim = getattr(header, field)
            allowed = {
                flat(getattr(personal, field)),
                *map(flat, self._translations(PERSONAL, field)),
            }
            if claim and flat(claim) not in allowed:
                yield Untruth(f"header.{field}", claim, "differs from the profile")
        if header.HasField("photo") and header.photo != personal.photo:
            yield Untruth("header.photo", "", "is not the profile's")
        known = {(each.url, each.username) for each in personal.links}
        for each in header.links:
            if (each.url, each.username) not in known:
                yield Untruth("header.links", each.url, "is no page of the profile")
        yield from self._place("header.location", header.location, personal.location)

    def line(self, ref: LineRef) -> Iterator[Untruth]:
        """What a line and its alternates claim without proof."""
        path, line = ref.path, ref.line
        how = line.provenance.transformation
        if not line.text or how == USER_EDIT:
            return
        sources = list(line.provenance.source_ids)
        unknown = [each for each in sources if each not in self._evidence.facts]
        if not sources or unknown:
            reason = "names no fact of the profile" if not sources else f"names {unknown[0]}"
            yield Untruth(path, line.text, reason)
            return
        if foreign := self._foreign(ref, sources):
            yield Untruth(path, line.text, f"tells of {foreign}, which belongs elsewhere")
        if path == "header.title" and line.text == words(self._locale).labels["professional"]:
            return
        names = any(each in path for each in _NAMES)
        # Alternates are other wordings, so they may be what a copy may not: words in another order, a synonym.
        other = (
            how if how == common_pb2.TRANSFORMATION_REWRITTEN else common_pb2.TRANSFORMATION_TERM_SUBSTITUTED
        )
        for text, done in ((line.text, how), *((each, other) for each in line.alternates)):
            for reason in faults(self._evidence, text, sources, done, names=names):
                yield Untruth(path, text, reason)

    def _foreign(self, ref: LineRef, sources: list[str]) -> str:
        """The first source of a line that is no part of the entry that the line stands in; "" where all are."""
        entry = ref.entry
        origin: common_pb2.Provenance | None = getattr(entry, "provenance", None)
        if entry is None or origin is None or origin.transformation == USER_EDIT:
            return ""
        own = [self._evidence.entry_of(each) for each in origin.source_ids]
        return next(
            (
                each
                for each in sources
                if (holder := self._evidence.entry_of(each)) is None
                or not any(holder is known for known in own)
            ),
            "",
        )

    def entry(self, path: str, entry: Message) -> Iterator[Untruth]:
        if isinstance(entry, resume_pb2.SkillsCategory):
            yield from self._category(path, entry)
            return
        origin: common_pb2.Provenance = entry.provenance  # type: ignore[attr-defined]
        if origin.transformation == USER_EDIT:
            return
        known = [each for each in origin.source_ids if each in self._evidence.facts]
        if not known:
            yield Untruth(path, "", "names no fact of the profile")
            return
        # All of an entry's head has to come from one fact: the title of one job beside the dates of another is a lie.
        yield from min((list(self._head(path, entry, each)) for each in known), key=len)

    def heading(self, path: str, section: resume_pb2.ResumeSection) -> Iterator[Untruth]:
        """A title that is neither the usual one nor that of a section of the person's own making."""
        own = [
            text
            for each in self._profile.custom_sections
            for text in (each.title, *self._translations(each.id, "title"))
        ]
        usual = words(self._locale).titles.get(section.WhichOneof("content") or "", "")
        if section.title and flat(section.title) not in {flat(usual), *(flat(each)[:300] for each in own)}:
            yield Untruth(f"{path}.title", section.title, "is no section of the profile")

    def _translations(self, source: str, field: str) -> list[str]:
        return self._evidence.translated.get(source, {}).get(field, [])

    def _head(self, path: str, entry: Message, source: str) -> Iterator[Untruth]:
        fact = self._evidence.facts[source]
        for descriptor, value in entry.ListFields():
            name = descriptor.name
            if name in _DATES and not _equal(fact, name, value):
                yield Untruth(f"{path}.{name}", str(value.year), "is no date of the fact")
            elif name in _LISTS:
                allowed = {flat(each) for each in texts_of(fact, name)}
                lies = [each for each in value if flat(each) not in allowed]
                yield from (Untruth(f"{path}.{name}", each, "is not in the profile") for each in lies)
            elif name == "location":
                yield from self._place(f"{path}.location", value, fact.location)  # type: ignore[attr-defined]
            elif name == "role" and flat(value) not in self._roles(fact):
                yield Untruth(f"{path}.{name}", value, "is not in the profile")
            elif name == "is_current" and not _lasts(fact):
                yield Untruth(f"{path}.{name}", "true", "has ended")
            elif name in _COPIED and not self._copied(fact, source, name, value):
                yield Untruth(f"{path}.{name}", value, "is not in the profile")

    def metadata(self, metadata: resume_pb2.ResumeMetadata) -> Iterator[Untruth]:
        if metadata.total_projects > len(self._profile.projects):
            yield Untruth(
                "metadata.total_projects", str(metadata.total_projects), "more than the profile has"
            )
        if metadata.total_certifications > len(self._profile.certifications):
            yield Untruth(
                "metadata.total_certifications",
                str(metadata.total_certifications),
                "more than the profile has",
            )
        if metadata.total_years_experience > self._evidence.years() + 0.05:
            yield Untruth(
                "metadata.total_years_experience",
                str(metadata.total_years_experience),
                "more than the jobs add up to",
            )
        yield from self._industries(metadata.industries)
        open_ = {name for name in metadata.top_skills if flat(name) not in self._evidence.all_flat}
        for text in self._evidence.all_texts:
            # Names are told at length only where some word of theirs stands.
            if open_ and self._evidence.may_name(text, open_):
                open_ -= self._evidence.proved_skills([text])
        for name in sorted(open_):
            yield Untruth("metadata.top_skills", name, "is no skill of the profile")

    def _industries(self, names: Sequence[str]) -> Iterator[Untruth]:
        if not names:
            return
        employers, told = list[str](), list[str]()
        for job in self._profile.experience:
            employers += [job.company, *self._translations(job.id, "company")]
            told += [job.company_description, job.title, *self._translations(job.id, "title")]
        proved = proved_industries(employers, [*employers, *told])
        for name in names:
            if flat(name) not in proved:
                yield Untruth("metadata.industries", name, "no employer of the profile is of it")

    def _category(self, path: str, category: resume_pb2.SkillsCategory) -> Iterator[Untruth]:
        labels = words(self._locale).labels
        allowed = {flat(each.name) for each in self._profile.skill_groups}
        allowed |= {
            flat(text)
            for group in self._profile.skill_groups
            for text in self._translations(group.id, "name")
        }
        allowed |= {flat(labels["technical_skills"]), flat(labels["soft_skills"]), ""}
        edited = all(item.provenance.transformation == USER_EDIT for item in category.items)
        if flat(category.name)[:300] not in {each[:300] for each in allowed} and not edited:
            yield Untruth(f"{path}.name", category.name, "is no group of the profile")

    def _copied(self, fact: Message, source: str, field: str, value: str) -> bool:
        allowed = [*texts_of(fact, field), *self._translations(source, field)]
        return flat(value) in map(flat, allowed)

    def _roles(self, fact: Message) -> set[str]:
        roles = ", ".join(texts_of(fact, "roles"))
        return {flat(roles), flat(roles[:_LONGEST_ROLE]), *map(flat, texts_of(fact, "roles"))}

    def _place(self, path: str, claim: str, location: common_pb2.Location) -> Iterator[Untruth]:
        if not claim:
            return
        code = location.country_code.strip()
        country = cldr(self._locale).territories.get(code.upper(), "") if len(code) == 2 else ""
        allowed = flat(", ".join((location.text, location.city, location.region, code, str(country))))
        for part in claim.split(","):
            if not holds(allowed, flat(part)):
                yield Untruth(path, claim, "is no place of the profile")
                return


def _equal(fact: Message, field: str, value: Message) -> bool:
    return field in fact.DESCRIPTOR.fields_by_name and bool(getattr(fact, field) == value)


def _lasts(fact: Message) -> bool:
    known = fact.DESCRIPTOR.fields_by_name
    if "is_current" in known and fact.is_current:  # type: ignore[attr-defined]
        return True
    if "end_date" not in known:
        return False
    end: common_pb2.PartialDate = fact.end_date  # type: ignore[attr-defined]
    return not end.year and not end.text
