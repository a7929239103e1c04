"""Addresses as reports write them: pure."""

from __future__ import annotations

import re

_LOCAL = r"[\w!#$%&'*+/=?^`{|}~.\-\u0080-\U0010ffff]{1,64}"
_DOMAIN = r"[\w\-\u0080-\U0010ffff]{1,63}(?:\.[\w\-\u0080-\U0010ffff]{1,63}){0,9}"
#: An address in running text; bounded, so that a search costs no more than the line is long.
ADDRESS = re.compile(rf"(?<![\w.@+=-])({_LOCAL})@({_DOMAIN})(?![\w@])")
_QUOTED_LOCAL = re.compile(rf'"([^"\s@]{{1,64}}|[^"]{{1,64}})"@({_DOMAIN})')
#: RFC 6533 §3: how a report writes a character outside ASCII.
_ESCAPED = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
#: RFC 3461 §4: how an original recipient is written in SMTP; reports should have it undone.
_XTEXT = re.compile(r"\+(2B|3D|40)", re.IGNORECASE)
_TYPE = re.compile(r"^\s*(?:rfc-?822|utf-8|smtp|unknown|dns|internet|local|system)\s*[;:]\s*", re.IGNORECASE)
LONGEST = 320


def address_in(value: str) -> str | None:
    """Return the address that a field holds, such as ``rfc822; <someone@example.org>``; None where it has none."""
    found = addresses_in(_TYPE.sub("", value[: LONGEST * 4]))
    return found[0] if found else None


def addresses_in(text: str) -> tuple[str, ...]:
    """Return every address in a text, in its order, each once."""
    if "@" not in text and "\\x{40}" not in text:
        return ()
    text = _ESCAPED.sub(_character, text)
    found: dict[str, str] = {}
    quoted = [(match.start(), match[0]) for match in _QUOTED_LOCAL.finditer(text)]
    plain = [(match.start(), f"{_undressed(match[1])}@{match[2]}") for match in ADDRESS.finditer(text)]
    for _, raw in sorted([*quoted, *plain]):
        address = raw.strip("'.")
        if not address.startswith("@") and len(address) <= LONGEST:
            found.setdefault(address.lower(), address)
    return tuple(found.values())


def _undressed(local: str) -> str:
    if "@" not in local:
        local = _XTEXT.sub(lambda match: chr(int(match[1], 16)), local) if "+40" in local else local
    return local.lstrip("'`")


def _character(match: re.Match[str]) -> str:
    number = int(match[1], 16)
    return chr(number) if 0x20 < number < 0xD800 or 0xDFFF < number <= 0x10FFFF else ""
