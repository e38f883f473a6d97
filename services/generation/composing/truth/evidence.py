"""What a profile says, fact by fact: the only place where a claim may come from."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from services.document.locales import cldr, guess_language
from services.generation.composing.truth.dates import Date, of_partial
from services.generation.composing.truth.language import Language, language_of
from services.generation.composing.truth.reading import read
from services.generation.composing.truth.statements import Part, Word
from services.generation.skills.remembered import Texts
from services.generation.skills.table import SkillTable
from services.generation.skills.tokens import fold
from vitae.resume.v1 import common_pb2, profile_pb2

SUMMARY, PERSONAL = "summary", "personal"
"""Ids of the two facts that have none of their own."""

_HEAD = (
    "title", "company", "name", "position", "organization", "institution", "degree", "field_of_study", "entity",
    "issuer", "awarder", "publisher",
)  # fmt: skip
"""Fields that name an entry: what is said of anything in it may be said with them."""


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence of a fact, its words found by what they may be compared by."""

    part: Part
    by_key: Mapping[str, tuple[Word, ...]]
    runs: str
    """Its text in scripts without spaces."""


class Evidence:
    """A profile, looked up by the ids of its facts."""

    def __init__(
        self,
        profile: profile_pb2.ProfileContent,
        today: date,
        skills: SkillTable,
        locale: str,
        read: Texts | None = None,
    ) -> None:
        self.profile = profile
        self.skills = skills
        self.read = read or Texts(skills)
        """Which skills texts name: all that is taken over from whoever read the same texts before."""
        self.locale = locale
        self._today = today
        self.facts: dict[str, Message] = {SUMMARY: profile, PERSONAL: profile.personal}
        self.facts.update(by_id(profile))
        self._entries = _entries(profile)
        self._flat_by_source: dict[str, list[str]] = {}
        self._flat_by_text: dict[str, str] = {}
        self._said_by_text: dict[tuple[str, str], list[Said]] = {}
        self._texts_by_source: dict[str, list[str]] = {}
        self._first_words_by_skill: dict[str, frozenset[str]] = {}
        self.judged: dict[tuple[object, ...], tuple[str, ...]] = {}
        """Faults found before, by all that they depend on besides the profile: most lines of a profile's next resume
        are those of its last."""
        self.translated: dict[str, dict[str, list[str]]] = {}
        for each in profile.translations:
            fields = self.translated.setdefault(each.source_id or SUMMARY, {})
            fields.setdefault(each.field, []).append(each.text)

    @cached_property
    def language(self) -> Language:
        """The words of the resume's language and of the profile's."""
        return language_of((self.locale, self.own_locale))

    @cached_property
    def own_locale(self) -> str:
        """The language of the profile's own texts."""
        return self.profile.locale or guess_language(self._own_texts[:50]) or self.locale

    @cached_property
    def _own_texts(self) -> list[str]:
        """Every text of the profile but its translations."""
        return strings(self.profile)

    def texts(self, source: str) -> list[str]:
        """Every text of a fact and of what it holds, its translations with it."""
        if source not in self._texts_by_source:
            if source == SUMMARY:
                own = [self.profile.summary, self.profile.enhanced_summary]
            else:
                own = strings(self.facts[source])
            self._texts_by_source[source] = own + self._translations(source)
        return self._texts_by_source[source]

    def flat_texts(self, source: str) -> list[str]:
        """The texts of a fact, flat."""
        if source not in self._flat_by_source:
            self._flat_by_source[source] = [self._flat(each) for each in self.texts(source)]
        return self._flat_by_source[source]

    def _flat(self, text: str) -> str:
        """A text of the profile, flat; remembered, because a text is one of its fact, of its job and of the profile."""
        known = self._flat_by_text.get(text)
        if known is None:
            known = self._flat_by_text[text] = flat(text)
        return known

    def said(self, source: str) -> list[Said]:
        """The sentences of a fact."""
        return [each for number in range(len(self.texts(source))) for each in self.said_in(source, number)]

    def said_in(self, source: str, number: int) -> list[Said]:
        """The sentences of one text of a fact; remembered, because facts stand behind many lines."""
        texts = self.texts(source)
        translated = number >= len(texts) - len(self._translations(source))
        key = (texts[number], self.locale if translated else self.own_locale)
        if key not in self._said_by_text:
            self._said_by_text[key] = [
                said(sentence.whole, self.language)
                for sentence in read(key[0], self.language, key[1], self.read, spell_out=True)
            ]
        return self._said_by_text[key]

    def head(self, sources: Iterable[str]) -> list[str]:
        """What names the entries that the sources stand in, longest first."""
        entries = [entry for source in sources if (entry := self.entry_of(source)) is not None]
        found = {
            text
            for entry in entries
            for field in _head_fields(entry.DESCRIPTOR)
            for text in texts_of(entry, field)
        }
        for entry in entries if self.translated else ():
            translated = self.translated.get(getattr(entry, "id", ""), {})
            found.update(text for field in _HEAD for text in translated.get(field, ()))
        found |= {place for source in sources for place in self._places(source)}
        shown = {" ".join(each.split()) for each in found} - {""}
        return sorted(shown, key=lambda each: (-len(each), each))

    def dates(self, sources: Iterable[str]) -> list[Date]:
        """The dates of the entries that the sources stand in."""
        found: list[Date] = []
        for source in sources:
            entry = self.entry_of(source)
            values = [value for _, value in entry.ListFields()] if entry is not None else []
            dates = (of_partial(value) for value in values if isinstance(value, common_pb2.PartialDate))
            found.extend(each for each in dates if each is not None)
        return found

    def entry_of(self, source: str) -> Message | None:
        """The job, project, degree ... that a fact is or stands in."""
        return self._entries.get(source)

    @cached_property
    def all_texts(self) -> tuple[str, ...]:
        """Every text of the profile."""
        return (*self._own_texts, *(each.text for each in self.profile.translations))

    @cached_property
    def all_flat(self) -> frozenset[str]:
        """The same, flat."""
        return frozenset(map(self._flat, self.all_texts))

    def proved_skills(self, texts: Iterable[str]) -> set[str]:
        """The skills that texts name."""
        return {mention.skill.name for text in texts for mention in self.read.mentions(text)}

    def may_name(self, text: str, names: Iterable[str]) -> bool:
        """Whether some spelling of some skill begins with a word of the text: a quick look before a close one."""
        folded = fold(text)
        return any(word in folded for name in names for word in self._first_words(name))

    def _first_words(self, name: str) -> frozenset[str]:
        """How the spellings of a skill begin."""
        known = self._first_words_by_skill.get(name)
        if known is None:
            spellings = self.skills.spellings.get(name, ())
            known = frozenset([key.split(maxsplit=1)[0] for key in spellings])
            self._first_words_by_skill[name] = known
        return known

    def years(self, jobs: Iterable[profile_pb2.Experience] | None = None, *, least: bool = False) -> float:
        """The years from the first to the last month of jobs, added up month by month, each month once. Unknown months
        are those that make most of it, or least.
        """
        months: set[int] = set()
        now = self._today.year * 12 + self._today.month - 1
        for job in self.profile.experience if jobs is None else jobs:
            if not job.start_date.year:
                continue
            first = job.start_date.year * 12 + (job.start_date.month or (12 if least else 1)) - 1
            last = now
            if job.end_date.year and not job.is_current:
                last = min(now, job.end_date.year * 12 + (job.end_date.month or (1 if least else 12)) - 1)
            months.update(range(first, last + 1))
        return len(months) / 12

    def jobs(self, sources: Iterable[str]) -> list[profile_pb2.Experience]:
        """The jobs among sources."""
        found = (self.facts.get(source) for source in sources)
        return [each for each in found if isinstance(each, profile_pb2.Experience)]

    def _translations(self, source: str) -> list[str]:
        if not self.translated:
            return []
        ids = {source, *(by_id(self.facts[source]) if source not in (SUMMARY, PERSONAL) else ())}
        return [
            text for each in sorted(ids) for found in self.translated.get(each, {}).values() for text in found
        ]

    def _places(self, source: str) -> Iterator[str]:
        entry = self.entry_of(source)
        if entry is None or "location" not in entry.DESCRIPTOR.fields_by_name:
            return
        location: common_pb2.Location = entry.location  # type: ignore[attr-defined]
        yield from (location.text, location.city, location.region)
        code = location.country_code.strip()
        if len(code) == 2:
            yield str(cldr(self.locale).territories.get(code.upper(), ""))


