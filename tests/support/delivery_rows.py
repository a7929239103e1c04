"""Deliveries in the store, brought to where a test begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.delivery.record import Delivery, DeliveryStatus, Outcome, Reply, SkipReason
from newsletter.store import deliveries, tables
from newsletter.store.engine import Store
from newsletter.store.upsert import insert_new
from tests.support.clock import NOON
from tests.support.records import add_reader, closed_day, rendered

HOUR = timedelta(hours=1)
SENT = Outcome(status=DeliveryStatus.SENT, reply=Reply(code=250, text="2.0.0 queued as 7"))
LATER = Outcome(status=DeliveryStatus.DEFERRED, reply=Reply(code=451, text="4.7.1 greylisted"))
NEVER = Outcome(status=DeliveryStatus.FAILED, reply=Reply(code=550, text="5.1.1 no such user"))


@dataclass(frozen=True, kw_only=True)
class NewDelivery:
    """A row of the ledger as a test wants it."""

    subscriber_id: int
    rendering_id: int | None
    message_id: str | None
    skip_reason: SkipReason | None = None


async def queue(connection: AsyncConnection, digest_id: int, new: Sequence[NewDelivery], *, now: datetime) -> int:
    """Write rows into the ledger; readers who have one for this digest keep it. Returns how many are new."""
    if not new:
        return 0
    rows = [
        {
            "digest_id": digest_id,
            "subscriber_id": delivery.subscriber_id,
            "rendering_id": delivery.rendering_id,
            "status": DeliveryStatus.SKIPPED if delivery.skip_reason else DeliveryStatus.QUEUED,
            "skip_reason": delivery.skip_reason,
            "message_id": delivery.message_id,
            "attempts": 0,
            "next_attempt_at": None if delivery.skip_reason else now,
            "created_at": now,
            "updated_at": now,
        }
        for delivery in new
    ]
    result = await connection.execute(
        insert_new(connection, tables.deliveries).values(rows).returning(tables.deliveries.c.id)
    )
    return len(result.all())


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
        assert await queue(transaction.connection, digest.id, new, now=NOON) == number
        return digest.id, await deliveries.due(transaction.connection, digest.id, now=NOON, limit=number)


async def one_of(store: Store, delivery_id: int) -> Delivery:
    """Return a delivery as it stands."""
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
    """Claim a delivery; whether it was to be had."""
    async with store.write() as transaction:
        return await deliveries.claim(transaction.connection, delivery_id, now=NOON)


async def record(
    store: Store, delivery_id: int, outcome: Outcome, *, next_attempt_at: datetime | None = None, charged: bool = True
) -> bool:
    """Record an outcome, an hour after the delivery was queued."""
    async with store.write() as transaction:
        return await deliveries.record(
            transaction.connection,
            delivery_id,
            outcome,
            next_attempt_at=next_attempt_at,
            now=NOON + HOUR,
            charged=charged,
        )
