"""The ledger: one row for each digest and reader, before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, and_, case, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

import subscribers
from newsletter.delivery.record import ALLOWED, WAITING, Delivery, DeliveryStatus, Outcome, Reply, SkipReason
from newsletter.store.states import Cadence
from newsletter.store.tables import deliveries, digests

_readers = subscribers.metadata.tables["subscribers"]


async def due(
    connection: AsyncConnection, digest_id: int, *, now: datetime, limit: int, after: Delivery | None = None
) -> tuple[Delivery, ...]:
    """Return deliveries of a digest whose time has come, from the first behind ``after``.

    Those that were never attempted come first, so that nobody waits behind a reader who is refused each time.
    """
    attempted = deliveries.c.attempts + deliveries.c.refusals > 0
    place = (case((attempted, 1), else_=0), deliveries.c.next_attempt_at, deliveries.c.id)
    wanted = select(deliveries).where(
        deliveries.c.digest_id == digest_id,
        deliveries.c.status.in_(WAITING),
        deliveries.c.next_attempt_at <= now,
    )
    if after is not None:
        again, at, number = place
        seen = 1 if after.attempts + after.refusals else 0
        later = or_(at > after.next_attempt_at, and_(at == after.next_attempt_at, number > after.id))
        wanted = wanted.where(or_(again > seen, and_(again == seen, later)))
    rows = await connection.execute(wanted.order_by(*place).limit(limit))
    return tuple(_record(row) for row in rows)


async def digests_waiting(connection: AsyncConnection) -> tuple[int, ...]:
    """Return the composed digests of which some delivery waits, or was left in the middle."""
    open_statuses = [*WAITING, DeliveryStatus.SENDING]
    rows = await connection.execute(
        select(deliveries.c.digest_id)
        .join(digests, digests.c.id == deliveries.c.digest_id)
        .where(deliveries.c.status.in_(open_statuses), digests.c.composed_at.is_not(None))
        .distinct()
        .order_by(deliveries.c.digest_id)
    )
    return tuple(rows.scalars())


async def reader_of(connection: AsyncConnection, delivery_id: int) -> int | None:
    """Return whose delivery it is; None where there is none of this id (any more)."""
    found = await connection.execute(select(deliveries.c.subscriber_id).where(deliveries.c.id == delivery_id))
    reader: int | None = found.scalar_one_or_none()
    return reader


async def next_due(connection: AsyncConnection, digest_id: int) -> datetime | None:
    """Return when the next waiting delivery of a digest is due; None where none waits."""
    found: datetime | None = (
        await connection.execute(
            select(func.min(deliveries.c.next_attempt_at)).where(
                deliveries.c.digest_id == digest_id, deliveries.c.status.in_(WAITING)
            )
        )
    ).scalar_one_or_none()
    return found


async def claim(connection: AsyncConnection, delivery_id: int, *, now: datetime) -> bool:
    """Mark a waiting delivery as leaving; False where somebody else has it or it waits no more.

    The row says so before a byte of the message leaves: a process that is killed afterwards leaves a trace.
    """
    result = await connection.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery_id, deliveries.c.status.in_(WAITING))
        .values(status=DeliveryStatus.SENDING, updated_at=now)
    )
    return result.rowcount == 1


async def record(
    connection: AsyncConnection,
    delivery_id: int,
    outcome: Outcome,
    *,
    next_attempt_at: datetime | None,
    now: datetime,
    charged: bool = True,
) -> bool:
    """Write down what an attempt came to. A delivery that ended (sent, failed, uncertain, skipped) stays as it is.

    Only ``sent`` is written over ``uncertain``: where a sender that was taken for dead lives, its word is the truth.

    :param charged: whether the attempt counts against the recipient.
    """
    changed = [*WAITING, DeliveryStatus.SENDING]
    if outcome.status is DeliveryStatus.SENT:
        changed.append(DeliveryStatus.UNCERTAIN)
    counted: dict[str, Any] = (
        {
            "attempts": deliveries.c.attempts + 1,
            "patience_from": func.coalesce(deliveries.c.patience_from, literal(now, deliveries.c.patience_from.type)),
        }
        if charged
        else {"refusals": deliveries.c.refusals + 1}
    )
    result = await connection.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery_id, deliveries.c.status.in_(changed))
        .values(
            **counted,
            status=outcome.status,
            next_attempt_at=next_attempt_at,
            reply_code=outcome.reply.code,
            reply=outcome.reply.text,
            updated_at=now,
        )
    )
    return result.rowcount == 1


async def skip(connection: AsyncConnection, delivery_id: int, reason: SkipReason, *, now: datetime) -> bool:
    """Record that a waiting delivery will not be sent, and why."""
    result = await connection.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery_id, deliveries.c.status.in_(WAITING))
        .values(status=DeliveryStatus.SKIPPED, skip_reason=reason, next_attempt_at=None, updated_at=now)
    )
    return result.rowcount == 1


async def park_unfinished(connection: AsyncConnection, *, now: datetime, digest_id: int | None = None) -> int:
    """Mark what was left in the middle of leaving as uncertain; only for the one process that sends.

    :param digest_id: of one digest only, of which nothing is being sent.
    """
    unfinished = deliveries.c.status == DeliveryStatus.SENDING
    if digest_id is not None:
        unfinished = and_(unfinished, deliveries.c.digest_id == digest_id)
    result = await connection.execute(
        update(deliveries)
        .where(unfinished)
        .values(status=DeliveryStatus.UNCERTAIN, next_attempt_at=None, updated_at=now)
    )
    return result.rowcount


async def retry(
    connection: AsyncConnection, *, statuses: Sequence[DeliveryStatus], day: date | None, now: datetime
) -> tuple[int, ...]:
    """Queue ended deliveries of active readers again, as if for the first time; returns the ids of their digests.

    Statuses that nothing may leave for the queue, such as ``sent``, are passed over.
    """
    statuses = [status for status in statuses if DeliveryStatus.QUEUED in ALLOWED[status]]
    active = select(_readers.c.id).where(_readers.c.status == subscribers.Status.ACTIVE)
    condition = and_(deliveries.c.status.in_(statuses), deliveries.c.subscriber_id.in_(active))
    if day is not None:
        condition = and_(condition, deliveries.c.digest_id.in_(select(digests.c.id).where(digests.c.day == day)))
    result = await connection.execute(
        update(deliveries)
        .where(condition)
        .values(
            status=DeliveryStatus.QUEUED,
            attempts=0,
            refusals=0,
            patience_from=None,
            next_attempt_at=now,
            updated_at=now,
        )
        .returning(deliveries.c.digest_id)
    )
    return tuple(result.scalars())


@dataclass(frozen=True, kw_only=True)
class LedgerLine:
    """A delivery as an operator sees it."""

    delivery: Delivery
    cadence: Cadence
    day: date
    address: str


async def listing(
    connection: AsyncConnection,
    *,
    day: date | None = None,
    statuses: Sequence[DeliveryStatus] = (),
    after: int = 0,
    limit: int = 500,
) -> tuple[LedgerLine, ...]:
    """Return lines of the ledger by id, from the first above ``after``."""
    wanted = (
        select(deliveries, digests.c.cadence, digests.c.day, _readers.c.address)
        .join(digests, digests.c.id == deliveries.c.digest_id)
        .join(_readers, _readers.c.id == deliveries.c.subscriber_id)
        .where(deliveries.c.id > after)
        .order_by(deliveries.c.id)
        .limit(limit)
    )
    if day is not None:
        wanted = wanted.where(digests.c.day == day)
    if statuses:
        wanted = wanted.where(or_(*(deliveries.c.status == status for status in statuses)))
    rows = await connection.execute(wanted)
    return tuple(
        LedgerLine(delivery=_record(row), cadence=row.cadence, day=row.day, address=row.address) for row in rows
    )


async def counts(connection: AsyncConnection, digest_id: int) -> dict[DeliveryStatus, int]:
    """Return how many deliveries of a digest stand where."""
    rows = await connection.execute(
        select(deliveries.c.status, func.count().label("number"))
        .where(deliveries.c.digest_id == digest_id)
        .group_by(deliveries.c.status)
    )
    return {row.status: row.number for row in rows}


def _record(row: Row[Any]) -> Delivery:
    return Delivery(
        id=row.id,
        digest_id=row.digest_id,
        subscriber_id=row.subscriber_id,
        rendering_id=row.rendering_id,
        status=row.status,
        skip_reason=row.skip_reason,
        message_id=row.message_id,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        reply=None if row.reply_code is None else Reply(code=row.reply_code, text=row.reply or ""),
        created_at=row.created_at,
        updated_at=row.updated_at,
        refusals=row.refusals,
        due_at=row.due_at,
        patience_from=row.patience_from,
    )
