"""The ledger proves who got what, and lets nothing leave twice."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

import subscribers
from newsletter.delivery.record import ALLOWED, WAITING, Delivery, DeliveryStatus, Outcome, Reply, SkipReason
from newsletter.store import deliveries, digests, tables
from newsletter.store.deliveries import NewDelivery
from newsletter.store.engine import Store
from subscribers import Status
from tests.support.clock import NOON
from tests.support.records import DAY, add_reader, closed_day, rendered

HOUR = timedelta(hours=1)
SENT = Outcome(status=DeliveryStatus.SENT, reply=Reply(code=250, text="2.0.0 queued as 7"))
LATER = Outcome(status=DeliveryStatus.DEFERRED, reply=Reply(code=451, text="4.7.1 greylisted"))
NEVER = Outcome(status=DeliveryStatus.FAILED, reply=Reply(code=550, text="5.1.1 no such user"))


async def queued(store: Store, number: int = 1) -> tuple[int, tuple[Delivery, ...]]:
    """Queue a delivery of one digest to so many readers; returns the digest's id and the deliveries."""
    digest = await closed_day(store)
    rendering = await rendered(store, digest)
    readers = [await add_reader(store, f"reader{each}@example.org") for each in range(number)]
    new = [
        NewDelivery(subscriber_id=reader.id, rendering_id=rendering, message_id=f"<{reader.id}@news.example>")
        for reader in readers
    ]
    async with store.write() as transaction:
        assert await deliveries.queue(transaction.connection, digest.id, new, now=NOON) == number
        return digest.id, await deliveries.due(transaction.connection, digest.id, now=NOON, limit=number)


async def one_of(store: Store, delivery_id: int) -> Delivery:
    async with store.read() as connection:
        (line,) = await deliveries.listing(connection, after=delivery_id - 1, limit=1)
    return line.delivery


async def stand_at(store: Store, delivery_id: int, status: DeliveryStatus) -> None:
    """Put a delivery where a test begins."""
    async with store.write() as transaction:
        await transaction.connection.execute(
            update(tables.deliveries).where(tables.deliveries.c.id == delivery_id).values(status=status)
        )


async def claim(store: Store, delivery_id: int) -> bool:
    async with store.write() as transaction:
        return await deliveries.claim(transaction.connection, delivery_id, now=NOON)


async def record(
    store: Store, delivery_id: int, outcome: Outcome, *, next_attempt_at: datetime | None = None, charged: bool = True
) -> bool:
    async with store.write() as transaction:
        return await deliveries.record(
            transaction.connection,
            delivery_id,
            outcome,
            next_attempt_at=next_attempt_at,
            now=NOON + HOUR,
            charged=charged,
        )


async def test_a_queued_delivery_is_due_at_once(store: Store) -> None:
    digest_id, (delivery,) = await queued(store)
    assert delivery == Delivery(
        id=delivery.id,
        digest_id=digest_id,
        subscriber_id=delivery.subscriber_id,
        rendering_id=delivery.rendering_id,
        status=DeliveryStatus.QUEUED,
        skip_reason=None,
        message_id=f"<{delivery.subscriber_id}@news.example>",
        attempts=0,
        next_attempt_at=NOON,
        reply=None,
        created_at=NOON,
        updated_at=NOON,
    )


async def test_queueing_twice_keeps_the_first_row_and_its_message_id(store: Store) -> None:
    digest_id, (first, _) = await queued(store, 2)
    again = NewDelivery(
        subscriber_id=first.subscriber_id, rendering_id=first.rendering_id, message_id="<other@news.example>"
    )
    async with store.write() as transaction:
        assert await deliveries.queue(transaction.connection, digest_id, [again, again], now=NOON) == 0
    assert await one_of(store, first.id) == first


async def test_queueing_nobody_writes_nothing(store: Store) -> None:
    digest = await closed_day(store)
    async with store.write() as transaction:
        assert await deliveries.queue(transaction.connection, digest.id, [], now=NOON) == 0


async def test_a_reader_with_nothing_to_read_is_recorded_with_the_reason(store: Store) -> None:
    digest, reader = await closed_day(store), await add_reader(store)
    skipped = NewDelivery(
        subscriber_id=reader.id, rendering_id=None, message_id=None, skip_reason=SkipReason.NOTHING_TO_SAY
    )
    async with store.write() as transaction:
        assert await deliveries.queue(transaction.connection, digest.id, [skipped], now=NOON) == 1
        assert await deliveries.due(transaction.connection, digest.id, now=NOON, limit=9) == ()
        assert await deliveries.next_due(transaction.connection, digest.id) is None
        assert await deliveries.counts(transaction.connection, digest.id) == {DeliveryStatus.SKIPPED: 1}


async def test_two_readers_with_nothing_to_read_need_no_message_id(store: Store) -> None:
    digest = await closed_day(store)
    rows = [
        NewDelivery(subscriber_id=(await add_reader(store, address)).id, rendering_id=None, message_id=None)
        for address in ("ada@example.org", "bea@example.org")
    ]
    async with store.write() as transaction:
        assert await deliveries.queue(transaction.connection, digest.id, rows, now=NOON) == 2


async def test_a_second_row_for_a_reader_and_digest_is_refused_by_the_database(store: Store) -> None:
    digest_id, (delivery,) = await queued(store)
    with pytest.raises(IntegrityError):
        async with store.write() as transaction:
            await transaction.connection.execute(
                insert(tables.deliveries).values(
                    digest_id=digest_id,
                    subscriber_id=delivery.subscriber_id,
                    status=DeliveryStatus.QUEUED,
                    attempts=0,
                    created_at=NOON,
                    updated_at=NOON,
                )
            )


