"""What was read of the profiles composed from last: reading one takes longer than composing from it."""

from dataclasses import dataclass
from hashlib import sha256
from threading import Lock

from services.generation.composing.localized import localized, resume_locale, with_bullets
from services.generation.composing.truth import KnownEvidence
from services.generation.matching.facts import profile_facts
from services.generation.matching.reading import Reading
from services.generation.skills.table import SkillTable
from services.runtime.recent import Recent
from vitae.resume.v1 import profile_pb2

_MOST, _SECONDS = 64, 600.0
"""Profiles kept, a few hundred kilobytes each at most, and for how long."""


@dataclass(frozen=True, slots=True)
class ReadProfile:
    """A profile, read for one language. Not to be changed: others compose from it too."""

    locale: str
    original: Reading
    """As it is written."""
    printed: profile_pb2.ProfileContent
    """In the language of the document, bullets of descriptions as achievements; without the picture."""
    reading: Reading
    """Of `printed`."""


class Memory:
    """Profiles by their content and the language asked for. Each process has one; safe between threads."""

    def __init__(self) -> None:
        self._known: Recent[tuple[bytes, str, str], ReadProfile] = Recent(most=_MOST, seconds=_SECONDS)
        self._lock = Lock()
        self.evidence = KnownEvidence()
        """What the verifier read of them; it shares nothing with what is composed from but which skills texts name."""

    def read(self, profile: profile_pb2.ProfileContent, asked: str, skills: SkillTable) -> ReadProfile:
        """A profile, read now or a moment ago."""
        content = profile.SerializeToString(deterministic=True)
        key = (sha256(content).digest(), asked, skills.fingerprint)
        with self._lock:
            known = self._known.get(key)
        if known is None or known.original.table is not skills:
            # Of a copy: nothing that the caller does to the profile later reaches what is remembered. Without the
            # picture, which would weigh more than all else.
            copy = profile_pb2.ProfileContent.FromString(content)
            copy.personal.ClearField("photo")
            known = read_profile(copy, asked, skills)
            with self._lock:
                self._known.put(key, known)
        return known


def read_profile(profile: profile_pb2.ProfileContent, asked: str, skills: SkillTable) -> ReadProfile:
    """A profile, read for the language asked for, or for its own where none is."""
    locale = resume_locale(profile, asked)
    original = Reading(profile_facts(profile), skills)
    printed = with_bullets(localized(profile, locale))
    same = printed == profile
    reading = (
        original if same else Reading(profile_facts(printed), skills, original.own, texts=original.texts)
    )
    return ReadProfile(locale, original, printed, reading)
