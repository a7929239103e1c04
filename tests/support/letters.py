"""A message to a reader, and its parts as they were written."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from newsletter.delivery.message import Letterhead, Particulars, message_bytes
from newsletter.delivery.record import OpenMail
from newsletter.digest.record import Rendering, Slots
from subscribers import Level
from tests.support.editions import changes_of, edition_of, renderer
from tests.support.grouped_day import grouped_day

SLOT = "slot-0123456789abcdef"
CHOICES_SLOT = "choices-0123456789abcdef"
TOKEN = "NDI.q2k9-very_long-URL-safe-token-of-some-fifty-characters"
CHOICES = "NDI.another_token-for-the-page-of-preferences-of-one-reader"
NEWS = Letterhead(
    sender=Address("Tide tables", "digest", "news.example"),
    title="Tide tables",
    base_url="https://news.example",
    reply_to="people@news.example",
)
READER = Particulars(
    recipient="ada@reader.example",
    message_id="<20260302.0123456789abcdef@news.example>",
    date=datetime(2026, 3, 3, 8, 0, tzinfo=timezone(timedelta(hours=1))),
    unsubscribe_token=TOKEN,
    preferences_token=CHOICES,
    campaign="2026-03-02",
)
MAIL = OpenMail(
    subject="3 changes",
    text=f"High water at noon.\n.a dot\n\nLeave: https://news.example/unsubscribe/{SLOT}\nChoose: https://news.example/preferences/{CHOICES_SLOT}\n",
    html=f'<p>High water at noon.</p><a href="https://news.example/unsubscribe/{SLOT}">Leave</a>',
    unsubscribe_slot=SLOT,
    preferences_slot=CHOICES_SLOT,
)
#: RFC 5322 §2.1.1: no line may be longer, without its end.
LONGEST_LINE = 998
#: In this order (standards: RFC 2369, 2919, 3834, 5322, 8058), and the parser's view of each.
HEADERS = [
    "From",
    "Reply-To",
    "To",
    "Date",
    "Subject",
    "Message-ID",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Help",
    "List-Subscribe",
    "List-Owner",
    "List-Archive",
    "List-Post",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "Feedback-ID",
    "MIME-Version",
    "Content-Type",
]


def written(mail: OpenMail = MAIL, letterhead: Letterhead = NEWS, **particulars: Any) -> bytes:
    """Return a message as it is sent."""
    return message_bytes(mail, letterhead, replace(READER, **particulars))


def parsed(raw: bytes) -> EmailMessage:
    """Return a message as a program of mail reads it."""
    message = message_from_bytes(raw, policy=SMTP)
    assert isinstance(message, EmailMessage)
    return message


def header_lines(raw: bytes) -> list[bytes]:
    """Return each header unfolded."""
    return re.sub(rb"\r\n([ \t])", rb"\1", raw.partition(b"\r\n\r\n")[0]).split(b"\r\n")


def names(raw: bytes) -> list[str]:
    """Return the names of the headers in their order."""
    return [line.partition(b":")[0].decode("ascii") for line in header_lines(raw)]


def value(raw: bytes, name: str) -> str:
    """Return a header as it is written, unfolded."""
    (found,) = [line for line in header_lines(raw) if line.startswith(f"{name}: ".encode())]
    return found.decode().partition(": ")[2]


def body(raw: bytes, subtype: str) -> str:
    """Return the text or the HTML of a message."""
    part = parsed(raw).get_body((subtype,))
    assert part is not None
    content = part.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def anonymous(part: str) -> str:
    """Return a part of a stored mail or of a preview without the words that differ from one rendering to the next."""
    return re.sub(r"/(unsubscribe|preferences|archive/mails)/[\w-]+", r"/\1/x", part)


def sample_letters() -> dict[str, bytes]:
    """Return messages as they leave, of days of all kinds, by what they show."""
    everything = [level for level in Level for _ in range(6)]
    days = {
        "grouped": edition_of(grouped_day("en")),
        "grouped, Chinese": edition_of(grouped_day("zh"), language="zh", title="仓库日报"),
        "several repositories": edition_of(
            [*changes_of(*everything), *changes_of(*everything, repository="b/c", start=40)]
        ),
        "one low change": edition_of(changes_of(Level.LOW)),
        "a private one": edition_of(changes_of(Level.HIGH, private=True, late=True), choice="acme/tide"),
    }
    slots = Slots(unsubscribe_token=SLOT, preferences_token=CHOICES_SLOT, view_key="dmlld19rZXlfb2ZfYV9tYWls")
    made = renderer()
    return {name: written(opened(made.render(day, slots))) for name, day in days.items()}


def opened(mail: Rendering) -> OpenMail:
    """Return a rendering as it is stored."""
    return OpenMail(
        subject=mail.subject, text=mail.text, html=mail.html, unsubscribe_slot=SLOT, preferences_slot=CHOICES_SLOT
    )
