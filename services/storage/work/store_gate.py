"""Whether the object store serves. While it does not, no work is handed out, and no attempt is lost to it (SPEC S3)."""

import asyncio
import hashlib
import io
from uuid import uuid4

from services.runtime.errors import VitaeError
from services.runtime.logs import get_logger
from services.storage.metrics import StorageMetrics
from services.storage.objects.base import CHUNK, ObjectStore, StagedFile
from services.storage.objects.keys import PROBES


class StoreGate:
    """Open while the store serves. `run` is the background task that finds out when it serves again."""

    def __init__(self, objects: ObjectStore, metrics: StorageMetrics, *, probe: float) -> None:
        self._objects = objects
        self._metrics = metrics
        self._probe = probe
        self._open = asyncio.Event()
        self._shut = asyncio.Event()
        self._log = get_logger(__name__)
        self._set(serving=True)

    async def wait_open(self, timeout: float) -> bool:
        """Returns True once the store serves, False when it has not within `timeout` seconds."""
        try:
            async with asyncio.timeout(max(0.0, timeout)):
                await self._open.wait()
        except TimeoutError:
            return False
        return True

    def shut(self) -> None:
        """The store refused something: nothing more is handed out until a probe succeeds."""
        if self._open.is_set():
            self._log.warning("the object store does not serve; work pauses")
        self._set(serving=False)

    async def run(self) -> None:
        """Probes while the gate is shut; never returns."""
        while True:
            await self._shut.wait()
            await asyncio.sleep(self._probe)
            try:
                await _store_something(self._objects)
            except VitaeError:
                continue
            else:
                self._log.info("the object store serves again")
                self._set(serving=True)

    def _set(self, *, serving: bool) -> None:
        for event, value in ((self._open, serving), (self._shut, not serving)):
            if value:
                event.set()
            else:
                event.clear()
        self._metrics.store_up.set(1 if serving else 0)


async def _store_something(objects: ObjectStore) -> None:
    """Puts and removes an object: a full store answers everything but this."""
    data = bytes(CHUNK)
    file, key = (
        StagedFile(io.BytesIO(data), len(data), hashlib.sha256(data).hexdigest()),
        f"{PROBES}{uuid4()}",
    )
    await objects.put(key, file, content_type="application/octet-stream")
    await objects.delete(key)