def said(part: Part, language: Language) -> Said:
    """A statement, made ready for being looked up in."""
    by_key: dict[str, list[Word]] = {}
    for word in part.words:
        for key in keys_of(word.form, language):
            by_key.setdefault(key, []).append(word)
    runs = " ".join(word.form for word in part.words if word.kind == "run")
    return Said(part, {key: tuple(found) for key, found in by_key.items()}, runs)


def keys_of(form: str, language: Language) -> set[str]:
    """What a word shares with every word it may be alike to."""
    stems = language.stems(form)
    return {
        form,
        *stems,
        *(f"{each[:5]}*" for each in stems if len(each) >= 5),
        *language.groups.get(form, ()),
    } | ({f"{form[:2]}*"} if "\uac00" <= form[:1] <= "\ud7af" else set())


def by_id(message: Message) -> dict[str, Message]:
    """Every message with an id inside a message."""
    found: dict[str, Message] = {}
    for name, is_repeated, has_id in _fields_with_ids(message.DESCRIPTOR):
        if not is_repeated and not message.HasField(name):
            continue
        held = getattr(message, name)
        for child in held if is_repeated else (held,):
            if has_id and child.id:
                found[child.id] = child
            found.update(by_id(child))
    return found


@cache
def _fields_with_ids(kind: Descriptor) -> tuple[tuple[str, bool, bool], ...]:
    """Name of the fields whose messages have ids or hold some that do, whether they repeat, and whether they have
    ids themselves; in the order of their numbers, as messages list them.
    """
    return tuple(
        (field.name, field.is_repeated, "id" in field.message_type.fields_by_name)
        for field in sorted(kind.fields, key=lambda each: each.number)
        if field.message_type is not None and _may_hold_ids(field.message_type)
    )


