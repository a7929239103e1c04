"""The message one reader gets, from a cohort's mail and the reader's own token: pure.

The headers are those of bulk mail that behaves: RFC 2369 and 2919 (list headers), RFC 8058 (one click), RFC 3834
(no auto-replies), Gmail's Feedback-ID, and Microsoft's X-Auto-Response-Suppress without "All", which would suppress
bounces as well.
"""

from __future__ import annotations

import hashlib
import re
import textwrap
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.headerregistry import Address, BaseHeader, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP, Policy
from typing import Any, cast

from newsletter.delivery.record import OpenMail
from newsletter.digest.archive_links import ARCHIVE
from newsletter.digest.record import Cadence

#: RFC 5322 §2.1.1 recommends 78 and RFC 2045 §6.7 allows 76.
_LINE = 76
#: Longest word written in plain; encoded words (RFC 2047) break up longer ones.
_LONGEST_WORD = 60
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_VERBATIM = (
    "from",
    "to",
    "subject",
    "list-id",
    "list-unsubscribe",
    "list-help",
    "list-subscribe",
    "list-owner",
    "list-archive",
    "feedback-id",
)


class _Verbatim:
    """A header that is written as it is, and folded at its spaces only.

    The standard library folds by words and turns a word that is longer than a line into encoded words (RFC 2047),
    which no mail program undoes inside ``<…>``: a link in List-Unsubscribe would be broken. It also undoes encoded
    words that it finds in a value, and a subject or an address may hold one that stands for a line break.
    """

    max_count = 1
    name: str

    @classmethod
    def parse(cls, value: str, found: dict[str, Any]) -> None:
        """Take the value as it is (the interface of email.headerregistry).

        :raises ValueError: it would not stay one header.
        """
        if _CONTROLS.search(value):
            raise ValueError("a header cannot hold a line break or another control character")
        found["parse_tree"] = None
        found["decoded"] = value

    def fold(self, *, policy: Policy) -> str:
        """Return the header's lines."""
        start = f"{self.name}: "
        lines = textwrap.wrap(
            str(self), _LINE, initial_indent=start, break_long_words=False, break_on_hyphens=False
        ) or [start]
        return f"{policy.linesep} ".join(lines) + policy.linesep


def _header_factory() -> HeaderRegistry:
    registry = HeaderRegistry()
    for name in _VERBATIM:
        registry.map_to_type(name, cast("type[BaseHeader]", _Verbatim))
    return registry


_POLICY = SMTP.clone(max_line_length=_LINE, cte_type="7bit", utf8=False, header_factory=_header_factory())
_LIST_ID_UNFIT = re.compile(r"[^a-z0-9-]+")


@dataclass(frozen=True, kw_only=True)
class Letterhead:
    """What is the same on every mail of a newsletter."""

    #: Name and address of the newsletter.
    sender: Address
    title: str
    #: Without a slash at the end.
    base_url: str
    reply_to: str | None = None
    #: Domain of the envelope sender; None = the sender's own address takes the bounces.
    bounce_domain: str | None = None

    @property
    def list_id(self) -> str:
        """Identifier of the list (RFC 2919): from the sender alone, so that it stays when a title changes."""
        word = _LIST_ID_UNFIT.sub("-", self.sender.username.lower()).strip("-") or "digest"
        return f"{word}.{self.sender.domain}"

    @property
    def sender_id(self) -> str:
        """The last field of Feedback-ID: 5 to 15 characters that stay (support.google.com/a/answer/6254652)."""
        return hashlib.sha256(self.list_id.encode()).hexdigest()[:12]


@dataclass(frozen=True, kw_only=True)
class Particulars:
    """What differs from reader to reader."""

    recipient: str
    message_id: str
    #: When the delivery was queued; the same on every attempt, so that all attempts are one message.
    date: datetime
    unsubscribe_token: str
    preferences_token: str
    #: For Feedback-ID: which digest it is, never who reads it.
    campaign: str
    #: For Feedback-ID: complaints about mails at once are told from those about the digest.
    cadence: Cadence = Cadence.DAILY


