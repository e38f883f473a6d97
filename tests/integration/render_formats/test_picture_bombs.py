"""Small files that are huge pictures are refused by name, and cost neither memory nor anybody else's rendering."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import pytest
from PIL import Image
from prometheus_client import CollectorRegistry

from services.render import engine
from services.render.config import ChildrenConfig
from services.render.jobs import FileLimits, render_job
from services.render.supervisor import Supervisor
from services.runtime.config import load
from services.runtime.errors import InvalidArgument
from tests.unit.render_formats import people
from vitae.render.v1.options_pb2 import FORMAT_DOCX, FORMAT_HTML, FORMAT_PDF, RenderOptions
from vitae.resume.v1.document_pb2 import Document

LIMITS = FileLimits(50, 20 * 2**20)
MIB = 2**20
LARGEST_PORTRAIT = 2 * MIB
"""Bytes, by the contract."""


def png(width: int, height: int, rows: int | None = None, *extra: tuple[bytes, bytes]) -> bytes:
    """A PNG of black pixels that says it has `height` rows, and has `rows`."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    deflate, row = zlib.compressobj(9), bytes(1 + 3 * width)
    data = b"".join(deflate.compress(row) for _ in range(height if rows is None else rows)) + deflate.flush()
    chunks = ((b"IHDR", header), *extra, (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def jpeg(width: int, height: int) -> bytes:
    """A JPEG of one block that says it is larger."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "JPEG")
    data = bytearray(out.getvalue())
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def frames(kind: str, count: int, size: tuple[int, int]) -> bytes:
    out = io.BytesIO()
    pictures = [Image.new("RGB", size, (each % 256, each // 256, 0)) for each in range(count)]
    pictures[0].save(out, kind, save_all=True, append_images=pictures[1:])
    return out.getvalue()


def text_chunk(size: int) -> tuple[bytes, bytes]:
    return b"zTXt", b"Comment\0\0" + zlib.compress(bytes(size), 9)


BOMBS: Mapping[str, Callable[[], bytes]] = {
    "PNG that says two billion pixels": lambda: png(50_000, 40_000, rows=1),
    "PNG that says as many pixels as a PNG can": lambda: png(2**31 - 1, 2**31 - 1, rows=0),
    "PNG of 200 million pixels in 0.6 MB": lambda: png(20_000, 10_000),
    "PNG with text of 200 MB": lambda: png(500, 600, None, text_chunk(200 * MIB)),
    "PNG that breaks off": lambda: png(2_000, 2_000)[:3_000],
    "PNG of 25 megapixels": lambda: png(5_000, 5_001),
    "JPEG that says four billion pixels": lambda: jpeg(65_535, 65_535),
    "GIF that says it is huge": lambda: b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0, 0, 0) + b";",
    "GIF of 500 frames": lambda: frames("GIF", 500, (40, 40)),
    "WebP of 200 frames": lambda: frames("WEBP", 200, (400, 480)),
    "WebP that says it is huge": lambda: b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0" + b"\xfe\xff\xff" * 2,
    "TIFF": lambda: frames("TIFF", 1, (1, 1)),
}

LARGE_BUT_FAIR: Mapping[str, Callable[[], bytes]] = {
    "PNG of 24 megapixels": lambda: png(4_000, 6_000),
    "PNG of 100 frames": lambda: frames("PNG", 100, (300, 360)),
}


@pytest.mark.parametrize("format_", [FORMAT_PDF, FORMAT_DOCX, FORMAT_HTML])
async def test_bombs_are_refused_by_name_and_others_go_on(format_: int) -> None:
    async with one_child() as supervisor:
        [pid] = supervisor.child_pids()
        forget_peak(pid)
        for name, data in bombs().items():
            document = with_portrait(data)
            with pytest.raises(InvalidArgument) as caught:
                await rendered(supervisor, document, format_)
            assert caught.value.reason == "PHOTO_INVALID", name
            assert caught.value.fields[0].field == "document.header.photo"
            too_large = "pixels" in name
            words = "24 megapixels" if too_large else "no readable JPEG or PNG"
            assert words in caught.value.fields[0].description, name

        assert len(await rendered(supervisor, people.maya(), format_)) > 1_000
        assert supervisor.child_pids() == [pid], "no bomb has cost a process"
        assert peak(pid) < 192 * MIB


async def test_the_largest_that_is_taken_needs_no_more_than_its_pixels() -> None:
    async with one_child() as supervisor:
        [pid] = supervisor.child_pids()
        forget_peak(pid)
        for make in LARGE_BUT_FAIR.values():
            document = with_portrait(make())
            assert len(await rendered(supervisor, document, FORMAT_PDF)) < 200_000
        assert supervisor.child_pids() == [pid]
        assert peak(pid) < 256 * MIB, "96 MB of pixels, and what a process has anyway"


@cache
def bombs() -> Mapping[str, bytes]:
    return {name: make() for name, make in BOMBS.items()}


@asynccontextmanager
async def one_child() -> AsyncIterator[Supervisor]:
    told = {
        "VITAE_RENDER_CHILDREN": "1",
        "VITAE_RENDER_SPARES": "0",
        "VITAE_RENDER_RECYCLE_MEMORY": "1GiB",
    }
    async with Supervisor(
        load(ChildrenConfig, told, process="render"), LIMITS, registry=CollectorRegistry()
    ) as supervisor:
        yield supervisor


async def rendered(supervisor: Supervisor, document: Document, format_: int) -> bytes:
    plan = engine.plan(document, format_, "modern", RenderOptions(photo=True))  # type: ignore[arg-type]
    return (await supervisor.run(render_job(document, plan, limits=LIMITS, measure=False))).data


def with_portrait(data: bytes) -> Document:
    assert len(data) <= LARGEST_PORTRAIT
    document = Document()
    document.CopyFrom(people.maya())
    document.resume.header.photo.data = data
    document.resume.header.photo.content_type = "image/png"
    return document


def forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def peak(pid: int) -> int:
    """Most bytes of memory in RAM that a process has had at once."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(each.split()[1]) * 1024 for each in lines if each.startswith("VmHWM:"))
