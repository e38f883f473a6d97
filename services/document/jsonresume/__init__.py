"""JSON Resume 1.0 and its older keys, both ways."""

from dataclasses import dataclass, field
from typing import Any, Literal

from vitae.resume.v1 import profile_pb2, resume_pb2

Outcome = Literal["converted", "kept", "dropped", "cleaned"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a file that was not carried over exactly as it stood."""

    pointer: str
    """JSON pointer (RFC 6901) into the file."""
    outcome: Outcome
    """converted: read as another type; kept: no field for it, kept in `extras`; dropped: lost; cleaned: characters
    removed."""
    message: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did besides reading plain fields."""

    findings: tuple[Finding, ...] = field(default=())


def import_json_resume(data: bytes | str) -> tuple[profile_pb2.ProfileContent, ImportReport]:
    """A profile from a JSON Resume file of any age.

    Every entry gets an id; ids that are there stay. Pictures are never fetched.

    Raises:
        InvalidArgument: reason JSON_RESUME_INVALID; each failing place as a JSON pointer with what to do about it.
    """
    raise NotImplementedError


def export_profile(profile: profile_pb2.ProfileContent) -> dict[str, Any]:
    """The JSON Resume 1.0 object of a profile. Importing it gives the same profile back; what JSON Resume has no key
    for travels under `x-vitae` keys.
    """
    raise NotImplementedError


def export_resume(resume: resume_pb2.StructuredResume) -> tuple[dict[str, Any], ImportReport]:
    """The JSON Resume 1.0 object of what a resume prints, and what it could not carry."""
    raise NotImplementedError
