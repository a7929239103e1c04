"""What an operator was told of: one row a matter, which remembers it over restarts and for every process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.store.tables import alarms
from newsletter.store.upsert import insert_new


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """How a matter stands."""

    raised_at: datetime
    #: None while it lasts.
    ended_at: datetime | None
    #: When an operator was last written to, in this outage or an earlier one.
    mailed_at: datetime | None


async def load(connection: AsyncConnection, name: str) -> Alarm | None:
    """Return how a matter stands; None where there never was an alarm."""
    row = (await connection.execute(select(alarms).where(alarms.c.name == name))).one_or_none()
    return Alarm(raised_at=row.raised_at, ended_at=row.ended_at, mailed_at=row.mailed_at) if row else None


async def lasting(connection: AsyncConnection) -> dict[str, datetime]:
    """Return the alarms that last, each with when it was raised; the oldest first."""
    rows = await connection.execute(
        select(alarms.c.name, alarms.c.raised_at).where(alarms.c.ended_at.is_(None)).order_by(alarms.c.raised_at)
    )
    return {row.name: row.raised_at for row in rows}


async def begin(connection: AsyncConnection, name: str, *, now: datetime) -> bool:
    """Raise an alarm; False where it is raised already."""
    new = insert_new(connection, alarms).values(name=name, raised_at=now).returning(alarms.c.name)
    if (await connection.execute(new)).scalar_one_or_none() is not None:
        return True
    again = update(alarms).where(alarms.c.name == name, alarms.c.ended_at.is_not(None))
    return (await connection.execute(again.values(raised_at=now, ended_at=None))).rowcount == 1


async def end(connection: AsyncConnection, name: str, *, now: datetime) -> bool:
    """Note that an alarm is over; False where there is none."""
    lasting = update(alarms).where(alarms.c.name == name, alarms.c.ended_at.is_(None))
    return (await connection.execute(lasting.values(ended_at=now))).rowcount == 1


async def claim_mail(connection: AsyncConnection, name: str, *, not_since: datetime, now: datetime) -> bool:
    """Note that an operator is written to; False where somebody did so since an instant."""
    free = or_(alarms.c.mailed_at.is_(None), alarms.c.mailed_at <= not_since)
    mine = update(alarms).where(alarms.c.name == name, free)
    return (await connection.execute(mine.values(mailed_at=now))).rowcount == 1


async def unclaim_mail(connection: AsyncConnection, name: str, *, claimed: datetime) -> None:
    """Note that the mail of a claim was not taken: it may be tried again."""
    await connection.execute(
        update(alarms).where(alarms.c.name == name, alarms.c.mailed_at == claimed).values(mailed_at=None)
    )
