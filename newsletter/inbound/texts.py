"""Bytes of a mail as text, whatever they claim to be: pure, never raises, costs no more than their length."""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import quopri
import re
from email.errors import HeaderParseError
from email.header import decode_header

#: Codecs of Python that are no character sets, or that take time by the square of the length.
_UNFIT_CODECS = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined"}
_LONGEST_HEADER = 4_000
_HTML_BREAK = re.compile(r"<\s*(?:br|/p|/div|/tr|/td|/li|/h\d|p|div|tr|hr)\b[^<>]*>", re.IGNORECASE)
_HTML_UNSEEN = re.compile(r"<(style|script|head|title)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_HTML_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HTML_TAG = re.compile(r"</?[a-z!][^<>]*>", re.IGNORECASE)


def lossy_lines(raw: bytes, *, most: int, longest: int) -> list[str]:
    """Return the lines of a mail, whatever ends them; each byte that is not UTF-8 stands as itself (PEP 383)."""
    unified = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines = unified.split(b"\n", most)[:most]
    return [line[:longest].decode("utf-8", "surrogateescape") for line in lines]


def decoded_header(value: str) -> str:
    """Return a header with its encoded words (RFC 2047) undone, as far as they can be."""
    value = value[:_LONGEST_HEADER]
    try:
        parts = decode_header(_in_charset(value.encode("utf-8", "surrogateescape"), ""))
    except (HeaderParseError, ValueError):
        return _in_charset(value.encode("utf-8", "surrogateescape"), "")
    text = "".join(part if isinstance(part, str) else _in_charset(part, charset or "") for part, charset in parts)
    return " ".join(text.split())


def decoded_lines(lines: list[str], *, encoding: str, charset: str) -> list[str]:
    """Undo a transfer encoding (RFC 2045 §6) and a character set."""
    raw = "\n".join(lines).encode("utf-8", "surrogateescape")
    if encoding == "base64":
        raw = _from_base64(raw)
    elif encoding == "quoted-printable":
        raw = quopri.decodestring(raw)
    return _in_charset(raw, charset).replace("\r\n", "\n").replace("\r", "\n").split("\n")


def text_of_html(lines: list[str]) -> list[str]:
    """Return what people see of a page: its text, a line where a block ends."""
    page = _HTML_COMMENT.sub(" ", "\n".join(lines))
    page = _HTML_TAG.sub("", _HTML_BREAK.sub("\n", _HTML_UNSEEN.sub(" ", page)))
    return html.unescape(page).replace("\xa0", " ").split("\n")


def _from_base64(raw: bytes) -> bytes:
    kept = re.sub(rb"[^A-Za-z0-9+/]", b"", raw)
    # Cut off in the middle: what is whole can still be read.
    kept = kept[: len(kept) - (len(kept) % 4 == 1)]
    try:
        return base64.b64decode(kept + b"=" * (-len(kept) % 4))
    except binascii.Error:
        return raw


def _in_charset(raw: bytes, charset: str) -> str:
    for name in (charset.strip().strip("'\"").lower(), "utf-8"):
        try:
            if codecs.lookup(name).name.replace("_", "-") not in _UNFIT_CODECS:
                return raw.decode(name, "strict" if name == "utf-8" else "replace")
        except (LookupError, ValueError):
            continue
    return raw.decode("latin-1")
