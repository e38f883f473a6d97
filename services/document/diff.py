"""What changed between two versions of a resume, in words a person understands."""

from dataclasses import dataclass
from typing import Literal

from vitae.resume.v1 import resume_pb2


@dataclass(frozen=True, slots=True)
class Change:
    """One change."""

    kind: Literal["added", "removed", "changed", "moved"]
    path: str
    """Path in the new resume, in the old one for what was removed."""
    subject: str
    """What changed, for people: "Experience › Confluent › bullet"."""
    before: str
    after: str


def diff(before: resume_pb2.StructuredResume, after: resume_pb2.StructuredResume) -> tuple[Change, ...]:
    """The changes from one resume to another, in the reading order of the new one, removals last."""
    raise NotImplementedError


def describe(change: Change) -> str:
    """A sentence for a change, such as `Changed Experience › Confluent › bullet: "a" is now "b".`"""
    raise NotImplementedError
