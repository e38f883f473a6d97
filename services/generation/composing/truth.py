"""Checks a resume against the profile it was made from (SPEC G7), sharing no code with what composes.

Every line and entry names its sources; each claim in it (words, numbers, dates, names) is looked up in those sources'
texts alone. Whoever writes a resume, composer or model, passes through here.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from babel.units import format_unit
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from services.document.lines import iter_entries, iter_lines
from services.document.locales import cldr, words
from services.generation.skills.extraction import find_skills
from services.generation.skills.table import SkillTable
from services.generation.skills.tokens import fold
from services.runtime.errors import Internal
from vitae.resume.v1 import common_pb2, profile_pb2, resume_pb2

_SUMMARY, _PERSONAL = "summary", "personal"
_NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
_NAME = re.compile(r"[^\W\d_]+")
_COPIED = frozenset(
    "title company name entity url degree field_of_study institution gpa language fluency issuer credential_id "
    "organization position awarder publisher subtitle".split()
)
"""Fields of an entry that have to be the field of the same name of the profile's fact."""
_NO_SPACES = "\u2e80"
"""First character of the scripts that put no spaces between words."""
_LONG = 1000
"""A copy this long is one, even where it had to be cut inside a word."""
_YEARS_UNSURE = 2
"""Years that unknown months of first and last years may add or take."""
_DATES = ("start_date", "end_date", "date", "expiry_date")
_LISTS = ("honors", "keywords")


@dataclass(frozen=True, slots=True)
class Untruth:
    """A claim that the profile does not prove."""

    path: str
    """Where it stands, such as `sections[1].experience.entries[0].title`."""
    claim: str
    reason: str


def require_truth(
    resume: resume_pb2.StructuredResume, profile: profile_pb2.ProfileContent, today: date, skills: SkillTable
) -> None:
    """Raises Internal (UNPROVED_CONTENT) where `untruths` finds anything. The message names places, never content."""
    found = untruths(resume, profile, today, skills)
    if found:
        places = ", ".join(dict.fromkeys(each.path for each in found))
        raise Internal(
            f"The resume was not made: it says what the profile does not prove, at {places[:500]}.",
            reason="UNPROVED_CONTENT",
        )


def untruths(
    resume: resume_pb2.StructuredResume, profile: profile_pb2.ProfileContent, today: date, skills: SkillTable
) -> list[Untruth]:
    """Every claim of a resume that its sources do not prove. What a user typed (USER_EDIT) is theirs and passes."""
    check = _Check(profile, today, skills, resume.locale)
    found = list(check.header(resume.header))
    for line_ref in iter_lines(resume):
        found.extend(check.line(line_ref.path, line_ref.line))
    for entry_ref in iter_entries(resume):
        found.extend(check.entry(entry_ref.path, entry_ref.entry))
    found.extend(check.metadata(resume.metadata))
    return found


