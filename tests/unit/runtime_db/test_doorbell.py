"""Who is woken by a ring inside one process."""

import asyncio
import time

from services.runtime.db import Database
from services.runtime.queue import Doorbell


def bell(poll: float = 30) -> Doorbell:
    return Doorbell(Database("postgresql://nobody@127.0.0.1:1/nothing", application="test"), poll=poll)


async def test_one_ring_wakes_one_waiter_of_that_kind() -> None:
    doorbell = bell()
    with (
        doorbell.waiter(["other"]) as other,
        doorbell.waiter(["a"]) as first,
        doorbell.waiter(["a", "b"]) as second,
    ):
        doorbell.ring("a")
        assert (other.rung, first.rung, second.rung) == (False, True, False)
        doorbell.ring("a")
        assert (other.rung, first.rung, second.rung) == (False, True, True)
        doorbell.ring_all()
        assert other.rung


async def test_a_ring_between_looking_and_waiting_is_kept() -> None:
    doorbell = bell()
    with doorbell.waiter(["a"]) as waiter:
        assert waiter.take() is False
        doorbell.ring("a")
        began = time.monotonic()
        await waiter.wait(10)
        assert time.monotonic() - began < 1
        assert waiter.take() is True
        assert waiter.take() is False


async def test_an_unanswered_ring_goes_on_to_another_waiter() -> None:
    doorbell = bell()
    with doorbell.waiter(["a"]) as staying:
        with doorbell.waiter(["a"]) as leaving:
            staying.wake()
            doorbell.ring("a")
            assert leaving.rung
            staying.take()
        assert staying.rung


async def test_waiting_ends_at_the_poll_and_at_the_time_out() -> None:
    for poll, timeout in ((0.05, 10.0), (30.0, 0.05)):
        with bell(poll).waiter(["a"]) as waiter:
            async with asyncio.timeout(2):
                await waiter.wait(timeout)
