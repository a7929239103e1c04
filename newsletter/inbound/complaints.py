"""Abuse feedback reports (RFC 5965): pure."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.inbound.addresses import addresses_in
from newsletter.inbound.segments import Mail

#: RFC 5965 §7.3 and RFC 6650: a reader (or their provider) wants no more of it. Not "not-spam", and not reports of
#: authentication (RFC 6591) or for the sender's statistics.
_AGAINST_US = {
    "abuse",
    "fraud",
    "virus",
    "other",
    "opt-out",
    "opt-out-list",
    "complaint",
    "miscategorized",
    "unsubscribe",
}


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """What a feedback report says."""

    #: Whether somebody complained.
    against_us: bool
    complainants: tuple[str, ...]


def read_feedback(mail: Mail) -> Feedback | None:
    """Read a feedback report; None where the mail is none."""
    fields: dict[str, list[str]] = {}
    for segment in mail.of_type("message/feedback-report"):
        for line in segment.text[:500]:
            name, colon, value = line.partition(":")
            if colon:
                fields.setdefault(name.strip().lower(), []).append(value.strip())
    if not fields:
        return _before_the_standard(mail)
    kind = next(iter(fields.get("feedback-type", [])), "").partition(" ")[0].lower()
    named = [
        a
        for key in ("original-rcpt-to", "removal-recipient")
        for value in fields.get(key, [])
        for a in addresses_in(value)
    ]
    return Feedback(against_us=kind in _AGAINST_US, complainants=tuple(dict.fromkeys(named or _returned_to(mail))))


def _before_the_standard(mail: Mail) -> Feedback | None:
    """Read what Outlook.com sends (Junk Mail Reporting Program): the mail, with a header that says to whom it was."""
    for segment in mail.segments:
        if segment.quoted and segment.header("x-hmxmroriginalrecipient"):
            return Feedback(against_us=True, complainants=addresses_in(segment.header("x-hmxmroriginalrecipient")))
    return None


def _returned_to(mail: Mail) -> list[str]:
    """To whom the mail that is complained about was."""
    for segment in mail.segments:
        if segment.quoted and segment.header("to"):
            return list(addresses_in(segment.header("to")))
    for segment in mail.of_type("text/rfc822-headers"):
        for line in segment.text[:200]:
            if line.lower().startswith("to:"):
                return list(addresses_in(line))
    return []
