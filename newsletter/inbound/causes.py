"""Why a mail was not taken, from a status code and from what servers say in prose: pure.

What counts is whether another mail to the same mailbox would fare the same. A mailbox that is gone is for good; one
that is full may be emptied; and what a server holds against us (our address, our reputation, our content) says nothing
about the reader at all and must never cost them the newsletter.
"""

from __future__ import annotations

import re

from newsletter.inbound.phrases import any_of
from newsletter.inbound.record import Cause

#: RFC 3463: class, subject, detail; reports write them among other numbers.
ENHANCED = re.compile(r"(?<![\w.])([245])\.(\d{1,3})\.(\d{1,3})(?!\w|\.\d)", re.ASCII)
#: RFC 5321 §4.2: what opens a reply.
_REPLY = re.compile(r"(?<![\w.#])([45][0-5]\d)(?=[ \-]\S)", re.ASCII)
LONGEST = 4_000


#: Names, links and addresses are no prose: spam.example.org accuses nobody.
_NO_PROSE = re.compile(
    r"https?://\S+|<?[^\s<>@:;,()\[\]]{1,64}@[^\s<>@:;,()\[\]]{1,255}>?|\b[\w-]{1,63}(?:\.[\w-]{1,63}){1,9}\b"
)

#: In this order: what we did wrong is never charged to a reader, and a full mailbox is no missing one.
_PHRASES = (
    (Cause.OURS, any_of("ours")),
    (Cause.FULL, any_of("full")),
    (Cause.GONE, any_of("gone")),
    (Cause.PASSING, any_of("passing")),
)
_GONE = any_of("gone")

#: Of RFC 3463 and its registry, and what each means whatever is said besides.
_BY_CODE = {
    "1.7": Cause.OURS, "1.8": Cause.OURS,
    "2.2": Cause.FULL, "2.3": Cause.FULL, "3.4": Cause.FULL,
    "4.3": Cause.PASSING, "4.5": Cause.PASSING, "4.7": Cause.PASSING,
    "4.6": Cause.PASSING, "5.1": Cause.OURS, "5.3": Cause.OURS,
}  # fmt: skip
_PASSING_CODES = {"2.2", "2.3", "3.4", "4.3", "4.5", "4.7"}
#: Said of the recipient; RFC 7505 §4 for 1.10.
_GONE_CODES = {"1.1", "1.2", "1.3", "1.4", "1.6", "1.10", "2.1", "4.4"}


def enhanced_in(text: str) -> str | None:
    """Return the most telling enhanced status code of a text: the first that is not as good as none."""
    found = [match[0] for match in ENHANCED.finditer(text[:LONGEST]) if match[1] != "2"]
    return next((code for code in found if not is_vague(code)), found[0] if found else None)


def reply_code_in(text: str) -> int | None:
    """Return the first SMTP reply code of a text that says no."""
    match = _REPLY.search(text[:LONGEST])
    return int(match[1]) if match else None


def is_vague(status: str | None) -> bool:
    """Whether a status says nothing but "no" (RFC 3463 §3: X.0.0), or too little to overrule what follows it."""
    return status is None or status.partition(".")[2] in {"0.0", "1.0", "2.0", "3.0", "4.0", "5.0"}


def cause_of(status: str | None, text: str) -> Cause:
    """Say why a mail was not taken.

    :param status: the enhanced status code, if one is known.
    :param text: what the server said.
    """
    detail = (status or "").partition(".")[2]
    if detail.startswith(("7.", "6.")):
        # RFC 3463 §3.7, 3.8: content, security and policy are ours.
        return Cause.OURS
    if detail in _BY_CODE:
        return _BY_CODE[detail]
    said = _said(text)
    if detail == "4.1" and "address rejected" in text.lower():
        # How Microsoft refuses recipients that it does not know (learn.microsoft.com, directory-based edge blocking).
        return Cause.GONE
    if detail in _GONE_CODES and (status or "").startswith("5."):
        return said if said in {Cause.OURS, Cause.FULL} and not _GONE.search(_prose(text)) else Cause.GONE
    return said


def _said(text: str) -> Cause:
    prose = _prose(text)
    for cause, pattern in _PHRASES:
        if pattern.search(prose):
            return cause
    return Cause.UNKNOWN


def _prose(text: str) -> str:
    return " ".join(_NO_PROSE.sub(" ~ ", text[:LONGEST]).split())


def is_permanent(cause: Cause, *, status: str | None, text: str, given_up: bool = True) -> bool:
    """Whether a server refuses for good, and not for what we are.

    A full mailbox may be emptied, but a server that has given up and gives no code that says so is taken at its word;
    what the reader is charged for it depends on the cause.

    :param given_up: whether the server tries no more; where it goes on trying, nothing is for good.
    """
    if not given_up or cause is Cause.OURS:
        return False
    if cause is Cause.GONE:
        return True
    if (status or "").startswith("4.") or (status or "").partition(".")[2] in _PASSING_CODES:
        return False
    code = reply_code_in(text)
    return code is None or code >= 500 or is_vague(status) is False
