"""Logs: one event per line, JSON for machines or a console form for people, on standard error.

    configure_logs(config.log, service="storage")     once, when a process starts
    log = get_logger(__name__)
    log.info("lease_granted", attempt=2, milliseconds=3.1)      an event's name, and values

Each record carries time, level, logger, service, and inside a call request_id, trace_id and user (a hash).
Records of other libraries written through `logging` take the same form. No personal data goes into a log: no
names, addresses, texts, tokens, or ids of people.
"""

import hashlib
import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

from services.runtime import correlation
from services.runtime.auth import caller
from services.runtime.settings import LogConfig, LogFormat

_NOISY = ("httpx", "httpcore", "asyncio", "botocore", "urllib3", "fontTools", "weasyprint")
"""Libraries whose INFO lines name addresses or repeat for every request."""


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger for a module; usable before `configure_logs`, which decides where its lines go."""
    logger: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logging.getLogger(name),
        wrapper_class=structlog.stdlib.BoundLogger,
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
    )
    return logger


def configure_logs(config: LogConfig, *, service: str, stream: TextIO | None = None) -> None:
    """Sends every record of this process to `stream` (standard error) in the configured form."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter(config.format, service))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(config.level.upper())
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)


def user_hash(user_id: object) -> str:
    """The form in which a person appears in logs: equal for equal ids, and not their id."""
    return hashlib.blake2s(str(user_id).encode(), digest_size=8, person=b"vitaelog").hexdigest()


def _formatter(form: LogFormat, service: str) -> logging.Formatter:
    def present(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        event["service"] = service
        if request_id := correlation.request_id():
            event["request_id"] = request_id
            event["trace_id"] = correlation.trace_id()
        identity = caller()
        if identity is not None and identity.user_id is not None:
            event["user"] = user_hash(identity.user_id)
        elif identity is not None and identity.service is not None:
            event["caller"] = identity.service
        return event

    console = form is LogFormat.CONSOLE
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        present,
    ]
    last: list[Any] = (
        [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), timestamp_key="time")]
        if console
        else [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder()],
        processors=[*shared, structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )
