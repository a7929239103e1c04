"""One message over one connection to a mail server: the words both sides say."""

from __future__ import annotations

from dataclasses import replace

from newsletter.delivery.record import DeliveryStatus, Outcome
from newsletter.delivery.smtp import Connection, Envelope, Relay, Timeouts
from tests.support.relays import PATIENT
from tests.support.smtp_server import Step

ADA = Envelope(sender="bounce+7-x@news.example", recipient="ada@reader.example")
BOB = replace(ADA, recipient="bob@reader.example")
MESSAGE = b"Subject: Tides\r\n\r\nHigh water at noon.\r\n.a dot\r\n..\r\n.\r\n"


async def agree() -> bool:
    """Claim a message."""
    return True


async def decline() -> bool:
    """Leave a message to somebody else."""
    return False


def impatient(step: Step) -> Timeouts:
    """Wait long for everything but the silence under test."""
    short = 0.05
    if step in {Step.GREETING, Step.EHLO, Step.STARTTLS, Step.AUTH}:
        return replace(PATIENT, connect=short)
    return replace(PATIENT, message=short) if step is Step.MESSAGE else replace(PATIENT, command=short)


async def opened(relay: Relay, timeouts: Timeouts = PATIENT) -> Connection:
    """Open a connection."""
    connection = Connection(relay, timeouts=timeouts)
    assert await connection.open() is None
    return connection


async def send(connection: Connection, envelope: Envelope = ADA, message: bytes = MESSAGE) -> Outcome:
    """Send a message that is claimed."""
    outcome = await connection.send(envelope, message, claim=agree)
    assert outcome is not None
    return outcome


async def refused_at_opening(relay: Relay, timeouts: Timeouts = PATIENT) -> Outcome:
    """Return why no connection could be made; it never charges anybody."""
    connection = Connection(relay, timeouts=timeouts)
    outcome = await connection.open()
    assert outcome is not None
    assert not connection.is_open
    assert (outcome.status, outcome.sender_fault) == (DeliveryStatus.DEFERRED, True)
    return outcome
