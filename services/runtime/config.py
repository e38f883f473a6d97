"""Configuration: frozen dataclasses filled from environment variables, every mistake reported at once.

    @dataclass(frozen=True)
    class StorageConfig:
        process: ProcessConfig = group()
        max_file: Bytes = setting("VITAE_STORAGE_MAX_FILE", default="100MB", meaning="Largest file stored.",
                                  minimum=1, legacy=("EXPORT_MAX_FILE_SIZE_MB",))
        link_secret: str = setting("VITAE_STORAGE_LINK_SECRET", meaning="Signs links.", secret=True, minimum=32)

    config = load(StorageConfig, os.environ, process="storage")     # raises ConfigError naming every bad variable
    rows(StorageConfig, process="storage")                          # the documentation table

Annotations understood: str, int, float, bool, Path, Url, Seconds ("90", "90s", "5m", "1h", "250ms", "30d"),
Bytes ("65536", "64KiB", "100MB"), any Enum (by value), tuple[X, ...] (comma-separated), X | None; and other
such dataclasses, through `group()`. `minimum` and `maximum` bound numbers; for text they bound its length.

A name starting with `VITAE_{PROCESS}_` stands for the process's own space and lets several processes share
one group. Every other VITAE_ name is shared by all processes and has to be declared in
services/runtime/settings.py, so that each process knows it. A secret (or a `mountable` setting) may come
from a mounted file instead: NAME_FILE holds the path. Variables of another process's space are ignored; an
unknown one in the shared or the own space is refused. `legacy` names are read when the VITAE_ name is not
set.
"""

import dataclasses
import difflib
import math
import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, NewType, TypeVar
from urllib.parse import urlsplit

Seconds = NewType("Seconds", float)
Bytes = NewType("Bytes", int)
Url = NewType("Url", str)

PROCESSES = ("gateway", "generation", "render", "storage", "local")
"""The process spaces: VITAE_GATEWAY_..., VITAE_RENDER_... A process ignores the spaces of the others."""

PREFIX = "VITAE_"
_OWN = "VITAE_{PROCESS}_"
_KEY = "vitae_setting"
_SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")

C = TypeVar("C")


class _Required:
    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED = _Required()


class ConfigError(Exception):
    """The environment does not make a valid configuration; `problems` names each variable and what to do."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(("The configuration is not valid:", *(f"  {each}" for each in problems))))


@dataclass(frozen=True)
class Setting:
    """What a configuration field knows of its variable."""

    env: str
    default: Any
    meaning: str
    secret: bool = False
    mountable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    legacy: tuple[str, ...] = ()
    legacy_parse: Callable[[str], str] | None = None

    def name(self, process: str) -> str:
        """The variable's name in this process."""
        return self.env.replace("{PROCESS}", process.upper().replace("-", "_"))


@dataclass(frozen=True)
class SettingRow:
    """One line of the documentation table."""

    name: str
    default: str
    meaning: str
    secret: bool
    reader: str
    mountable: bool = False
    legacy: tuple[str, ...] = ()


def setting(
    env: str,
    *,
    meaning: str,
    default: Any = REQUIRED,
    secret: bool = False,
    mountable: bool = False,
    minimum: float | None = None,
    maximum: float | None = None,
    legacy: tuple[str, ...] = (),
    legacy_parse: Callable[[str], str] | None = None,
) -> Any:
    """A field read from the variable `env`. A text default is parsed like the variable (`default="5m"`).

    `secret` values are never shown. `mountable` ones, as all secrets, may come from the file that `env`_FILE names.
    `legacy_parse` turns an old variable's text into the new one's (megabytes into bytes).
    """
    about = Setting(
        env, default, meaning, secret, mountable or secret, minimum, maximum, legacy, legacy_parse
    )
    return dataclasses.field(repr=not secret, metadata={_KEY: about})


def group() -> Any:
    """A field that holds another configuration dataclass, read from the same environment."""
    return dataclasses.field()


