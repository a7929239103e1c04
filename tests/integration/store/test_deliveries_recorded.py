"""The ledger of deliveries proves who got what: each outcome is written down with the server's reply."""

from __future__ import annotations

from dataclasses import replace

import pytest

from newsletter.delivery.record import DeliveryStatus, Outcome, Reply
from newsletter.store import deliveries
from newsletter.store.engine import Store
from tests.support.clock import NOON
from tests.support.delivery_rows import HOUR, LATER, NEVER, SENT, claim, one_of, queued, record, stand_at


async def test_a_sent_delivery_is_recorded_with_the_servers_reply(store: Store) -> None:
    _, (delivery,) = await queued(store)
    await claim(store, delivery.id)
    assert await record(store, delivery.id, SENT)
    assert await one_of(store, delivery.id) == replace(
        delivery,
        status=DeliveryStatus.SENT,
        attempts=1,
        next_attempt_at=None,
        reply=SENT.reply,
        updated_at=NOON + HOUR,
        patience_from=NOON + HOUR,
    )


@pytest.mark.parametrize(
    "ended",
    [DeliveryStatus.SENT, DeliveryStatus.FAILED, DeliveryStatus.UNCERTAIN, DeliveryStatus.SKIPPED],
    ids=str,
)
async def test_what_ended_stays_as_it_is(store: Store, ended: DeliveryStatus) -> None:
    _, (delivery,) = await queued(store)
    await stand_at(store, delivery.id, ended)
    before = await one_of(store, delivery.id)
    assert not await record(store, delivery.id, NEVER)
    assert not await record(store, delivery.id, LATER, next_attempt_at=NOON)
    assert await one_of(store, delivery.id) == before


async def test_the_word_of_a_sender_that_was_taken_for_dead_is_written_over_uncertain(store: Store) -> None:
    _, (delivery,) = await queued(store)
    await stand_at(store, delivery.id, DeliveryStatus.UNCERTAIN)
    assert await record(store, delivery.id, SENT)
    assert (await one_of(store, delivery.id)).status is DeliveryStatus.SENT


async def test_patience_begins_with_the_first_attempt_that_counts(store: Store) -> None:
    _, (delivery,) = await queued(store)
    await record(store, delivery.id, LATER, next_attempt_at=NOON, charged=False)
    assert (await one_of(store, delivery.id)).patience_from is None
    for _ in range(2):
        await record(store, delivery.id, LATER, next_attempt_at=NOON)
        async with store.write() as transaction:
            await deliveries.record(
                transaction.connection, delivery.id, LATER, next_attempt_at=NOON, now=NOON + 9 * HOUR
            )
    assert (await one_of(store, delivery.id)).patience_from == NOON + HOUR


async def test_a_deferred_delivery_is_due_later_and_keeps_its_message_id(store: Store) -> None:
    digest_id, (delivery,) = await queued(store)
    await claim(store, delivery.id)
    await record(store, delivery.id, LATER, next_attempt_at=NOON + 2 * HOUR)
    async with store.read() as connection:
        assert await deliveries.due(connection, digest_id, now=NOON + HOUR, limit=9) == ()
        assert await deliveries.next_due(connection, digest_id) == NOON + 2 * HOUR
        (again,) = await deliveries.due(connection, digest_id, now=NOON + 2 * HOUR, limit=9)
    assert (again.attempts, again.message_id, again.reply) == (1, delivery.message_id, LATER.reply)
    assert await claim(store, delivery.id)


async def test_an_attempt_that_was_the_senders_fault_is_not_charged(store: Store) -> None:
    _, (delivery,) = await queued(store)
    await record(store, delivery.id, LATER, next_attempt_at=NOON + HOUR, charged=False)
    found = await one_of(store, delivery.id)
    assert (found.attempts, found.refusals) == (0, 1)


async def test_a_connection_that_ran_out_is_a_reply_too(store: Store) -> None:
    _, (delivery,) = await queued(store)
    await claim(store, delivery.id)
    lost = Outcome(status=DeliveryStatus.UNCERTAIN, reply=Reply(code=0, text=""))
    await record(store, delivery.id, lost)
    found = await one_of(store, delivery.id)
    assert (found.status, found.reply) == (DeliveryStatus.UNCERTAIN, Reply(code=0, text=""))