def message_bytes(mail: OpenMail, letterhead: Letterhead, particulars: Particulars) -> bytes:
    """Return the whole message: CRLF line ends, no line above 998 bytes, 7-bit.

    Only an address outside ASCII stands in To as it is (RFC 6532): its relay has to offer SMTPUTF8 anyway, and
    RFC 2047 §5 forbids encoded words in addresses.

    :raises ValueError: a header or the text cannot be written.
    """
    message = EmailMessage(policy=_POLICY if particulars.recipient.isascii() else _POLICY.clone(utf8=True))
    unsubscribe = f"{letterhead.base_url}/unsubscribe/{particulars.unsubscribe_token}"
    message["From"] = f"{_phrase(letterhead.sender.display_name)} <{letterhead.sender.addr_spec}>".strip()
    if letterhead.reply_to:
        message["Reply-To"] = letterhead.reply_to
    message["To"] = particulars.recipient
    message["Date"] = particulars.date
    message["Subject"] = _unstructured(mail.subject)
    message["Message-ID"] = particulars.message_id
    message["List-Id"] = f"{_phrase(letterhead.title)} <{letterhead.list_id}>".strip()
    message["List-Unsubscribe"] = f"<{unsubscribe}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["List-Help"] = f"<{letterhead.base_url}/>"
    message["List-Subscribe"] = f"<{letterhead.base_url}/>"
    message["List-Owner"] = f"<mailto:{letterhead.reply_to or letterhead.sender.addr_spec}>"
    message["List-Archive"] = f"<{letterhead.base_url}{ARCHIVE}>"
    message["List-Post"] = "NO"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    message["Feedback-ID"] = f"digest:{particulars.campaign}:{particulars.cadence.value}:{letterhead.sender_id}"
    # Most complete last (RFC 2046 §5.1.4): whoever can show HTML does.
    text, html = (_made_out(part, mail, particulars) for part in (mail.text, mail.html))
    message.set_content(text, cte=_transfer_encoding(text))
    message.add_alternative(html, subtype="html", cte=_transfer_encoding(html))
    # The library would draw a boundary at random; every attempt is to be the same message to the last byte.
    message.set_boundary("=_" + hashlib.sha256(particulars.message_id.encode()).hexdigest()[:32])
    return message.as_bytes()


def _made_out(part: str, mail: OpenMail, particulars: Particulars) -> str:
    """Return a part of a mail with a reader's own tokens in its slots."""
    part = part.replace(mail.unsubscribe_slot, particulars.unsubscribe_token)
    if mail.preferences_slot is not None:
        part = part.replace(mail.preferences_slot, particulars.preferences_token)
    return part


def _phrase(text: str) -> str:
    # RFC 5322 §3.2.5, wanted by From and by RFC 2919 §2: a quoted string, or encoded words.
    line = _one_line(text)
    if not line or not _is_plain(line):
        return _encoded_words(line)
    return '"' + line.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _unstructured(text: str) -> str:
    line = _one_line(text)
    return line if _is_plain(line) else _encoded_words(line)


def _one_line(text: str) -> str:
    return re.sub(" +", " ", _CONTROLS.sub(" ", text)).strip(" ")


def _is_plain(line: str) -> bool:
    """Whether mail programs show the line as it is, and it can be folded."""
    return line.isascii() and "=?" not in line and max(map(len, line.split(" "))) <= _LONGEST_WORD


def _encoded_words(line: str) -> str:
    return "" if not line else Header(line, "utf-8", maxlinelen=_LONGEST_WORD, continuation_ws=" ").encode(linesep="")


def _transfer_encoding(text: str) -> str:
    """Choose the shorter of the two encodings; never 8-bit, which a relay may have to re-encode."""
    encoded = text.encode()
    quoted = sum(3 if byte > 126 or byte == 61 or (byte < 32 and byte not in {9, 10, 13}) else 1 for byte in encoded)
    return "quoted-printable" if quoted <= len(encoded) * 4 / 3 else "base64"