async def test_due_deliveries_come_in_pages(store: Store) -> None:
    digest_id, rows = await queued(store, 5)
    async with store.read() as connection:
        first = await deliveries.due(connection, digest_id, now=NOON, limit=3)
        rest = await deliveries.due(connection, digest_id, now=NOON, limit=3, after=first[-1])
        early = await deliveries.due(connection, digest_id, now=NOON - HOUR, limit=9)
    assert (*first, *rest) == rows
    assert early == ()


async def test_who_was_never_attempted_comes_first_and_then_who_waited_longest(store: Store) -> None:
    digest_id, rows = await queued(store, 6)
    refused, deferred, early, fresh, again, last = rows
    await record(store, refused.id, LATER, next_attempt_at=NOON + 2 * HOUR, charged=False)
    await record(store, deferred.id, LATER, next_attempt_at=NOON + 2 * HOUR)
    await record(store, early.id, LATER, next_attempt_at=NOON + HOUR)
    await record(store, again.id, NEVER)
    async with store.write() as transaction:
        await deliveries.retry(transaction.connection, statuses=[DeliveryStatus.FAILED], day=DAY, now=NOON + HOUR)
    expected = [each.id for each in (fresh, last, again, early, refused, deferred)]
    for size in (1, 2, 4, 6):
        found: list[Delivery] = []
        async with store.read() as connection:
            while page := await deliveries.due(
                connection, digest_id, now=NOON + 3 * HOUR, limit=size, after=found[-1] if found else None
            ):
                found += page
        assert [each.id for each in found] == expected


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


class TestRetry:
    """Only an operator queues again what ended, and only where that may be sent again."""

    async def retry(self, store: Store, statuses: Sequence[DeliveryStatus], day: object = None) -> tuple[int, ...]:
        async with store.write() as transaction:
            return await deliveries.retry(
                transaction.connection, statuses=statuses, day=DAY if day is None else None, now=NOON + HOUR
            )

    async def test_a_delivery_that_is_queued_again_begins_anew(self, store: Store) -> None:
        _, (delivery,) = await queued(store)
        await record(store, delivery.id, LATER, next_attempt_at=NOON, charged=False)
        await record(store, delivery.id, NEVER)
        await self.retry(store, [DeliveryStatus.FAILED])
        found = await one_of(store, delivery.id)
        assert (found.attempts, found.refusals, found.patience_from) == (0, 0, None)

    async def test_a_failed_delivery_is_queued_again(self, store: Store) -> None:
        digest_id, (failed, other) = await queued(store, 2)
        await record(store, failed.id, NEVER)
        assert await self.retry(store, [DeliveryStatus.FAILED]) == (digest_id,)
        assert await self.retry(store, [DeliveryStatus.FAILED]) == ()
        found = await one_of(store, failed.id)
        assert (found.status, found.next_attempt_at, found.message_id) == (
            DeliveryStatus.QUEUED,
            NOON + HOUR,
            failed.message_id,
        )
        assert await one_of(store, other.id) == other

    @pytest.mark.parametrize(
        "status", [status for status, after in ALLOWED.items() if DeliveryStatus.QUEUED not in after], ids=str
    )
    async def test_what_may_not_be_sent_again_is_not_even_if_asked_for(
        self, store: Store, status: DeliveryStatus
    ) -> None:
        _, (delivery,) = await queued(store)
        await stand_at(store, delivery.id, status)
        assert await self.retry(store, [status]) == ()
        assert (await one_of(store, delivery.id)).status is status

    async def test_a_reader_who_left_is_not_mailed_again(self, store: Store) -> None:
        _, (delivery,) = await queued(store)
        await record(store, delivery.id, NEVER)
        async with store.write() as transaction:
            await subscribers.change_status(
                transaction.connection, delivery.subscriber_id, Status.UNSUBSCRIBED, now=NOON
            )
        assert await self.retry(store, [DeliveryStatus.FAILED]) == ()

    async def test_another_day_is_left_alone(self, store: Store) -> None:
        _, (delivery,) = await queued(store)
        await record(store, delivery.id, NEVER)
        async with store.write() as transaction:
            again = await deliveries.retry(
                transaction.connection, statuses=[DeliveryStatus.FAILED], day=DAY + timedelta(days=1), now=NOON
            )
        assert again == ()
        assert len(await self.retry(store, [DeliveryStatus.FAILED], day="any")) == 1


async def test_the_ledger_is_listed_in_pages_by_day_and_status(store: Store) -> None:
    _, (first, second, third) = await queued(store, 3)
    await claim(store, second.id)
    async with store.read() as connection:
        everything = await deliveries.listing(connection)
        page = await deliveries.listing(connection, after=first.id, limit=1)
        leaving = await deliveries.listing(connection, day=DAY, statuses=[DeliveryStatus.SENDING, DeliveryStatus.SENT])
        other_day = await deliveries.listing(connection, day=DAY + timedelta(days=1))
    assert [line.delivery.id for line in everything] == [first.id, second.id, third.id]
    assert [(line.address, line.day) for line in page] == [("reader1@example.org", DAY)]
    assert [line.delivery.id for line in leaving] == [second.id]
    assert other_day == ()
