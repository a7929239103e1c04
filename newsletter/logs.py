"""Structured logs: what happened, as an action with ids; never an address, a token or a body."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

#: GitHub's token formats (github.blog, "Behind GitHub's new authentication token formats"); app tokens may have up to
#: 520 characters, so no length is assumed.
_SECRETS = re.compile(r"gh[pousr]_[A-Za-z0-9._-]{20,}|github_pat_[A-Za-z0-9_]{20,}|sk-[A-Za-z0-9_-]{16,}")
_ADDRESS = re.compile(r"[^\s<>\"'@]{1,64}@[\w.-]{1,255}")
_TOKEN_PATH = re.compile(r"/(unsubscribe|confirm|preferences)/[^\s\"'?]+")


def without_secrets(text: str) -> str:
    """Return the text without access tokens: for whatever leaves this machine."""
    return _SECRETS.sub("[secret]", text)


def redacted(text: str) -> str:
    """Return the text without access tokens, mail addresses and readers' signed links."""
    text = _TOKEN_PATH.sub(r"/\1/[token]", without_secrets(text))
    return _ADDRESS.sub("[address]", text)


def _redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        event[key] = _redacted(value)
    return event


def _redacted(value: object) -> object:
    """Return a value without what must not be logged, however deep it stands; what is no plain data becomes text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        return {redacted(str(key)): _redacted(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(inner) for inner in value]
    return redacted(value if isinstance(value, str) else repr(value))


def configure(*, verbose: bool = False, quiet: bool = False, as_json: bool | None = None) -> None:
    """Send logs to standard error: readable on a terminal, one JSON object a line elsewhere.

    :param quiet: only errors.
    """
    as_json = not sys.stderr.isatty() if as_json is None else as_json
    level = logging.ERROR if quiet else logging.DEBUG if verbose else logging.INFO
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Tracebacks become text before redaction, so that what they quote is redacted as well.
    renderers: list[structlog.types.Processor] = [structlog.processors.format_exc_info, _redact]
    if as_json:
        renderers.append(structlog.processors.JSONRenderer())
    else:
        renderers.append(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()))
    structlog.configure(
        processors=[*shared, *renderers],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # Looked up for each line: whoever replaces standard error gets what is logged afterwards.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)


def get_logger(room: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of a room, for example ``get_logger("delivery")``."""
    # Values given here keep the logger lazy: it is bound when it is used, after configure().
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(room=room)
    return logger
