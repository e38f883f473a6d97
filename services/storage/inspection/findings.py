"""What an audit can find, and what each finding means for an operator."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Code(StrEnum):
    """Kinds of findings, stable."""

    OBJECT_MISSING = "OBJECT_MISSING"
    OBJECT_DAMAGED = "OBJECT_DAMAGED"
    OBJECT_ORPHANED = "OBJECT_ORPHANED"
    FILE_UNREFERENCED = "FILE_UNREFERENCED"
    DELETION_OF_LIVE_OBJECT = "DELETION_OF_LIVE_OBJECT"
    USAGE_MISMATCH = "USAGE_MISMATCH"
    WORK_MISSING = "WORK_MISSING"
    WORK_ORPHANED = "WORK_ORPHANED"
    SLOT_MISMATCH = "SLOT_MISMATCH"
    ATTEMPTS_OUT_OF_BOUNDS = "ATTEMPTS_OUT_OF_BOUNDS"


MEANING = {
    Code.OBJECT_MISSING: (
        "A record has a file that is not in the store. Bring the object back from a backup of the bucket, or repair:"
        " the exports that had it then fail with FILE_LOST, and their users can make them anew."
    ),
    Code.OBJECT_DAMAGED: (
        "An object has not the size or hash its record says. Bring it back from a backup of the bucket, or repair:"
        " the exports that had it then fail with FILE_LOST, and the object is removed."
    ),
    Code.OBJECT_ORPHANED: "An object belongs to no record. Repairing removes it, as the next cleanup would.",
    Code.FILE_UNREFERENCED: "A file counts against its user's quota and no export has it. Repairing removes it.",
    Code.DELETION_OF_LIVE_OBJECT: (
        "An object that a record has is noted for removal, as after restoring an older database. Repair at once: it"
        " takes the note away."
    ),
    Code.USAGE_MISMATCH: "A user's usage is not the sum of the files of their exports. Repair the files it names.",
    Code.WORK_MISSING: "An export is pending and nothing will ever work at it. Repairing queues it anew.",
    Code.WORK_ORPHANED: "The queue holds work whose export has ended or is gone. Repairing drops it.",
    Code.SLOT_MISMATCH: "A user's counters of waiting and running work are wrong. Repairing counts them anew.",
    Code.ATTEMPTS_OUT_OF_BOUNDS: "More attempts were made than the export may have. Report it: this is a defect.",
}
"""What each code says, and what to do."""


@dataclass(frozen=True)
class Subject:
    """Whose record or file it is."""

    tenant_id: UUID
    user_id: UUID
    id: UUID
    object_key: str = ""


@dataclass(frozen=True)
class Finding:
    """One thing wrong."""

    code: Code
    name: str
    """Id or key it is about."""
    subject: Subject | None = None
    detail: str = ""
    repaired: bool = False

    @property
    def message(self) -> str:
        """A sentence that says what to do."""
        return f"{MEANING[self.code]} ({self.detail})" if self.detail else MEANING[self.code]


@dataclass(frozen=True)
class Report:
    """What an audit looked at and found."""

    records: int
    objects: int
    findings: tuple[Finding, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong that was not mended."""
        return all(each.repaired for each in self.findings)
