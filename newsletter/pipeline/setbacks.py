"""What a refusal means for the reader: by mail or in the dialogue, both count the same way."""

from __future__ import annotations

from datetime import datetime

import subscribers
from newsletter.delivery.outcome import enhanced_code
from newsletter.delivery.record import Delivery, DeliveryStatus, Outcome
from newsletter.inbound.causes import cause_of, is_permanent
from newsletter.inbound.record import Cause, MailKind, Verdict
from newsletter.logs import get_logger
from newsletter.store.engine import Transaction
from subscribers import Evidence, Setback, Way

log = get_logger("setbacks")

#: The mailbox is gone, or a server refuses for good without a reason that is ours or passes.
_FOR_GOOD = frozenset({Cause.GONE, Cause.UNKNOWN})


def setback_of_mail(verdict: Verdict) -> tuple[Setback, str | None] | None:
    """Return what a mail that came back says against its reader; None where it says nothing against them."""
    if verdict.kind is MailKind.COMPLAINT:
        return Setback.COMPLAINT, None
    # A warning that a server goes on trying is no setback yet.
    blamed = [failure for failure in verdict.decisive if failure.given_up and failure.cause is not Cause.OURS]
    if verdict.kind is not MailKind.BOUNCE or not blamed:
        return None
    failure = blamed[0]
    hard = failure.permanent and failure.cause in _FOR_GOOD
    return (Setback.HARD if hard else Setback.SOFT), failure.status


def setback_of_outcome(outcome: Outcome) -> tuple[Setback, str | None] | None:
    """Return what the end of a delivery says against its reader; None where it says nothing against them."""
    reply = outcome.reply
    if outcome.status is not DeliveryStatus.FAILED or outcome.sender_fault or reply.code // 100 not in {4, 5}:
        return None
    status = enhanced_code(reply)
    cause = cause_of(status, reply.text)
    if cause is Cause.OURS:
        return None
    hard = cause in _FOR_GOOD and reply.code >= 500 and is_permanent(cause, status=status, text=reply.text)
    return (Setback.HARD if hard else Setback.SOFT), status


async def note_outcome(transaction: Transaction, delivery: Delivery, outcome: Outcome, *, now: datetime) -> None:
    """Note what the end of a delivery says against its reader, once a delivery."""
    found = setback_of_outcome(outcome)
    if found:
        evidence = Evidence(setback=found[0], way=Way.DIALOGUE, at=now, status=found[1])
        await note(
            transaction, delivery.subscriber_id, evidence, source=f"delivery {delivery.message_id or delivery.id}"
        )


async def note(transaction: Transaction, subscriber_id: int, evidence: Evidence, *, source: str) -> None:
    """Note a setback of a reader; says in the log whom it cost the newsletter."""
    noted = await subscribers.note(transaction.connection, subscriber_id, evidence, source=source)
    if noted.suppressed is not None:
        log.warning(
            "a reader is mailed no more",
            action="reader.suppressed",
            reader=subscriber_id,
            reason=noted.suppressed.value,
            status=evidence.status,
        )
