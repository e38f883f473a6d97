"""Who waits for the end of an export is not woken on the way."""

from uuid import UUID

from services.storage.exports.waiting import Changes

EXPORT = UUID(int=7)


async def test_one_who_waits_for_the_end_sleeps_while_work_goes_on() -> None:
    changes = Changes()
    with changes.watching(EXPORT, end=True) as patient, changes.watching(EXPORT) as curious:
        changes.touch(EXPORT, at_work=True)
        assert await curious.changed(0.1)
        assert not await patient.changed(0)
        changes.touch(EXPORT)
        assert await curious.changed(0.1)
        assert await patient.changed(0.1)
