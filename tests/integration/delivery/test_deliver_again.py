"""A delivery that was put off is tried again, with the same message, until its reader's patience ends."""

from __future__ import annotations

from datetime import timedelta

from newsletter.delivery.record import DeliveryStatus, Reply
from newsletter.store import deliveries
from tests.integration.delivery.conftest import Ledger
from tests.support.recipients import address, mailed
from tests.support.smtp_server import ScriptedServer, Step, says

SENT, DEFERRED, FAILED = DeliveryStatus.SENT, DeliveryStatus.DEFERRED, DeliveryStatus.FAILED


async def test_a_failed_delivery_is_not_tried_again(ledger: Ledger, server: ScriptedServer) -> None:
    server.recipients = {address("ada"): says("550 5.1.1 no such user")}
    await ledger.add("ada")
    for _ in range(2):
        await ledger.run(server)
        ledger.clock.advance(timedelta(days=1))
    assert server.verbs().count("RCPT") == 1


async def test_a_deferred_delivery_is_sent_when_its_time_has_come(ledger: Ledger, server: ScriptedServer) -> None:
    server.script = {Step.RCPT: [says("451 4.7.1 greylisted")]}
    await ledger.add("ada")
    await ledger.run(server)
    delivery = await ledger.of("ada")
    pause = await ledger.next_run()
    assert (delivery.status, delivery.attempts) == (DEFERRED, 1)
    assert pause is not None
    assert timedelta(minutes=5) <= pause <= timedelta(minutes=6)
    assert delivery.next_attempt_at == ledger.clock() + pause
    ledger.clock.advance(pause - timedelta(seconds=1))
    await ledger.run(server)
    assert server.verbs().count("RCPT") == 1
    ledger.clock.advance(timedelta(seconds=1))
    await ledger.run(server)
    delivery = await ledger.of("ada")
    assert (delivery.status, delivery.attempts) == (SENT, 2)
    assert mailed(server) == {address("ada"): 1}


async def test_every_attempt_is_the_same_message_to_the_last_byte(ledger: Ledger, server: ScriptedServer) -> None:
    server.script = {Step.MESSAGE: [says("451 4.3.0 later"), says("452 4.2.2 full")]}
    await ledger.add("ada")
    for _ in range(3):
        await ledger.run(server)
        ledger.clock.advance(timedelta(hours=1))
    assert len(server.messages) == 3
    assert len({taken.raw for taken in server.messages}) == 1
    assert (await ledger.of("ada")).status is SENT


async def test_a_delivery_that_is_deferred_for_too_long_fails(ledger: Ledger, server: ScriptedServer) -> None:
    server.recipients = {address("ada"): says("452 4.2.2 mailbox full")}
    await ledger.add("ada")
    # What the relay, or nobody at all, kept waiting is not taken from the reader's patience.
    ledger.clock.advance(timedelta(days=9))
    await ledger.run(server)
    assert (await ledger.of("ada")).status is DEFERRED
    ledger.clock.advance(timedelta(hours=36))
    await ledger.run(server)
    delivery = await ledger.of("ada")
    assert (delivery.status, delivery.reply) == (FAILED, Reply(code=452, text="4.2.2 mailbox full"))
    assert delivery.next_attempt_at is None


async def test_a_delivery_that_is_retried_by_hand_survives_greylisting_whatever_its_age(
    ledger: Ledger, server: ScriptedServer
) -> None:
    server.recipients = {address("ada"): says("550 5.1.1 no such user")}
    await ledger.add("ada")
    await ledger.run(server)
    ledger.clock.advance(timedelta(days=3))
    async with ledger.store.write() as transaction:
        assert await deliveries.retry(transaction.connection, statuses=[FAILED], day=None, now=ledger.clock())
    server.recipients = {}
    server.script = {Step.RCPT: [says("450 4.7.1 greylisted")]}
    await ledger.run(server)
    delivery = await ledger.of("ada")
    assert (delivery.status, delivery.attempts) == (DEFERRED, 1)
    ledger.clock.advance(timedelta(minutes=6))
    await ledger.run(server)
    assert (await ledger.of("ada")).status is SENT
