"""Mails that wait for their reader's hour, and those at once that do not wait behind them."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import update

from newsletter.delivery.record import DeliveryStatus
from newsletter.demo.mailbox import StandInMailbox
from newsletter.pipeline.port import Kind
from newsletter.store import digests, tables
from newsletter.store.states import Cadence
from tests.integration.delivery.conftest import SLOT, Ledger
from tests.support.recipients import address, mailed
from tests.support.smtp_server import ScriptedServer

HOUR = timedelta(hours=1)
QUEUED, SENT = DeliveryStatus.QUEUED, DeliveryStatus.SENT


async def due_in(ledger: Ledger, name: str, time: timedelta) -> None:
    """Let a reader's hour be so far away."""
    at = ledger.clock() + time
    async with ledger.store.write() as transaction:
        await transaction.connection.execute(
            update(tables.deliveries)
            .where(tables.deliveries.c.subscriber_id == ledger.readers[name])
            .values(next_attempt_at=at, due_at=at)
        )


async def test_the_job_sleeps_until_the_next_readers_hour(ledger: Ledger, server: ScriptedServer) -> None:
    await ledger.add("ada", "bob", "cem")
    await due_in(ledger, "bob", 3 * HOUR)
    await due_in(ledger, "cem", 9 * HOUR)
    await ledger.run(server)
    assert await ledger.statuses() == {"ada": SENT, "bob": QUEUED, "cem": QUEUED}
    assert await ledger.next_run() == 3 * HOUR
    ledger.clock.advance(3 * HOUR)
    await ledger.run(server)
    assert await ledger.statuses() == {"ada": SENT, "bob": SENT, "cem": QUEUED}
    assert set(mailed(server)) == {address("ada"), address("bob")}


async def test_a_mail_is_dated_by_its_readers_hour_and_not_by_its_queueing(ledger: Ledger) -> None:
    await ledger.add("ada")
    await due_in(ledger, "ada", 9 * HOUR)
    ledger.clock.advance(9 * HOUR)
    async with StandInMailbox() as mailbox:
        await ledger.run(mailbox)
        (received,) = mailbox.messages
    assert f"Date: {ledger.clock():%a, %d %b %Y %H:%M:%S} +0000\r\n".encode() in received.raw


async def at_once(ledger: Ledger) -> int:
    """Make another digest of the ledger one that goes out at once; returns its id."""
    async with ledger.store.write() as transaction:
        digest = await digests.make(
            transaction.connection,
            Cadence.AT_ONCE,
            day=date(2026, 3, 2),
            part=2,
            timezone="UTC",
            keeps_hours=False,
            now=ledger.clock(),
        )
        assert digest is not None
        rendering = tables.renderings.insert().values(
            digest_id=digest.id, cohort_key="c", subject="1 high just now", text=SLOT, html=SLOT, unsubscribe_slot=SLOT
        )
        await transaction.connection.execute(rendering)
        await digests.mark_composed(transaction.connection, digest.id, now=ledger.clock())
        await ledger.jobs.put(transaction, Kind.DELIVER, str(digest.id))
    return digest.id


async def test_a_long_run_makes_way_for_mails_at_once(ledger: Ledger, server: ScriptedServer) -> None:
    await ledger.add("ada")
    hurried = await at_once(ledger)
    ledger.clock.advance(HOUR)
    await ledger.run(server)
    assert await ledger.statuses() == {"ada": QUEUED}
    # It comes right after them, and not before.
    async with ledger.store.read() as connection:
        rows = await connection.execute(tables.jobs.select().order_by(tables.jobs.c.run_at))
        assert [row.key for row in rows] == [str(hurried), str(ledger.digest_id)]
    async with ledger.store.write() as transaction:
        await transaction.connection.execute(tables.jobs.delete().where(tables.jobs.c.key == str(hurried)))
    await ledger.run(server)
    assert await ledger.statuses() == {"ada": SENT}


async def test_mails_at_once_that_have_to_wait_hold_nobody_up(ledger: Ledger, server: ScriptedServer) -> None:
    await ledger.add("ada")
    await at_once(ledger)
    async with ledger.store.write() as transaction:
        await transaction.connection.execute(tables.jobs.update().values(run_at=ledger.clock() + HOUR))
    await ledger.run(server)
    assert await ledger.statuses() == {"ada": SENT}


async def test_feedback_tells_mails_at_once_from_the_digest(ledger: Ledger) -> None:
    ledger.digest_id = await at_once(ledger)
    await ledger.add("ada")
    async with StandInMailbox() as mailbox:
        await ledger.run(mailbox)
        (received,) = mailbox.messages
    assert b"Feedback-ID: digest:2026-03-02-2:at-once:" in received.raw
