"""A profile in one language (SPEC G17), and the places it is split for printing."""

import re
from collections.abc import Sequence
from functools import cache

from services.document.locales import cldr, guess_language, supported_languages
from services.generation.matching.facts import PERSONAL_ID, SUMMARY_ID
from services.generation.skills.tokens import fold
from vitae.resume.v1 import profile_pb2

_BULLET = re.compile(r"^\s*(?:[•▪●◦‣·*–—-]|\d{1,2}[.)])\s+")
_PROFILE_FIELDS = ("summary", "enhanced_summary")
PART = "/"
"""Stands between an entry's id and the number of a bullet found in its description."""


def resume_locale(profile: profile_pb2.ProfileContent, asked: str) -> str:
    """The tag asked for, else the profile's, else the language it is written in, else English."""
    if asked or profile.locale:
        return asked or profile.locale
    texts = [profile.summary]
    worked: list[profile_pb2.Experience | profile_pb2.Project] = [*profile.experience, *profile.projects]
    for entry in worked:
        texts += [entry.description, *(each.text for each in entry.achievements)]
    texts += [*(job.title for job in profile.experience), *(study.degree for study in profile.education)]
    texts += [each.fluency for each in profile.languages]
    # What else a person puts in words, for profiles of few lines.
    texts += [profile.personal.headline, *(study.field_of_study for study in profile.education)]
    texts += [*(group.name for group in profile.skill_groups), *(each.name for each in profile.publications)]
    named, surely = _named_language([each.language for each in profile.languages if each.language.strip()])
    return (named if surely else "") or guess_language(texts) or named or "en"


def _named_language(names: Sequence[str]) -> tuple[str, bool]:
    """The one language that most of these names of languages are written in ("Deutsch", "Englisch"), and whether all
    are; "" where two languages or none would do.
    """
    folded = [fold(each) for each in names]
    counts = {tag: sum(each in _language_names(tag) for each in folded) for tag in supported_languages()}
    most = max(counts.values(), default=0)
    best = [tag for tag, count in counts.items() if count == most and most]
    own = [tag for tag in best if fold(str(cldr(tag).languages.get(cldr(tag).language, ""))) in folded]
    best = own if len(own) == 1 else best
    return (best[0], most == len(names)) if len(best) == 1 else ("", False)


@cache
def _language_names(tag: str) -> frozenset[str]:
    return frozenset(fold(str(name)) for name in cldr(tag).languages.values())


def localized(profile: profile_pb2.ProfileContent, locale: str) -> profile_pb2.ProfileContent:
    """A copy whose fields stand in a language where there is a translation: the tag's own, else its language's, else
    another form of the language; a field without one stays as it is. An enhanced text of another language gives way to
    the translation of the field.
    """
    copy = profile_pb2.ProfileContent()
    copy.CopyFrom(profile)
    if not profile.translations or _same_language(profile.locale, locale):
        own = [each for each in profile.translations if each.locale.lower() == locale.lower()]
        if not own:
            return copy
    holders = _holders(copy)
    best: dict[tuple[str, str], tuple[int, profile_pb2.Translation]] = {}
    for each in profile.translations:
        fit = _fit(each.locale, locale)
        key = (each.source_id, each.field)
        if fit and fit > best.get(key, (0, each))[0]:
            best[key] = (fit, each)
    for (source, field), (_, translation) in best.items():
        holder = holders.get(source or SUMMARY_ID)
        if holder is None or field not in holder.DESCRIPTOR.fields_by_name:
            continue
        descriptor = holder.DESCRIPTOR.fields_by_name[field]
        if descriptor.type != descriptor.TYPE_STRING or descriptor.is_repeated:
            continue
        setattr(holder, field, translation.text)
        enhanced = f"enhanced_{field}"
        if enhanced in holder.DESCRIPTOR.fields_by_name and (source, enhanced) not in best:
            holder.ClearField(enhanced)  # type: ignore[arg-type]
    return copy


def with_bullets(profile: profile_pb2.ProfileContent) -> profile_pb2.ProfileContent:
    """A copy in which bullets typed into a description are achievements, with ids "<entry id>/<number>"."""
    copy = profile_pb2.ProfileContent()
    copy.CopyFrom(profile)
    described: list[profile_pb2.Experience | profile_pb2.Project | profile_pb2.Volunteer]
    described = [*copy.experience, *copy.projects, *copy.volunteer]
    for entry in described:
        enhanced = "" if isinstance(entry, profile_pb2.Volunteer) else entry.enhanced_description
        text = enhanced or entry.description
        lines = [each for each in text.splitlines() if each.strip()]
        bullets = [each for each in lines if _BULLET.match(each)]
        if len(bullets) < 2:
            continue
        prose = "\n".join(each for each in lines if not _BULLET.match(each))
        entry.description = prose
        if not isinstance(entry, profile_pb2.Volunteer):
            entry.enhanced_description = ""
        given = list(entry.achievements)
        del entry.achievements[:]
        for number, bullet in enumerate(bullets, 1):
            entry.achievements.add(
                id=f"{entry.id}{PART}{number}", text=_BULLET.sub("", bullet, count=1).strip()
            )
        entry.achievements.extend(given)
    return copy


def source_of(fact_id: str) -> str:
    """The id of the profile's fact behind an id of `with_bullets`."""
    return fact_id.partition(PART)[0] if re.search(rf"{PART}\d+$", fact_id) else fact_id


def _same_language(one: str, other: str) -> bool:
    return bool(one) and one.partition("-")[0].lower() == other.partition("-")[0].lower()


def _fit(tag: str, locale: str) -> int:
    """3 for the tag itself, 2 for its bare language, 1 for another form of the language, 0 for another language."""
    if tag.lower() == locale.lower():
        return 3
    if not _same_language(tag, locale):
        return 0
    return 2 if "-" not in tag else 1


_Holder = (
    profile_pb2.ProfileContent
    | profile_pb2.PersonalInfo
    | profile_pb2.SkillGroup
    | profile_pb2.Skill
    | profile_pb2.Language
    | profile_pb2.Certification
    | profile_pb2.Achievement
    | profile_pb2.Experience
    | profile_pb2.Project
    | profile_pb2.Education
    | profile_pb2.Volunteer
    | profile_pb2.Award
    | profile_pb2.Publication
    | profile_pb2.Interest
    | profile_pb2.Reference
    | profile_pb2.CustomSection
    | profile_pb2.CustomItem
)


def _holders(profile: profile_pb2.ProfileContent) -> dict[str, _Holder]:
    """Every message of the profile by its id."""
    found: list[_Holder] = []
    for group in profile.skill_groups:
        found.extend((group, *group.skills))
    found.extend((*profile.languages, *profile.certifications, *profile.education, *profile.awards))
    found.extend((*profile.publications, *profile.interests, *profile.references))
    worked: list[profile_pb2.Experience | profile_pb2.Project] = [*profile.experience, *profile.projects]
    for entry in worked:
        found.extend((entry, *entry.achievements, *entry.technologies))
    for work in profile.volunteer:
        found.extend((work, *work.achievements))
    for section in profile.custom_sections:
        found.append(section)
        for item in section.items:
            found.extend((item, *item.achievements))
    by_id: dict[str, _Holder] = {each.id: each for each in found if not isinstance(each, _Unnamed)}
    by_id[SUMMARY_ID] = profile
    by_id[PERSONAL_ID] = profile.personal
    return by_id


_Unnamed = profile_pb2.ProfileContent | profile_pb2.PersonalInfo
