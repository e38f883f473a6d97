"""An engine whose documents say what goes wrong: the summary of the document's first line is a command."""

import ctypes
import os
import time
from pathlib import Path

from services.render.engine import PagePicture, Preview, Rendered
from services.runtime.errors import InvalidArgument
from vitae.render.v1.render_pb2 import ExportPlan
from vitae.resume.v1.document_pb2 import Document


def warm_up() -> None:
    pass


def render(document: Document, plan: ExportPlan) -> Rendered:
    command, _, argument = document.resume.header.full_name.partition(" ")
    pages = 1
    if command == "sleep":
        time.sleep(float(argument))
    elif command == "spin":
        while True:
            pass
    elif command == "bomb":
        hoard = [bytearray(16 * 2**20) for _ in range(10_000)]
        del hoard
    elif command == "abort":
        os.abort()
    elif command == "segfault":
        ctypes.string_at(0)
    elif command == "exit":
        os._exit(3)
    elif command == "bug":
        raise KeyError(argument)
    elif command == "invalid":
        raise InvalidArgument("No.", reason="NO_SUCH_THING")
    elif command == "pages":
        pages = int(argument)
    elif command == "bytes":
        return Rendered(b"x" * int(argument), "text/plain", 0)
    elif command == "pid":
        return Rendered(str(os.getpid()).encode(), "text/plain", 0)
    elif command == "environment":
        return Rendered("\n".join(sorted(os.environ)).encode() + f"\n{Path.cwd()}".encode(), "text/plain", 0)
    return Rendered(argument.encode(), "text/plain", pages)


def preview(
    document: Document, plan: ExportPlan, *, width_px: int, first_page: int, page_limit: int
) -> Preview:
    return Preview(1, (PagePicture(1, b"png", width_px, width_px),))