def load(
    kind: type[C], environ: Mapping[str, str], *, process: str, shared: Sequence[type] | None = None
) -> C:
    """The configuration `kind` from `environ`, for the process of this name (one of PROCESSES).

    `shared` are the groups whose variables every process knows; by default those of services/runtime/settings.py.
    Raises ConfigError with every problem found, TypeError when `kind` itself declares a setting wrongly.
    """
    known_groups = _shared_groups() if shared is None else tuple(shared)
    common = [a for each in known_groups for _, a, _ in _settings(each) if not a.env.startswith(_OWN)]
    _check_declared(kind, process, {about.env for about in common})
    reader = _Reader(environ, process)
    value = reader.read(kind)
    read_here = [about for _, about, _ in _settings(kind)]
    problems = [*reader.problems, *_unknown(environ, process, [*read_here, *common])]
    if problems or value is None:
        raise ConfigError(problems)
    return value


def rows(kind: type, *, process: str) -> list[SettingRow]:
    """The documentation table of a configuration class, in the order of declaration."""
    return [
        SettingRow(
            about.name(process),
            _shown_default(about),
            about.meaning,
            about.secret,
            process,
            about.mountable,
            about.legacy,
        )
        for _, about, _ in _settings(kind)
    ]


class _Reader:
    """One pass over the environment, collecting problems."""

    def __init__(self, environ: Mapping[str, str], process: str) -> None:
        self._environ = environ
        self._process = process
        self.problems: list[str] = []

    def read(self, kind: type[C]) -> C | None:
        values: dict[str, Any] = {}
        before = len(self.problems)
        hints = typing.get_type_hints(kind)
        for each in dataclasses.fields(typing.cast(Any, kind)):
            about: Setting | None = each.metadata.get(_KEY)
            if about is not None:
                values[each.name] = self._value(about, hints[each.name])
            elif dataclasses.is_dataclass(hints[each.name]):
                values[each.name] = self.read(hints[each.name])
        if len(self.problems) > before:
            return None
        try:
            return kind(**values)
        except ConfigError as error:
            self.problems.extend(error.problems)
        except ValueError as error:
            self.problems.append(str(error))
        return None

    def _value(self, about: Setting, annotation: Any) -> Any:
        name = about.name(self._process)
        try:
            found = self._found(about, name)
            if found is None:
                return self._default(about, annotation, name)
            source, text = found
        except ValueError as error:
            self.problems.append(str(error))
            return None
        try:
            return _bounded(_parse(text, annotation), about)
        except ValueError as error:
            shown = "its value" if about.secret else repr(text)
            self.problems.append(f"{source}: {shown} {error}")
            return None

    def _found(self, about: Setting, name: str) -> tuple[str, str] | None:
        direct, file = self._environ.get(name), self._environ.get(f"{name}_FILE") if about.mountable else None
        if direct and file:
            raise ValueError(f"{name}: set either {name} or {name}_FILE, not both")
        if file:
            return f"{name}_FILE", _read_secret(f"{name}_FILE", Path(file))
        if direct:
            return name, direct
        for old in about.legacy:
            text = self._environ.get(old)
            if text:
                return old, about.legacy_parse(text) if about.legacy_parse else text
        return None

    def _default(self, about: Setting, annotation: Any, name: str) -> Any:
        if about.default is REQUIRED:
            file = f" (or {name}_FILE)" if about.mountable else ""
            raise ValueError(f"{name}: set it{file}. {about.meaning}")
        if isinstance(about.default, str) and annotation is not str:
            return _parse(about.default, annotation)
        return about.default


