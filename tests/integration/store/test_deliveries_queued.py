"""The ledger of deliveries: each reader is queued once for a digest, and comes in their turn."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from newsletter.delivery.record import Delivery, DeliveryStatus, SkipReason
from newsletter.store import deliveries, tables
from newsletter.store.engine import Store
from tests.support.clock import NOON
from tests.support.delivery_rows import HOUR, LATER, NEVER, NewDelivery, claim, one_of, queue, queued, record
from tests.support.records import DAY, add_reader, closed_day


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
        assert await queue(transaction.connection, digest_id, [again, again], now=NOON) == 0
    assert await one_of(store, first.id) == first


async def test_queueing_nobody_writes_nothing(store: Store) -> None:
    digest = await closed_day(store)
    async with store.write() as transaction:
        assert await queue(transaction.connection, digest.id, [], now=NOON) == 0


async def test_a_reader_with_nothing_to_read_is_recorded_with_the_reason(store: Store) -> None:
    digest, reader = await closed_day(store), await add_reader(store)
    skipped = NewDelivery(
        subscriber_id=reader.id, rendering_id=None, message_id=None, skip_reason=SkipReason.NOTHING_TO_SAY
    )
    async with store.write() as transaction:
        assert await queue(transaction.connection, digest.id, [skipped], now=NOON) == 1
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
        assert await queue(transaction.connection, digest.id, rows, now=NOON) == 2


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
