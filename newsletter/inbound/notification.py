"""Delivery status notifications (RFC 3464), also broken and nested ones: pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from newsletter.inbound.addresses import address_in
from newsletter.inbound.causes import ENHANCED, cause_of, enhanced_in, is_permanent, is_vague
from newsletter.inbound.notice import Notice, notice_of
from newsletter.inbound.record import Failure
from newsletter.inbound.segments import Mail

_FIELD = re.compile(r"(?:>\s?)?([A-Za-z][A-Za-z-]{2,40})\s*:\s*(.*)")
_RECIPIENTS = ("original-recipient", "final-recipient", "x-actual-recipient")
_REPORT_TYPES = ("message/delivery-status", "message/global-delivery-status")
#: RFC 3464 §2.3.3, and what servers write in its place.
_FAILED = ("fail", "error", "expired", "undeliver", "bounce", "reject")
_DELAYED = ("delay", "defer", "warn")
MOST_RECIPIENTS = 100


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a notification says."""

    failures: tuple[Failure, ...]
    #: Whether it tells of recipients at all, be it that all is well.
    speaks: bool
    #: Whether it tells of a failure without an address.
    nameless: bool = False


def read_report(mail: Mail, *, quoted: bool = False) -> Report:
    """Read the notification in a mail.

    :param quoted: look into mails inside the mail.
    """
    failures: dict[str, Failure] = {}
    speaks = nameless = False
    notice = notice_of(mail)
    for group in _groups(_fields(_lines(mail, quoted=quoted))):
        speaks = True
        given_up = _given_up(group)
        address = _address(group)
        nameless = nameless or (address is None and given_up is not None)
        if address and given_up is not None and len(failures) < MOST_RECIPIENTS:
            failures.setdefault(address.lower(), _failure(group, address, notice, given_up=given_up))
    return Report(failures=tuple(failures.values()), speaks=speaks, nameless=nameless)


def _lines(mail: Mail, *, quoted: bool) -> Iterator[str]:
    reports = list(mail.of_type(*_REPORT_TYPES, quoted=quoted))
    # Some put the fields into a part of another type, or into none.
    for segment in reports or mail.of_type("text/plain", "text/delivery-status", "text/rfc822-headers", quoted=quoted):
        if not reports and not any("final-recipient:" in line.lower() for line in segment.text):
            continue
        yield from segment.text
        yield ""


def _fields(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the fields, unfolded, and an empty name for an empty line."""
    name, value = "", ""
    for line in lines:
        if line[:1] in {" ", "\t"} and name and line.strip():
            value = f"{value} {line.strip()}"[:8_000]
            continue
        if name:
            yield name, value
        match = _FIELD.match(line)
        name, value = (match[1].lower(), match[2].strip()) if match else ("", "")
        if not line.strip():
            yield "", ""
    if name:
        yield name, value


def _groups(fields: Iterable[tuple[str, str]]) -> Iterator[dict[str, str]]:
    """Yield the fields of each recipient; RFC 3464 §2.1 parts them by empty lines, which some forget or repeat."""
    group: dict[str, str] = {}
    for name, value in fields:
        named = any(key in group for key in _RECIPIENTS)
        ended = not name and named and ("action" in group or "status" in group)
        if ended or (name in group and name in {*_RECIPIENTS, "action", "status"} and named):
            yield group
            group = {}
        if not name and not named:
            # Those of the message as a whole.
            group = {}
        if name:
            group.setdefault(name, value)
    if any(key in group for key in _RECIPIENTS):
        yield group


def _address(group: dict[str, str]) -> str | None:
    # What we wrote to comes first; the final one is what it was forwarded to.
    found = (address_in(group[key]) for key in _RECIPIENTS if key in group)
    return next((address for address in found if address), None)


def _failure(group: dict[str, str], address: str, notice: Notice, *, given_up: bool) -> Failure:
    """Weigh what the report says of a recipient; its prose helps out where no server is quoted."""
    given = _status(group)
    text = group.get("diagnostic-code") or group.get("x-supplementary-info") or notice.said_of(address)
    said = enhanced_in(text)
    # The server that refused knows best; whoever reports it often writes the same code for everything.
    telling = said if said and not is_vague(said) else given or said
    cause = cause_of(telling, f"{text} {group.get('status', '')}")
    permanent = is_permanent(cause, status=telling, text=text, given_up=given_up)
    return Failure(
        address=address,
        status=telling if is_vague(given) else given,
        permanent=permanent,
        cause=cause,
        given_up=given_up,
    )


def _status(group: dict[str, str]) -> str | None:
    match = ENHANCED.search(group.get("status", ""))
    return match[0] if match else None


def _given_up(group: dict[str, str]) -> bool | None:
    """Whether the server tries no more; None where nothing failed (delivered, relayed, expanded)."""
    action, status = group.get("action", "").lower(), group.get("status", "").strip()
    if action.startswith(_FAILED):
        return True
    if action.startswith(_DELAYED):
        return False
    if action or status.startswith("2"):
        return None
    return not (_status(group) or enhanced_in(group.get("diagnostic-code", "")) or "").startswith("4")