@cache
def _may_hold_ids(kind: Descriptor) -> bool:
    """Whether messages of a kind have an id or hold some that do; dates and places do not."""
    if kind.GetOptions().map_entry:
        return False
    return "id" in kind.fields_by_name or any(
        field.message_type is not None and _may_hold_ids(field.message_type) for field in kind.fields
    )


def _entries(profile: profile_pb2.ProfileContent) -> dict[str, Message]:
    """The entry of every fact that is one or stands in one."""
    found: dict[str, Message] = {}
    for descriptor, value in profile.ListFields():
        kind = descriptor.message_type
        if kind is None or not descriptor.is_repeated or "id" not in kind.fields_by_name:
            continue
        for entry in value:
            own = entry.items if isinstance(entry, profile_pb2.CustomSection) else [entry]
            if isinstance(entry, profile_pb2.CustomSection):
                found[entry.id] = entry
            for each in own:
                found[each.id] = each
                found.update(dict.fromkeys(by_id(each), each))
    return found


def strings(message: Message) -> list[str]:
    """Every text inside a message, translations and unknown keys left out."""
    found: list[str] = []
    _add_strings(message, found)
    return found


def _add_strings(message: Message, found: list[str]) -> None:
    for descriptor, value in message.ListFields():
        held, is_repeated = _held(descriptor)
        children = value if is_repeated else (value,)
        if held is str:
            found.extend(children)
        elif held is Message:
            for child in children:
                _add_strings(child, found)


@cache
def _held(field: FieldDescriptor) -> tuple[type[str] | type[Message] | None, bool]:
    """What a field says, texts or messages with texts, and whether it repeats. Asked once: descriptors are slow."""
    if field.name in ("id", "translations", "extras"):
        return None, field.is_repeated
    held = {FieldDescriptor.TYPE_STRING: str, FieldDescriptor.TYPE_MESSAGE: Message}
    return held.get(field.type), field.is_repeated


def texts_of(fact: Message, field: str) -> list[str]:
    """The texts of one field of a fact; none where it has no such field."""
    is_repeated = _text_fields(fact.DESCRIPTOR).get(field)
    if is_repeated is None:
        return []
    value = getattr(fact, field)
    return list(value) if is_repeated else [value]


@cache
def _head_fields(kind: Descriptor) -> tuple[str, ...]:
    return tuple(each for each in _HEAD if each in _text_fields(kind))


@cache
def _text_fields(kind: Descriptor) -> Mapping[str, bool]:
    """Whether the fields that hold texts repeat, by name."""
    return {each.name: each.is_repeated for each in kind.fields if each.type == FieldDescriptor.TYPE_STRING}


def flat(text: str) -> str:
    """The text without case and with single spaces, for comparing letters and nothing else."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return " ".join(text.casefold().split())
