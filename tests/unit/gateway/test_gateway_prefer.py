"""The Prefer header, as RFC 7240 defines it."""

import pytest

from gateway.prefer import Preference

LONGEST = 30.0


@pytest.mark.parametrize(
    ("headers", "seconds", "applied"),
    [
        ([], LONGEST, ""),
        ([""], LONGEST, ""),
        (["respond-async"], 0, "respond-async"),
        (["Respond-Async"], 0, "respond-async"),
        (["wait=5"], 5, "wait=5"),
        (["wait = 5"], 5, "wait=5"),
        (['wait="5"'], 5, "wait=5"),
        (["wait=5; foo=bar"], 5, "wait=5"),
        (["wait=0"], 0, "wait=0"),
        (["wait=600"], LONGEST, "wait=600"),
        (["respond-async, wait=10"], 10, "respond-async, wait=10"),
        (["respond-async", "wait=10"], 10, "respond-async, wait=10"),
        (["handling=lenient, wait=7"], 7, "wait=7"),
        (["wait=3, wait=9"], 3, "wait=3"),
        (["return=minimal"], LONGEST, ""),
        (["wait"], LONGEST, ""),
        (["wait=soon"], LONGEST, ""),
        (["wait=-1"], LONGEST, ""),
        (["wait=٣"], LONGEST, ""),
        (["wait=99999999999999999999"], LONGEST, ""),
        (["not-respond-async"], LONGEST, ""),
        (['foo="respond-async, wait=1"'], LONGEST, ""),
        ([",,;=,"], LONGEST, ""),
        (["a" * 10_000], LONGEST, ""),
        (["," * 10_000 + '"'], LONGEST, ""),
    ],
)
def test_what_is_asked_is_honoured_and_all_else_ignored(
    headers: list[str], seconds: float, applied: str
) -> None:
    preference = Preference.of(headers)
    assert preference.seconds(LONGEST) == seconds
    assert preference.applied == applied
