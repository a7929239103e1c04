"""When the daily work is due next: one row, moved on by compare-and-set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.store.tables import schedules
from newsletter.store.upsert import insert_new


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A recurring moment."""

    #: What :attr:`next_at` was computed from.
    rule: str
    next_at: datetime


async def load(connection: AsyncConnection, name: str) -> Schedule | None:
    """Return a schedule."""
    row = (await connection.execute(select(schedules).where(schedules.c.name == name))).one_or_none()
    return Schedule(rule=row.rule, next_at=row.next_at) if row else None


async def everything(connection: AsyncConnection) -> dict[str, Schedule]:
    """Return all schedules by name."""
    rows = await connection.execute(select(schedules))
    return {row.name: Schedule(rule=row.rule, next_at=row.next_at) for row in rows}


async def start(connection: AsyncConnection, name: str, *, rule: str, next_at: datetime) -> bool:
    """Set a schedule up, or move it to a new rule; False where another process did so first."""
    new = await connection.execute(
        insert_new(connection, schedules).values(name=name, rule=rule, next_at=next_at).returning(schedules.c.name)
    )
    if new.first() is not None:
        return True
    moved = await connection.execute(
        update(schedules).where(schedules.c.name == name, schedules.c.rule != rule).values(rule=rule, next_at=next_at)
    )
    return moved.rowcount == 1


async def advance(connection: AsyncConnection, name: str, *, seen: datetime, to: datetime) -> bool:
    """Move a schedule on; False where another process did so first, and then it is theirs to act."""
    result = await connection.execute(
        update(schedules).where(schedules.c.name == name, schedules.c.next_at == seen).values(next_at=to)
    )
    return result.rowcount == 1