class _Check:
    """Looks claims up in a profile."""

    def __init__(
        self, profile: profile_pb2.ProfileContent, today: date, skills: SkillTable, locale: str
    ) -> None:
        self._profile = profile
        self._today = today
        self._skills = skills
        self._locale = locale
        self._flat_by_source: dict[str, list[str]] = {}
        self._skills_by_text: dict[str, frozenset[str]] = {}
        self._facts: dict[str, Message] = {_SUMMARY: profile, _PERSONAL: profile.personal}
        self._facts.update(_by_id(profile))
        self._translated: dict[str, dict[str, list[str]]] = {}
        for each in profile.translations:
            fields = self._translated.setdefault(each.source_id or _SUMMARY, {})
            fields.setdefault(each.field, []).append(each.text)

    def header(self, header: resume_pb2.ResumeHeader) -> Iterator[Untruth]:
        personal = self._profile.personal
        if header.provenance.transformation == common_pb2.TRANSFORMATION_USER_EDIT:
            return
        for field in ("full_name", "email", "phone", "linkedin", "github", "website"):
            claim = getattr(header, field)
            allowed = {
                _flat(getattr(personal, field)),
                *map(_flat, self._translated.get(_PERSONAL, {}).get(field, ())),
            }
            if claim and _flat(claim) not in allowed:
                yield Untruth(f"header.{field}", claim, "differs from the profile")
        known = {(each.url, each.username) for each in personal.links}
        for each in header.links:
            if (each.url, each.username) not in known:
                yield Untruth("header.links", each.url, "is no page of the profile")
        yield from self._place("header.location", header.location, personal.location)

    def line(self, path: str, line: common_pb2.Line) -> Iterator[Untruth]:
        how = line.provenance.transformation
        if not line.text or how == common_pb2.TRANSFORMATION_USER_EDIT:
            return
        sources = list(line.provenance.source_ids)
        unknown = [each for each in sources if each not in self._facts]
        if not sources or unknown:
            yield Untruth(
                path, line.text, "names no fact of the profile" if not sources else f"names {unknown[0]}"
            )
            return
        for text in (line.text, *line.alternates):
            yield from self._wording(path, text, sources, how)

    def entry(self, path: str, entry: Message) -> Iterator[Untruth]:
        if isinstance(entry, resume_pb2.SkillsCategory):
            yield from self._category(path, entry)
            return
        origin: common_pb2.Provenance = entry.provenance  # type: ignore[attr-defined]
        if origin.transformation == common_pb2.TRANSFORMATION_USER_EDIT:
            return
        known = [each for each in origin.source_ids if each in self._facts]
        if not known:
            yield Untruth(path, "", "names no fact of the profile")
            return
        # All of an entry's head has to come from one fact: the title of one job beside the dates of another is a lie.
        yield from min((list(self._head(path, entry, each)) for each in known), key=len)

    def _head(self, path: str, entry: Message, source: str) -> Iterator[Untruth]:
        fact = self._facts[source]
        for descriptor, value in entry.ListFields():
            name = descriptor.name
            if name in _DATES and not _equal(fact, name, value):
                yield Untruth(f"{path}.{name}", str(value.year), "is no date of the fact")
            elif name in _LISTS:
                allowed = {_flat(each) for each in _texts(fact, name)}
                lies = [each for each in value if _flat(each) not in allowed]
                yield from (Untruth(f"{path}.{name}", each, "is not in the profile") for each in lies)
            elif name == "location":
                yield from self._place(f"{path}.location", value, fact.location)  # type: ignore[attr-defined]
            elif name == "role" and not _flat(", ".join(_texts(fact, "roles"))).startswith(_flat(value)):
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
        if metadata.total_years_experience > self._years() + 0.05:
            yield Untruth(
                "metadata.total_years_experience",
                str(metadata.total_years_experience),
                "more than the jobs add up to",
            )
        texts = self._all_texts()
        flat = {_flat(each) for each in texts}
        open_ = {name for name in metadata.top_skills if _flat(name) not in flat}
        for text in texts:
            if not open_:
                break
            open_ -= self._proved_skills([text])
        for name in sorted(open_):
            yield Untruth("metadata.top_skills", name, "is no skill of the profile")

    def _wording(
        self, path: str, text: str, sources: list[str], how: common_pb2.Transformation.ValueType
    ) -> Iterator[Untruth]:
        originals = [each for source in sources for each in self._flat_texts(source)]
        flat = _flat(text)
        if any(_holds(original, flat) for original in originals):
            return
        if path == "header.title" and text == words(self._locale).labels["professional"]:
            return
        if how in (common_pb2.TRANSFORMATION_VERBATIM, common_pb2.TRANSFORMATION_UNSPECIFIED):
            yield Untruth(path, text, "is not what its source says")
            return
        pool = " ".join(originals)
        spellings = self._proved_spellings(sources)
        rest = self._without_skills(text, sources)
        if how == common_pb2.TRANSFORMATION_REWRITTEN:
            yield from self._numbers(path, rest, pool)
            yield from self._skills_in(path, text, sources)
            yield from self._names(path, text)
            return
        yield from self._numbers(path, rest, " ".join((pool, *spellings)))
        yield from self._skills_in(path, text, sources)
        known = set(_NAME.findall(pool)) | {word for each in spellings for word in _NAME.findall(each)}
        for word in _NAME.findall(_flat(rest)):
            if word not in known and fold(word) not in known:
                yield Untruth(path, text, f"“{word}” is not in its source")
                return

    def _without_skills(self, text: str, sources: list[str]) -> str:
        """The text without the names of skills that the sources prove: "k8s" holds no number."""
        proved = self._proved_skills(each for source in sources for each in self._source_texts(source))
        for mention in reversed(find_skills(self._skills.tokens(text), self._skills)):
            if mention.skill.name in proved:
                text = f"{text[: mention.start]} {text[mention.end :]}"
        return text

    def _numbers(self, path: str, text: str, pool: str) -> Iterator[Untruth]:
        allowed = set(_NUMBER.findall(pool))
        flat = _flat(text)
        for years in self._whole_years():
            flat = flat.replace(_flat(years), " ")
        for number in _NUMBER.findall(flat):
            if number not in allowed:
                yield Untruth(path, text, f"the number {number} is not in its source")

    def _whole_years(self) -> list[str]:
        """The years of experience as the language writes them ("14 years"), so that no other number passes for them."""
        most = int(self._years())
        return [
            format_unit(years, "duration-year", length="long", locale=cldr(self._locale))
            for years in range(max(1, most - _YEARS_UNSURE), most + 1)
        ]

    def _skills_in(self, path: str, text: str, sources: list[str]) -> Iterator[Untruth]:
        proved = self._proved_skills(each for source in sources for each in self._source_texts(source))
        for mention in find_skills(self._skills.tokens(text), self._skills):
            if mention.skill.name not in proved:
                yield Untruth(path, text, f"the skill {mention.skill.name} is not in its source")

    def _names(self, path: str, text: str) -> Iterator[Untruth]:
        """Capitalised words inside a sentence that was written anew have to come from the profile."""
        known = {_flat(word) for each in self._all_texts() for word in _NAME.findall(each)} | self._grammar()
        for match in _NAME.finditer(unicodedata.normalize("NFC", text)):
            starts = re.search(r"(?:^|[.:;!?。：])\s*$", text[: match.start()])
            if match.group()[0].isupper() and not starts and _flat(match.group()) not in known:
                yield Untruth(path, text, f"“{match.group()}” is not in the profile")

    def _grammar(self) -> set[str]:
        """German writes every noun with a capital: the unit of the years is no name."""
        return {"jahr", "jahre", "jahren"} if self._locale.lower().startswith("de") else set()

    def _category(self, path: str, category: resume_pb2.SkillsCategory) -> Iterator[Untruth]:
        labels = words(self._locale).labels
        allowed = {_flat(each.name) for each in self._profile.skill_groups}
        allowed |= {
            _flat(text)
            for group in self._profile.skill_groups
            for text in self._translated.get(group.id, {}).get("name", ())
        }
        allowed |= {_flat(labels["technical_skills"]), _flat(labels["soft_skills"]), ""}
        edited = all(
            item.provenance.transformation == common_pb2.TRANSFORMATION_USER_EDIT for item in category.items
        )
        if _flat(category.name)[:300] not in {each[:300] for each in allowed} and not edited:
            yield Untruth(f"{path}.name", category.name, "is no group of the profile")

    def _copied(self, fact: Message, source: str, field: str, value: str) -> bool:
        allowed = [*_texts(fact, field), *self._translated.get(source, {}).get(field, ())]
        return _flat(value) in map(_flat, allowed)

    def _place(self, path: str, claim: str, location: common_pb2.Location) -> Iterator[Untruth]:
        if not claim:
            return
        code = location.country_code.strip()
        country = cldr(self._locale).territories.get(code.upper(), "") if len(code) == 2 else ""
        allowed = _flat(", ".join((location.text, location.city, location.region, code, str(country))))
        for part in claim.split(","):
            if _flat(part) not in allowed:
                yield Untruth(path, claim, "is no place of the profile")
                return

    def _source_texts(self, source: str) -> list[str]:
        """Every text of a fact and of what it holds, its translations with it."""
        if source == _SUMMARY:
            own = [self._profile.summary, self._profile.enhanced_summary]
        else:
            own = list(_strings(self._facts[source]))
        ids = {source, *(_by_id(self._facts[source]) if source not in (_SUMMARY, _PERSONAL) else ())}
        return own + [
            text for each in ids for found in self._translated.get(each, {}).values() for text in found
        ]

    def _flat_texts(self, source: str) -> list[str]:
        if source not in self._flat_by_source:
            self._flat_by_source[source] = [_flat(each) for each in self._source_texts(source)]
        return self._flat_by_source[source]

    def _all_texts(self) -> list[str]:
        return [*_strings(self._profile), *(each.text for each in self._profile.translations)]

    def _proved_skills(self, texts: Iterable[str]) -> set[str]:
        return {name for text in texts for name in self._skills_of(text)}

    def _skills_of(self, text: str) -> frozenset[str]:
        """The skills a text names; remembered, because facts stand behind many lines."""
        known = self._skills_by_text.get(text)
        if known is None:
            found = find_skills(self._skills.tokens(text), self._skills)
            known = self._skills_by_text[text] = frozenset(mention.skill.name for mention in found)
        return known

    def _proved_spellings(self, sources: Iterable[str]) -> set[str]:
        """Every spelling of the skills that the sources prove."""
        proved = self._proved_skills(each for source in sources for each in self._source_texts(source))
        return {key for name in proved for key in self._skills.spellings[name]}

    def _years(self) -> float:
        """The years from the first to the last month of every job, added up month by month, each month once."""
        months: set[int] = set()
        now = self._today.year * 12 + self._today.month - 1
        for job in self._profile.experience:
            if not job.start_date.year:
                continue
            first = job.start_date.year * 12 + (job.start_date.month or 1) - 1
            last = now
            if job.end_date.year and not job.is_current:
                last = min(now, job.end_date.year * 12 + (job.end_date.month or 12) - 1)
            months.update(range(first, last + 1))
        return len(months) / 12