def _read_secret(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        raise ValueError(f"{name}: cannot read {path}: {reason}") from error


def _parse(text: str, annotation: Any) -> Any:
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        return _parse(text, next(each for each in typing.get_args(annotation) if each is not type(None)))
    if origin is tuple:
        item = typing.get_args(annotation)[0]
        return tuple(_parse(part.strip(), item) for part in text.split(",") if part.strip())
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return _choice(text, annotation)
    parser = _PARSERS.get(annotation)
    if parser is None:
        raise TypeError(f"configuration cannot hold the type {annotation!r}")
    return parser(text)


def _choice(text: str, kind: type[Enum]) -> Enum:
    for each in kind:
        if str(each.value).lower() == text.strip().lower():
            return each
    raise ValueError(f"is not one of {', '.join(str(each.value) for each in kind)}")


def _number(kind: Callable[[str], Any], what: str) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        try:
            return kind(text.strip())
        except ValueError:
            raise ValueError(f"is not {what}") from None

    return parse


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _bool(text: str) -> bool:
    word = text.strip().lower()
    if word not in _TRUE + _FALSE:
        raise ValueError("is neither true nor false")
    return word in _TRUE


def _measured(units: Mapping[str, float], example: str) -> Callable[[str], float]:
    def parse(text: str) -> float:
        match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([a-z]*)", text.strip().lower())
        if match is None or match[2] not in units:
            raise ValueError(f"is not {example}")
        return float(match[1]) * units[match[2]]

    return parse


_duration = _measured(_SECONDS, "a duration such as 90s, 5m, 1h or 250ms")
_size = _measured(_BYTES, "a size such as 65536, 64KiB or 100MB")


def _url(text: str) -> str:
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        parts = None
    if parts is None or not parts.scheme or not (parts.netloc or parts.path):
        raise ValueError("is not a URL such as https://host/path or file:///path")
    return text.strip()


def _path(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:  # "~name" of nobody, or "~" where no home is known
        raise ValueError("begins with ~ but no such home folder is known; write the whole path") from None


_PARSERS: Mapping[Any, Callable[[str], Any]] = {
    str: str,
    int: _number(int, "a whole number"),
    float: _number(_finite, "a number"),
    bool: _bool,
    Path: _path,
    Url: _url,
    Seconds: _duration,
    Bytes: lambda text: int(_size(text)),
}


def _bounded(value: Any, about: Setting) -> Any:
    measure, unit = (len(value), " characters") if isinstance(value, str) else (value, "")
    if about.minimum is not None and measure < about.minimum:
        raise ValueError(f"is below the minimum of {about.minimum:g}{unit}")
    if about.maximum is not None and measure > about.maximum:
        raise ValueError(f"is above the maximum of {about.maximum:g}{unit}")
    return value


def _settings(kind: type) -> Iterator[tuple[str, Setting, Any]]:
    hints = typing.get_type_hints(kind)
    for each in dataclasses.fields(typing.cast(Any, kind)):
        about = each.metadata.get(_KEY)
        if about is not None:
            yield each.name, about, hints[each.name]
        elif dataclasses.is_dataclass(hints[each.name]):
            yield from _settings(typing.cast(type, hints[each.name]))


def _check_declared(kind: type, process: str, shared_names: set[str]) -> None:
    for field, about, _ in _settings(kind):
        name = about.name(process)
        if not name.startswith(PREFIX):
            raise TypeError(f"{field}: the variable {name} has to start with {PREFIX}")
        if name not in shared_names and not name.startswith(_space(process)):
            raise TypeError(
                f"{field}: {name} is neither in the space {_space(process)}* nor declared in settings.py"
            )


def _unknown(environ: Mapping[str, str], process: str, known: Iterable[Setting]) -> Iterator[str]:
    accepted: set[str] = set()
    for about in known:
        accepted.add(about.name(process))
        if about.mountable:
            accepted.add(f"{about.name(process)}_FILE")
    foreign = tuple(_space(each) for each in PROCESSES if each != process)
    for name in sorted(environ):
        if name.startswith(PREFIX) and not name.startswith(foreign) and name not in accepted:
            # The prefix all names have in common would make them all look alike.
            ends = sorted(each.removeprefix(PREFIX) for each in accepted)
            near = difflib.get_close_matches(name.removeprefix(PREFIX), ends, n=1, cutoff=0.6)
            yield f"{name}: is not known; " + (f"did you mean {PREFIX}{near[0]}?" if near else "remove it")


def _space(process: str) -> str:
    return _OWN.replace("{PROCESS}", process.upper())


def _shown_default(about: Setting) -> str:
    if about.default is REQUIRED:
        return "required"
    if about.default is None or about.default in ("", ()):
        return ""
    if isinstance(about.default, Enum):
        return str(about.default.value)
    if isinstance(about.default, tuple):
        return ",".join(str(each) for each in about.default)
    return str(about.default).lower() if isinstance(about.default, bool) else str(about.default)


def _shared_groups() -> tuple[type, ...]:
    from services.runtime.settings import SHARED

    return SHARED
