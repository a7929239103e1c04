"""Bounces of no standard: Exim's header, the forms flufl.bounce knows, and reading what servers say. Pure.

Only a mail that a server wrote is read this way: a person who quotes a bounce is none.
"""

from __future__ import annotations

import logging
from email.message import Message

from flufl.bounce import Recipients, all_failures

from newsletter.inbound.addresses import address_in, addresses_in
from newsletter.inbound.causes import cause_of, enhanced_in, is_permanent
from newsletter.inbound.notice import Notice, notice_of
from newsletter.inbound.record import Failure
from newsletter.inbound.segments import Mail, Segment

# It logs a traceback wherever a detector of its own stumbles; the mail is read all the same.
logging.getLogger("flufl.bounce").disabled = True

#: What flufl.bounce gets to see: its patterns walk over the lines some sixty times.
MOST_LINES = 400
LONGEST_LINE = 500
MOST_PARTS = 10
MOST_RECIPIENTS = 100
_SHOWN_HEADERS = ("from", "to", "subject", "x-mailer", "mime-version")


def read_homemade(mail: Mail, *, freely: bool, certain: bool) -> tuple[Failure, ...]:
    """Read a bounce that is no notification of RFC 3464.

    :param freely: whether its prose may be read as well, and not only forms that are known.
    :param certain: whether it is a bounce by all signs, even where it does not say so in words known here.
    """
    notice = notice_of(mail)
    named = [address for value in mail.headers("x-failed-recipients") for address in addresses_in(value)]
    if named:
        return _failures(named, notice)
    temporary, permanent = _by_collection(mail, notice)
    if permanent:
        return _failures(permanent, notice)
    if temporary:
        return _failures(temporary, notice, given_up=False)
    if not freely or not (certain or notice.says_no):
        return ()
    return _failures(notice.recipients(), notice, given_up=not notice.warns)


def _failures(addresses: list[str], notice: Notice, *, given_up: bool = True) -> tuple[Failure, ...]:
    found: dict[str, Failure] = {}
    for address in addresses[:MOST_RECIPIENTS]:
        said = notice.said_of(address)
        status = enhanced_in(said)
        cause = cause_of(status, said)
        permanent = is_permanent(cause, status=status, text=said, given_up=given_up)
        failure = Failure(address=address, status=status, permanent=permanent, cause=cause, given_up=given_up)
        found.setdefault(address.lower(), failure)
    return tuple(found.values())


def _by_collection(mail: Mail, notice: Notice) -> tuple[list[str], list[str]]:
    """Ask flufl.bounce; what it is shown is small, flat and ASCII, so its patterns stay quick."""
    message = Message()
    for name in _SHOWN_HEADERS:
        if mail.header(name):
            message[name] = _ascii(mail.header(name))
    parts = [segment for segment in mail.segments if not segment.quoted][:MOST_PARTS]
    if mail.content_type.startswith("multipart/"):
        message["content-type"] = f'{mail.content_type}; report-type="{_ascii(mail.report_type)}"'
        message.set_payload([_part(segment) for segment in parts[1:]])
    else:
        message["content-type"] = "text/plain"
        message.set_payload(_payload(parts[0]))
    try:
        temporary, permanent = all_failures(message)
    except Exception:  # noqa: BLE001 - its detectors index into what they look for, and hostile mails lack it
        return [], []
    return _usable(temporary, notice), _usable(permanent, notice)


def _part(segment: Segment) -> Message:
    part = Message()
    plain = segment.content_type.startswith("text/") or segment.content_type.startswith("message/")
    part["content-type"] = "text/plain" if segment.content_type == "text/html" or not plain else segment.content_type
    if segment.header("content-description"):
        part["content-description"] = _ascii(segment.header("content-description"))
    part.set_payload(_payload(segment) if plain else "")
    return part


def _payload(segment: Segment) -> str:
    return "\n".join(_ascii(line[:LONGEST_LINE]) for line in segment.text[:MOST_LINES])


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode()


def _usable(found: Recipients, notice: Notice) -> list[str]:
    addresses = [address_in(address.decode("ascii", "replace")) for address in sorted(found)]
    named = [address for address in addresses if address]
    told = [address for address in named if address.lower() in notice.text.lower()]
    return [address for address in told or named if not notice.is_ours(address)] or named