def _by_id(message: Message) -> dict[str, Message]:
    """Every message with an id inside a message."""
    found: dict[str, Message] = {}
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None or descriptor.message_type.GetOptions().map_entry:
            continue
        for child in value if descriptor.is_repeated else [value]:
            if "id" in child.DESCRIPTOR.fields_by_name and child.id:
                found[child.id] = child
            found.update(_by_id(child))
    return found


def _strings(message: Message) -> Iterator[str]:
    """Every text inside a message, translations and unknown keys left out."""
    for descriptor, value in message.ListFields():
        if descriptor.name in ("id", "translations", "extras"):
            continue
        children = value if descriptor.is_repeated else [value]
        if descriptor.type == FieldDescriptor.TYPE_STRING:
            yield from children
        elif descriptor.type == FieldDescriptor.TYPE_MESSAGE:
            for child in children:
                yield from _strings(child)


def _texts(fact: Message, field: str) -> list[str]:
    descriptor = fact.DESCRIPTOR.fields_by_name.get(field)
    if descriptor is None or descriptor.type != FieldDescriptor.TYPE_STRING:
        return []
    value = getattr(fact, field)
    return list(value) if descriptor.is_repeated else [value]


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


def _holds(original: str, part: str) -> bool:
    """Whether a text holds another one whole, not merely its letters inside a longer word."""
    at = original.find(part)
    while at >= 0:
        end = at + len(part)
        if len(part) >= _LONG or not (
            _joins(original[at - 1 : at + 1]) or _joins(original[end - 1 : end + 1])
        ):
            return True
        at = original.find(part, at + 1)
    return False


def _joins(pair: str) -> bool:
    """Whether two characters are of one word; in scripts without spaces none are."""
    return len(pair) == 2 and all(each.isalnum() and each < _NO_SPACES for each in pair)


def _flat(text: str) -> str:
    """The text without case and with single spaces, for comparing letters and nothing else."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return " ".join(text.casefold().split())
