"""The messages of one CompleteWork call after its header, in two steps: the bytes, and what they turned out to be.

A worker may send the bytes as soon as they exist and read them back while they are stored; the description with what
that told comes last.
"""

from collections.abc import AsyncIterator

from services.runtime.errors import FieldError, InvalidArgument
from vitae.render.v1.render_pb2 import RenderedFile
from vitae.storage.v1.work_pb2 import CompleteWorkRequest


class Upload:
    """A file on its way in, announced by its header."""

    def __init__(self, announced: RenderedFile, messages: AsyncIterator[CompleteWorkRequest]) -> None:
        self.announced = announced
        self._messages = messages

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes, until there are as many as were announced or no more come."""
        left = self.announced.size_bytes
        while left > 0:
            message = await anext(self._messages, None)
            if message is None:
                return
            if message.WhichOneof("part") != "chunk":
                raise InvalidArgument(fields=[FieldError("chunk", "must be what follows the header")])
            left -= len(message.chunk)
            yield message.chunk

    async def description(self) -> RenderedFile:
        """What the file is: the header's word, or the one that follows the bytes. Raises InvalidArgument."""
        last = await anext(self._messages, None)
        if last is None:
            return self.announced
        if last.WhichOneof("part") != "file" or await anext(self._messages, None) is not None:
            raise InvalidArgument(fields=[FieldError("file", "may alone follow the last chunk, once")])
        for name in ("content_type", "size_bytes", "sha256"):
            if getattr(last.file, name) != getattr(self.announced, name):
                raise InvalidArgument(fields=[FieldError(f"file.{name}", "must be what the header said")])
        return last.file
