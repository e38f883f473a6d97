"""A render worker without a renderer, as a process: it leases, sends signs of life, and hands back bytes made from the
export's id. Ended from outside only.

Environment: WORKER_TARGET (gRPC target), WORKER_KEY (PEM).
"""

import asyncio
import hashlib
import os
import random
from collections.abc import AsyncIterator
from uuid import uuid4

from services.runtime.auth import InternalSigner
from services.runtime.client import as_service, open_channel
from services.runtime.errors import Aborted, VitaeError
from vitae.render.v1.render_pb2 import RenderedFile
from vitae.storage.v1 import work_pb2 as messages
from vitae.storage.v1.work_pb2_grpc import WorkServiceStub

AT_ONCE = 4
PATIENCE = 20
"""Tries of an upload while storage is away; what is not taken by then another attempt makes again."""


def content(export_id: str) -> bytes:
    """The bytes of an export: of no other one, and of 1 to 130 kB."""
    seed = hashlib.sha256(export_id.encode())
    size = 1000 + int.from_bytes(seed.digest()[:4], "big") % 130_000
    block = seed.hexdigest().encode()
    return b"%PDF-1.7 " + (block * (size // len(block) + 1))[:size]


async def main() -> None:
    """Works for ever."""
    signer = InternalSigner.from_pem(os.environ["WORKER_KEY"], issuer="render-worker")
    channel = open_channel(os.environ["WORKER_TARGET"], token=as_service(signer, ["storage"]))
    stub, owner = WorkServiceStub(channel), str(uuid4())
    await asyncio.gather(*(_work(stub, owner) for _ in range(AT_ONCE)))


async def _work(stub: WorkServiceStub, owner: str) -> None:
    while True:
        request = messages.LeaseWorkRequest(owner=owner, max_items=1)
        request.wait.FromSeconds(2)
        try:
            answer = await stub.LeaseWork(request, timeout=4.0)
        except VitaeError:
            await asyncio.sleep(random.uniform(0.05, 0.3))
            continue
        for work in answer.work:
            await _one(stub, work)


async def _one(stub: WorkServiceStub, work: messages.ExportWork) -> None:
    await asyncio.sleep(random.uniform(0.0, 1.0))
    beat = messages.WorkProgress(lease=work.lease, progress=60, step="rendered")
    try:
        heard = await stub.HeartbeatWork(messages.HeartbeatWorkRequest(items=[beat]), timeout=2.0)
        if heard.lost_export_ids or heard.cancelled_export_ids:
            return
    except VitaeError:
        pass  # the upload tells whether the lease holds
    data = content(work.lease.export_id)
    about = RenderedFile(
        content_type="application/pdf",
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        page_count=1,
        render_seconds=0.1,
    )

    async def parts() -> AsyncIterator[messages.CompleteWorkRequest]:
        yield messages.CompleteWorkRequest(header=messages.CompleteWorkHeader(lease=work.lease, file=about))
        for start in range(0, len(data), 65536):
            yield messages.CompleteWorkRequest(chunk=data[start : start + 65536])

    for _ in range(PATIENCE):
        try:
            await stub.CompleteWork(parts(), timeout=5.0)
            return
        except Aborted:
            return
        except VitaeError:
            await asyncio.sleep(random.uniform(0.05, 0.4))


if __name__ == "__main__":
    asyncio.run(main())
