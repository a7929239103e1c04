"""What came back of the mails to a reader: counted, and the end of mailing them where it is too much."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from subscribers.record import Status
from subscribers.score import STALE_AFTER, THRESHOLD, Evidence, Setback, score
from subscribers.store import change_status
from subscribers.suppression_record import Reason, Suppression
from subscribers.suppression_tables import setbacks, suppressions
from subscribers.tables import subscribers


@dataclass(frozen=True, kw_only=True)
class Noted:
    """What noting a setback came to."""

    #: False where it had been noted before.
    new: bool
    #: Why the reader is mailed no more from now on; None = nothing changed.
    suppressed: Reason | None = None


async def note(connection: AsyncConnection, subscriber_id: int, evidence: Evidence, *, source: str) -> Noted:
    """Note a setback, once, and suppress the reader where it is too much.

    Only whoever gets mails is suppressed: of a reader who left, or has not confirmed, it is only remembered.

    :param source: what it was learnt from, the same whenever the same thing is noted again.
    """
    if await _is_known(connection, source):
        return Noted(new=False)
    row = {
        "subscriber_id": subscriber_id,
        "source": source,
        "setback": evidence.setback,
        "way": evidence.way,
        "status": evidence.status,
        "at": evidence.at,
    }
    try:
        async with connection.begin_nested():
            await connection.execute(insert(setbacks).values(row))
    except IntegrityError:
        # Somebody noted it meanwhile, or erased the reader.
        return Noted(new=False)
    reason = await _verdict(connection, subscriber_id, evidence)
    if reason is None or not await change_status(connection, subscriber_id, Status.SUPPRESSED, now=evidence.at):
        return Noted(new=True)
    await connection.execute(
        insert(suppressions).values(subscriber_id=subscriber_id, reason=reason, at=evidence.at, lifted_at=None)
    )
    return Noted(new=True, suppressed=reason)


async def _is_known(connection: AsyncConnection, source: str) -> bool:
    found = await connection.execute(select(setbacks.c.id).where(setbacks.c.source == source))
    return found.scalar_one_or_none() is not None


async def _verdict(connection: AsyncConnection, subscriber_id: int, evidence: Evidence) -> Reason | None:
    """Say whether it is too much; locks the reader, so that two setbacks at once are counted one after the other."""
    status = (
        await connection.execute(
            select(subscribers.c.status).where(subscribers.c.id == subscriber_id).with_for_update()
        )
    ).scalar_one_or_none()
    if status is not Status.ACTIVE:
        return None
    if evidence.setback is Setback.COMPLAINT:
        return Reason.COMPLAINT
    found = await connection.execute(
        select(setbacks).where(
            setbacks.c.subscriber_id == subscriber_id,
            setbacks.c.forgiven_at.is_(None),
            setbacks.c.at > evidence.at - 30 * STALE_AFTER,
        )
    )
    counted = [Evidence(setback=row.setback, way=row.way, at=row.at, status=row.status) for row in found]
    return Reason.BOUNCES if score(counted, now=evidence.at) >= THRESHOLD else None


async def lift(connection: AsyncConnection, subscriber_id: int, *, now: datetime) -> bool:
    """Mail a suppressed reader again, and forgive what came back so far. Returns whether anything changed."""
    lifted = await connection.execute(
        update(suppressions)
        .where(suppressions.c.subscriber_id == subscriber_id, suppressions.c.lifted_at.is_(None))
        .values(lifted_at=now)
    )
    if lifted.rowcount != 1:
        return False
    await connection.execute(
        update(setbacks)
        .where(setbacks.c.subscriber_id == subscriber_id, setbacks.c.forgiven_at.is_(None))
        .values(forgiven_at=now)
    )
    return await change_status(connection, subscriber_id, Status.ACTIVE, now=now)


async def suppressed(
    connection: AsyncConnection, *, past: bool = False, after: int = 0, limit: int = 500
) -> tuple[Suppression, ...]:
    """Return who is suppressed, by the order in which it happened, from the first above ``after``.

    :param past: those that were lifted as well.
    """
    last_status = (
        select(setbacks.c.status)
        .where(setbacks.c.subscriber_id == suppressions.c.subscriber_id, setbacks.c.at <= suppressions.c.at)
        .order_by(setbacks.c.at.desc(), setbacks.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    wanted = (
        select(suppressions, subscribers.c.address, last_status.label("status"))
        .join(subscribers, subscribers.c.id == suppressions.c.subscriber_id)
        .where(suppressions.c.id > after)
        .order_by(suppressions.c.id)
        .limit(limit)
    )
    rows = await connection.execute(wanted if past else wanted.where(suppressions.c.lifted_at.is_(None)))
    return tuple(
        Suppression(
            id=row.id,
            subscriber_id=row.subscriber_id,
            address=row.address,
            reason=row.reason,
            at=row.at,
            lifted_at=row.lifted_at,
            status=row.status,
        )
        for row in rows
    )
