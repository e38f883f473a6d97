"""What changed between two versions, in a sentence."""

from collections import Counter
from collections.abc import Sequence

from services.document.diff import Change, describe

_LONGEST = 500
"""Characters of a summary; lists of versions show it in a line or two."""


def counts(changes: Sequence[Change]) -> str:
    """How many changes of each kind, such as "2 changed, 1 added."."""
    counted = Counter(change.kind for change in changes)
    listed = ", ".join(f"{count} {kind}" for kind, count in counted.most_common())
    return f"{listed}." if listed else "No change."


def summary(changes: Sequence[Change]) -> str:
    """A single change in full; of several how many, and where, such as "2 changed: Header, email; Header, phone."."""
    if len(changes) == 1:
        return describe(changes[0])
    if not changes:
        return counts(changes)
    text = f"{counts(changes)[:-1]}: {'; '.join(dict.fromkeys(change.subject for change in changes))}."
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1].rsplit(';', 1)[0]}; …"
