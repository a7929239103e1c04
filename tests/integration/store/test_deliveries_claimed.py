"""The ledger of deliveries lets nothing leave twice: one claim wins, and what was leaving is uncertain."""

from __future__ import annotations

import asyncio

import pytest

from newsletter.delivery.record import WAITING, DeliveryStatus, SkipReason
from newsletter.store import deliveries, digests
from newsletter.store.engine import Store
from tests.support.clock import NOON
from tests.support.delivery_rows import HOUR, LATER, NEVER, SENT, claim, one_of, queued, record, stand_at


async def test_one_claim_of_a_delivery_wins(store: Store) -> None:
    _, (delivery,) = await queued(store)
    assert await claim(store, delivery.id)
    assert not await claim(store, delivery.id)
    assert (await one_of(store, delivery.id)).status is DeliveryStatus.SENDING


async def test_of_eight_claims_at_once_exactly_one_wins(database_url: str, store: Store) -> None:
    """Through two stores, as two processes have them."""
    _, (delivery,) = await queued(store)
    other = Store(database_url)
    try:
        won = await asyncio.gather(*(claim(each, delivery.id) for each in (store, other) * 4))
    finally:
        await other.close()
    assert sorted(won) == [False] * 7 + [True]


@pytest.mark.parametrize("status", [each for each in DeliveryStatus if each not in WAITING], ids=str)
async def test_only_what_waits_can_be_claimed_or_skipped(store: Store, status: DeliveryStatus) -> None:
    _, (delivery,) = await queued(store)
    await stand_at(store, delivery.id, status)
    assert not await claim(store, delivery.id)
    async with store.write() as transaction:
        assert not await deliveries.skip(transaction.connection, delivery.id, SkipReason.NOT_ACTIVE, now=NOON)
    assert (await one_of(store, delivery.id)).status is status


async def test_a_skipped_delivery_says_why(store: Store) -> None:
    digest_id, (delivery,) = await queued(store)
    async with store.write() as transaction:
        assert await deliveries.skip(transaction.connection, delivery.id, SkipReason.NOT_ACTIVE, now=NOON + HOUR)
        assert not await deliveries.skip(transaction.connection, delivery.id, SkipReason.NOTHING_TO_SAY, now=NOON)
        assert await deliveries.next_due(transaction.connection, digest_id) is None
    found = await one_of(store, delivery.id)
    assert (found.status, found.skip_reason) == (DeliveryStatus.SKIPPED, SkipReason.NOT_ACTIVE)


async def test_what_was_leaving_when_a_process_died_is_uncertain(store: Store) -> None:
    digest_id, (leaving, waiting, gone) = await queued(store, 3)
    await claim(store, leaving.id)
    await claim(store, gone.id)
    await record(store, gone.id, SENT)
    for parked in (1, 0):
        async with store.write() as transaction:
            assert await deliveries.park_unfinished(transaction.connection, now=NOON) == parked
    assert (await one_of(store, leaving.id)).status is DeliveryStatus.UNCERTAIN
    assert (await one_of(store, waiting.id)).status is DeliveryStatus.QUEUED
    async with store.read() as connection:
        assert await deliveries.counts(connection, digest_id) == {
            DeliveryStatus.UNCERTAIN: 1,
            DeliveryStatus.QUEUED: 1,
            DeliveryStatus.SENT: 1,
        }


async def test_of_one_digest_only_its_own_are_parked(store: Store) -> None:
    digest_id, (leaving,) = await queued(store)
    await claim(store, leaving.id)
    for number, parked in ((digest_id + 1, 0), (digest_id, 1)):
        async with store.write() as transaction:
            assert await deliveries.park_unfinished(transaction.connection, now=NOON, digest_id=number) == parked


async def test_a_digest_with_a_delivery_left_in_the_middle_waits(store: Store) -> None:
    digest_id, (leaving,) = await queued(store)
    async with store.write() as transaction:
        await digests.mark_composed(transaction.connection, digest_id, now=NOON)
    await claim(store, leaving.id)
    async with store.read() as connection:
        assert await deliveries.digests_waiting(connection) == (digest_id,)


async def test_a_composed_digest_waits_while_one_of_its_deliveries_does(store: Store) -> None:
    digest_id, (first, second) = await queued(store, 2)

    async def waiting() -> tuple[int, ...]:
        async with store.read() as connection:
            return await deliveries.digests_waiting(connection)

    assert await waiting() == ()
    async with store.write() as transaction:
        await digests.mark_composed(transaction.connection, digest_id, now=NOON)
    assert await waiting() == (digest_id,)
    await record(store, first.id, LATER, next_attempt_at=NOON + HOUR)
    await record(store, second.id, NEVER)
    assert await waiting() == (digest_id,)
    await record(store, first.id, NEVER)
    assert await waiting() == ()
