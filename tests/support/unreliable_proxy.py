"""A TCP proxy in front of a server that can be told to be silent, to cut connections, or to be slow.

with unreliable("http://127.0.0.1:7480") as proxy:
    store = S3Store(S3Settings(endpoint=proxy.url, ...))
    proxy.silent = True            # takes connections and answers nothing
    proxy.cut_after = 100_000      # bytes of an answer after which a connection breaks
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

_BODY = b"<Error><Code>NotImplemented</Code><Message>A header you provided is unknown</Message></Error>"
_NOT_IMPLEMENTED = (
    b"HTTP/1.1 501 Not Implemented\r\nContent-Type: application/xml\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)
)


class UnreliableProxy:
    """The switches, and what was seen."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname or "", parts.port or 80)
        self.url = ""
        self.silent = False
        self.refused = 0
        """Connections to be closed at once, from now on."""
        self.cut_after: int | None = None
        self.pause = 0.0
        """Seconds before an answer goes on."""
        self.unknown_header = b""
        """Requests with it are answered 501, as by a store that does not know it."""
        self.connections = 0
        self.open = 0
        self.most_open = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            if self.refused:
                self.refused -= 1
                return
            if self.silent:
                while await reader.read(65536):
                    pass
                return
            there, back = await asyncio.open_connection(*self._target)
            refusals: list[bytes] = []
            try:
                ends = {
                    asyncio.create_task(self._pass(reader, back, refusals, answers=False)),
                    asyncio.create_task(self._pass(there, writer, refusals, answers=True)),
                }
                _, left = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
                for each in left:
                    each.cancel()
                await asyncio.gather(*ends, return_exceptions=True)
                if refusals:
                    writer.write(_NOT_IMPLEMENTED)
                    await writer.drain()
                    while await asyncio.wait_for(reader.read(65536), 1):
                        pass
            finally:
                back.close()
        except (OSError, TimeoutError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def _pass(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        refusals: list[bytes],
        *,
        answers: bool,
    ) -> None:
        passed = 0
        with suppress(OSError):
            while data := await reader.read(16384):
                if not answers and self.unknown_header and self.unknown_header in data.lower():
                    refusals.append(data)
                    return
                if answers:
                    await asyncio.sleep(self.pause)
                passed += len(data)
                if answers and self.cut_after is not None and passed > self.cut_after:
                    return
                writer.write(data)
                await writer.drain()


@contextmanager
def unreliable(target: str) -> Iterator[UnreliableProxy]:
    """A proxy in front of the server at `target`, in a thread with a loop of its own."""
    proxy, ready, loop = UnreliableProxy(target), threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def run() -> None:
        server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
        proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        await stop.wait()
        server.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for each in left:
            each.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    ready.wait(10)
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
