"""The Prefer header (RFC 7240): whether a call is to wait for its work, and how long.

preference = Preference.of(["respond-async, wait=10"])
preference.seconds(longest=30.0)   10.0
preference.applied                 "respond-async, wait=10", for Preference-Applied; "" when nothing was asked
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

_ELEMENT = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^,"])+')
_PREFERENCE = re.compile(
    r'\s*(?P<name>[!#$%&\'*+.^_`|~\w-]+)\s*(?:=\s*(?P<value>"[^"]*"|[^;\s]*))?\s*(?:;.*)?'
)


@dataclass(frozen=True)
class Preference:
    """What a caller asked for; preferences that are not known or not well formed are ignored, as the RFC wants."""

    respond_async: bool = False
    wait: int | None = None

    @classmethod
    def of(cls, headers: Iterable[str]) -> Self:
        """The preference of all Prefer headers of a request; of one given twice, the first counts (section 2)."""
        found: dict[str, str] = {}
        for name, value in _preferences(headers):
            found.setdefault(name, value)
        wait = found.get("wait", "")
        return cls("respond-async" in found, int(wait) if re.fullmatch(r"[0-9]{1,9}", wait) else None)

    def seconds(self, longest: float) -> float:
        """How long to wait: as asked, at most `longest`; not at all for respond-async that names no time."""
        if self.wait is not None:
            return min(float(self.wait), longest)
        return 0.0 if self.respond_async else longest

    @property
    def applied(self) -> str:
        """What was honoured, for the header Preference-Applied."""
        asked = (("respond-async", self.respond_async), (f"wait={self.wait}", self.wait is not None))
        return ", ".join(words for words, is_asked in asked if is_asked)


def _preferences(headers: Iterable[str]) -> Iterator[tuple[str, str]]:
    for element in _ELEMENT.findall(",".join(headers)):
        if match := _PREFERENCE.fullmatch(element):
            yield match["name"].lower(), (match["value"] or "").strip('"')
