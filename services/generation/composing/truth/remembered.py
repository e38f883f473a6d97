"""What was read of profiles, kept by their content, so that the same profile is not read again for every check."""

from datetime import date
from hashlib import sha256
from threading import Lock

from services.generation.composing.truth.evidence import Evidence
from services.generation.skills.remembered import Texts
from services.generation.skills.table import SkillTable
from services.runtime.recent import Recent
from vitae.resume.v1 import profile_pb2

_MOST, _SECONDS = 64, 600.0
"""Profiles kept, a few hundred kilobytes each at most, and for how long."""

_Key = tuple[bytes, date, str, str]


class KnownEvidence:
    """Evidence by the content of the profile it was read from: another content is another evidence.

    Safe between threads: two that look up one profile at once fill in the same words.
    """

    def __init__(self) -> None:
        self._known: Recent[_Key, Evidence] = Recent(most=_MOST, seconds=_SECONDS)
        self._lock = Lock()

    def of(
        self,
        profile: profile_pb2.ProfileContent,
        today: date,
        skills: SkillTable,
        locale: str,
        read: Texts | None = None,
    ) -> Evidence:
        """The evidence of a profile for a text in a language; `read` as for `Evidence`."""
        content = profile.SerializeToString(deterministic=True)
        key = (sha256(content).digest(), today, skills.fingerprint, locale)
        with self._lock:
            known = self._known.get(key)
        if known is None or known.skills is not skills:
            # Of a copy: nothing that the caller does to the profile later reaches what is remembered. Without the
            # picture, which says nothing and would weigh more than all else.
            copy = profile_pb2.ProfileContent.FromString(content)
            copy.personal.ClearField("photo")
            known = Evidence(copy, today, skills, locale, read)
            with self._lock:
                self._known.put(key, known)
        return known
