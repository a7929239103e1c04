"""Structured logs: what happened, as an action with ids; never an address, a token or a body."""

from __future__ import annotations

import logging
import re
import sys
import unicodedata
from collections.abc import MutableMapping
from typing import Any

import structlog

#: GitHub's token formats (github.blog, "Behind GitHub's new authentication token formats"); app tokens may have up to
#: 520 characters, so no length is assumed.
_SECRETS = re.compile(r"gh[pousr]_[A-Za-z0-9._-]{20,}|github_pat_[A-Za-z0-9_]{20,}|sk-[A-Za-z0-9_-]{16,}")
#: Also as it stands in a URL.
_AT = re.compile(r"@|%40")
_DOMAIN = re.compile(r"[\w.-]+|\[(?:IPv6:)?[0-9A-Fa-f.:]+\]")
#: What stands before the sign, read backwards from it: a quoted string, or a word of what RFC 5322 §3.2.3 allows. An
#: apostrophe behind a letter is O'Brien's, any other one is a quotation mark.
_LOCAL_BACKWARDS = re.compile(r"""\"(?:[^\"]|\"(?=\\))*\"(?!\\)|(?:[^\s<>()\[\],:;\\\"']|'(?=\w))+""")
#: Longer than any local part, also where it is percent-encoded.
_LONGEST_LOCAL = 256
_TOKEN_PATH = re.compile(r"/(unsubscribe|confirm|preferences)/[^\s\"'?]+")
#: Characters of one value in a line of the log; cut first, since looking through more is somebody's processor time.
LONGEST_VALUE = 16_000
#: App tokens have up to 520 characters.
_WORD_AT_END, _WORD_AT_START = re.compile(r"\S{1,600}\Z"), re.compile(r"\A\S{1,600}")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_TRACEBACKS = frozenset({"exception", "stack"})


def without_secrets(text: str) -> str:
    """Return the text without access tokens: for whatever leaves this machine."""
    return _SECRETS.sub("[secret]", text)


def redacted(text: str) -> str:
    """Return the text without access tokens, mail addresses and readers' signed links, and cut where it is too long."""
    return _without_addresses(_TOKEN_PATH.sub(r"/\1/[token]", without_secrets(_cut(text))))


def _without_addresses(text: str) -> str:
    # From each sign outwards: a search for the part before it would look at every character many times, and backwards,
    # since that part may hold such a sign itself.
    kept: list[str] = []
    rest = len(text)
    for sign in reversed(list(_AT.finditer(text))):
        domain = _DOMAIN.match(text, sign.end(), rest) if sign.end() <= rest else None
        before = text[max(0, sign.start() - _LONGEST_LOCAL) : sign.start()]
        if domain and (local := _LOCAL_BACKWARDS.match(before[::-1])):
            kept += [text[domain.end() : rest], "[address]"]
            rest = sign.start() - local.end()
    return text[:rest] + "".join(reversed(kept))


def _cut(text: str) -> str:
    """Leave out the middle of what is too long: a traceback says at its end what went wrong.

    What the cut goes through may be an address or a token, which half of it would not be recognised as.
    """
    if len(text) <= LONGEST_VALUE:
        return text
    half = LONGEST_VALUE // 2
    head, tail = _WORD_AT_END.sub("", text[:half]), _WORD_AT_START.sub("", text[-half:])
    return f"{head} [{len(text) - len(head) - len(tail)} characters] {tail}"


def _visible(text: str, *, lines: bool) -> str:
    """Escape what a terminal would obey or not show: controls (C1 as well), marks of direction, line separators.

    :param lines: whether line breaks are meant.
    """
    if text.isprintable():
        return text
    meant = "\n" if lines else ""
    return "".join(
        character.encode("unicode_escape").decode()
        if character not in meant and unicodedata.category(character) in _INVISIBLE
        else character
        for character in text
    )


def _redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        event[key] = _redacted(value, lines=key in _TRACEBACKS)
    return event


def _redacted(value: object, *, lines: bool = False) -> object:
    """Return a value without what must not be logged, however deep it stands; what is no plain data becomes text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        return {_redacted(str(key)): _redacted(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(inner) for inner in value]
    text = value if isinstance(value, str) else repr(value)
    return _visible(redacted(text), lines=lines)


def _in_one_line(record: logging.LogRecord) -> bool:
    """Log without a traceback what is no HTTP: whoever can reach the port can send it, as often as they like."""
    error = record.exc_info[1] if record.exc_info else None
    if type(error).__module__ == "aiohttp.http_exceptions":
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.msg, record.args, record.exc_info = "a request was not HTTP: %s", (str(error),), None
    return True


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
    logging.getLogger("aiohttp.server").filters = [_in_one_line]


def get_logger(room: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of a room, for example ``get_logger("delivery")``."""
    # Values given here keep the logger lazy: it is bound when it is used, after configure().
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(room=room)
    return logger
