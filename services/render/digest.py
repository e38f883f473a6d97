"""What decides the bytes besides document, template and options: versions of libraries, fonts, and this code."""

import ctypes
import hashlib
import platform
import zlib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

import services.document.view
from services.render.fonts import catalogue
from services.runtime.errors import FailedPrecondition

_PACKAGES = (
    "babel cssselect2 fonttools jinja2 lxml pillow pydyf pyphen pypdfium2 python-docx tinycss2 tinyhtml5 weasyprint"
).split()

_LIBRARIES = {
    "libpango-1.0.so.0": ("pango_version_string", "libpango-1.0-0"),
    "libharfbuzz.so.0": ("hb_version_string", "libharfbuzz0b"),
}
"""Shared libraries that shape text, the function that tells their version, and the package that brings them."""

_SUBSETTER = "libharfbuzz-subset.so.0"


@cache
def renderer_digest() -> str:
    """SHA-256, hexadecimal. Loads no layout engine. Raises FailedPrecondition naming a missing library's package."""
    digest = hashlib.sha256()
    for part in (*_versions(), catalogue.fingerprint(), *_code()):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


def _versions() -> Iterator[str]:
    yield f"python {'.'.join(platform.python_version_tuple()[:2])}"
    yield f"zlib {zlib.ZLIB_RUNTIME_VERSION}"
    for package in _PACKAGES:
        yield f"{package} {version(package)}"
    for library, (function, package) in _LIBRARIES.items():
        tell = getattr(_loaded(library, package), function)
        tell.restype = ctypes.c_char_p
        yield f"{library} {tell().decode()}"
    _loaded(_SUBSETTER, "libharfbuzz-subset0")


def _loaded(library: str, package: str) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(library)
    except OSError as error:
        raise FailedPrecondition(
            f"A library of the operating system is missing: install the package {package}.",
            reason="RENDER_LIBRARY_MISSING",
        ) from error


def _code() -> Iterator[str]:
    """Hashes of the files that write documents: ours, and the presentation of documents they build on."""
    render = Path(__file__).parent
    document = Path(services.document.view.__file__).parent
    ours = [render / each for each in ("fit.py", "look.py", "options.py", "engine.py")]
    for path in sorted(
        (
            *ours,
            *render.glob("formats/**/*.py"),
            *render.glob("formats/*.css"),
            *document.glob("*.py"),
            *document.glob("locale_data/*"),
        )
    ):
        yield f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}"
