"""What is kept for a while, and how it goes."""

from services.runtime.recent import Recent


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_value_is_kept_for_so_many_seconds() -> None:
    clock = Clock()
    recent: Recent[str, int] = Recent(most=2, seconds=10.0, clock=clock)
    recent.put("a", 1)
    clock.now += 9.9
    assert recent.get("a") == 1
    clock.now += 0.1
    assert recent.get("a") is None


def test_a_value_is_not_kept_beyond_its_own_end() -> None:
    clock = Clock()
    recent: Recent[str, int] = Recent(most=2, seconds=10.0, clock=clock)
    recent.put("a", 1, until=103.0)
    clock.now = 102.9
    assert recent.get("a") == 1
    clock.now = 103.0
    assert recent.get("a") is None


def test_putting_again_begins_anew() -> None:
    clock = Clock()
    recent: Recent[str, int] = Recent(most=2, seconds=10.0, clock=clock)
    recent.put("a", 1)
    clock.now += 9.0
    recent.put("a", 2)
    clock.now += 9.0
    assert recent.get("a") == 2


def test_of_too_many_the_one_used_longest_ago_goes() -> None:
    recent: Recent[str, int] = Recent(most=2, seconds=10.0)
    recent.put("a", 1)
    recent.put("b", 2)
    recent.get("a")
    recent.put("c", 3)
    assert (recent.get("a"), recent.get("b"), recent.get("c")) == (1, None, 3)
