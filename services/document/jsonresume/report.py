"""What an import or export did besides carrying plain fields, and what it refuses."""

from dataclasses import dataclass
from typing import Literal, Never

from services.runtime.errors import FieldError, InvalidArgument

Outcome = Literal["converted", "kept", "dropped", "cleaned"]

REASON = "JSON_RESUME_INVALID"

_MOST_FINDINGS = 500
_MOST_ERRORS = 50
"""More would not be read; the last one then counts the rest."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a file that was not carried over exactly as it stood."""

    pointer: str
    """JSON pointer (RFC 6901) into the file."""
    outcome: Outcome
    """converted: read as another type or in another form; kept: no field for it, kept as it stood; dropped: lost;
    cleaned: characters removed.
    """
    message: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What was not carried over exactly as it stood, in the order of the file."""

    findings: tuple[Finding, ...] = ()


class Report:
    """Collects findings and errors while a file is read."""

    def __init__(self) -> None:
        self._findings: list[Finding] = []
        self._more = 0
        self._errors: list[FieldError] = []

    def note(self, pointer: str, outcome: Outcome, message: str) -> None:
        """Adds a finding."""
        if len(self._findings) < _MOST_FINDINGS:
            self._findings.append(Finding(pointer, outcome, message))
        else:
            self._more += 1

    def refuse(self, pointer: str, description: str) -> None:
        """Adds an error; the import goes on, so that all errors come at once."""
        if len(self._errors) < _MOST_ERRORS:
            self._errors.append(FieldError(pointer, description))

    def findings(self) -> ImportReport:
        """What was found.

        Raises:
            InvalidArgument: something was refused.
        """
        if self._errors:
            places = "1 place" if len(self._errors) == 1 else f"{len(self._errors)} places"
            raise InvalidArgument(
                f"The JSON Resume file has to be mended in {places}: "
                f"{self._errors[0].field} {self._errors[0].description}",
                reason=REASON,
                fields=self._errors,
            )
        more = Finding("", "converted", f"{self._more} more findings are not listed.")
        return ImportReport((*self._findings, more) if self._more else tuple(self._findings))


def broken(description: str) -> Never:
    """Refuses the file as a whole."""
    raise InvalidArgument(
        f"The JSON Resume file cannot be read: {description}.",
        reason=REASON,
        fields=[FieldError("", description)],
    )
