"""Remaining time, without a network."""

import asyncio

import pytest

from services.runtime import deadlines
from services.runtime.errors import DeadlineExceeded


def test_outside_any_deadline_there_is_no_limit() -> None:
    assert deadlines.remaining() is None
    assert deadlines.hop_timeout(7.0) == 7.0
    deadlines.require(1_000_000)


def test_a_limit_narrows_and_never_widens() -> None:
    with deadlines.limit(2.0):
        with deadlines.limit(60.0):
            assert 1.9 < (deadlines.remaining() or 0) <= 2.0
        with deadlines.limit(1.0):
            assert (deadlines.remaining() or 0) <= 1.0
        assert (deadlines.remaining() or 0) > 1.0
    assert deadlines.remaining() is None


def test_a_hop_gets_what_is_left_less_the_margin() -> None:
    with deadlines.limit(2.0):
        assert 1.9 < deadlines.hop_timeout(10.0) <= 2.0 - deadlines.HOP_MARGIN
        assert deadlines.hop_timeout(0.5) == 0.5


@pytest.mark.parametrize(("left", "digits"), [(0.777, 3), (7.777, 2), (77.77, 1), (777.7, 0)])
def test_a_hop_gets_no_more_than_grpc_sends_unrounded(left: float, digits: int) -> None:
    with deadlines.limit(left):
        given = deadlines.hop_timeout(10_000.0)
    assert given + 0.001 == pytest.approx(round(given + 0.001, digits))
    assert left - deadlines.HOP_MARGIN - 10**-digits - 0.005 < given <= left - deadlines.HOP_MARGIN


@pytest.mark.parametrize("left", [-1.0, 0.0, deadlines.HOP_MARGIN])
def test_no_hop_is_begun_without_time_for_it(left: float) -> None:
    with deadlines.limit(left), pytest.raises(DeadlineExceeded):
        deadlines.hop_timeout(10.0)


def test_work_that_cannot_be_done_in_time_is_refused() -> None:
    with deadlines.limit(deadlines.MINIMUM / 2), pytest.raises(DeadlineExceeded):
        deadlines.require()
    with deadlines.limit(deadlines.MINIMUM * 5):
        deadlines.require()


async def test_a_task_inherits_the_deadline_and_cannot_change_its_parents() -> None:
    async def child() -> float | None:
        with deadlines.limit(1.0):
            await asyncio.sleep(0)
            return deadlines.remaining()

    with deadlines.limit(5.0):
        inner = await asyncio.create_task(child())
        assert (inner or 9) <= 1.0
        assert (deadlines.remaining() or 0) > 4.0
