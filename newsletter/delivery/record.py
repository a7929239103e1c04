"""One digest to one reader: its states, and what an attempt came to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DeliveryStatus(StrEnum):
    """Where a delivery stands in the ledger."""

    QUEUED = "queued"
    #: Its message is about to leave or has left, and no reply is recorded yet.
    SENDING = "sending"
    SENT = "sent"
    #: The server said "later" (4yz).
    DEFERRED = "deferred"
    #: The server said "never" (5yz), or it was deferred for too long.
    FAILED = "failed"
    #: The connection was lost after the message left and before its reply: nobody knows, and an operator decides.
    UNCERTAIN = "uncertain"
    #: Not sent, for a reason.
    SKIPPED = "skipped"


#: Every change of status that can happen; ``sent`` is final.
ALLOWED = {
    DeliveryStatus.QUEUED: frozenset(
        {DeliveryStatus.SENDING, DeliveryStatus.DEFERRED, DeliveryStatus.FAILED, DeliveryStatus.SKIPPED}
    ),
    DeliveryStatus.SENDING: frozenset(
        {DeliveryStatus.SENT, DeliveryStatus.DEFERRED, DeliveryStatus.FAILED, DeliveryStatus.UNCERTAIN}
    ),
    DeliveryStatus.DEFERRED: frozenset(
        {DeliveryStatus.SENDING, DeliveryStatus.DEFERRED, DeliveryStatus.FAILED, DeliveryStatus.SKIPPED}
    ),
    # Into the queue only by an operator: `deliveries retry`.
    DeliveryStatus.FAILED: frozenset({DeliveryStatus.QUEUED}),
    # Sent where whoever was taken for dead comes with the server's reply after all.
    DeliveryStatus.UNCERTAIN: frozenset({DeliveryStatus.QUEUED, DeliveryStatus.SENT}),
    DeliveryStatus.SKIPPED: frozenset(),
    DeliveryStatus.SENT: frozenset(),
}

#: Statuses from which an attempt may start.
WAITING = (DeliveryStatus.QUEUED, DeliveryStatus.DEFERRED)


class SkipReason(StrEnum):
    """Why a delivery was not sent."""

    #: No change of the digest was at or above the reader's threshold.
    NOTHING_TO_SAY = "nothing-to-say"
    #: The reader left after the delivery was queued.
    NOT_ACTIVE = "not-active"


class Stage(StrEnum):
    """How far an SMTP dialogue had come (RFC 5321 §3.3)."""

    CONNECT = "connect"
    MAIL = "mail"
    RECIPIENT = "recipient"
    #: The DATA command, before any of the message left.
    DATA = "data"
    #: The message left; its reply is awaited.
    MESSAGE = "message"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the server said: a code of RFC 5321 §4.2, or 0 where the connection or the time ran out."""

    code: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one attempt came to."""

    status: DeliveryStatus
    reply: Reply
    #: Whether the reply is about us and not about this recipient: then nobody is charged, and the run pauses.
    sender_fault: bool = False
    #: Whether it may be what one domain alone thinks of us: then the run pauses only where others agree.
    one_domain: bool = False


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A row of the ledger."""

    id: int
    digest_id: int
    subscriber_id: int
    rendering_id: int | None
    status: DeliveryStatus
    skip_reason: SkipReason | None
    message_id: str | None
    #: Attempts that count against the recipient.
    attempts: int
    next_attempt_at: datetime | None
    reply: Reply | None
    created_at: datetime
    updated_at: datetime
    #: Attempts that were refused for what we are; they only lengthen the pause.
    refusals: int = 0
    #: The first attempt that counts, since it was queued; patience with the recipient begins here.
    patience_from: datetime | None = None
    #: When its reader wants it; None = as soon as it was queued.
    due_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class OpenMail:
    """A cohort's rendered mail as stored, with the slots that each reader's own tokens replace."""

    subject: str
    text: str
    html: str
    unsubscribe_slot: str
    #: None in a mail that was rendered before readers could change their preferences.
    preferences_slot: str | None = None
