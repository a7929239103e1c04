"""Queued jobs of the embedded adapter: a kind and a key, and when.

No "running" state is stored: what is running is known to the process that runs it, so a restart needs no repair.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, delete, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.store.many import insert_rows
from newsletter.store.tables import jobs

#: Error of a job that was given up because its process never survived it.
PROCESS_ENDED = "the process ended during the last attempt"
#: Error of a job that was given up because the database would not take what came of it.
NOT_STORED = "the result of the last attempt could not be stored"


@dataclass(frozen=True, kw_only=True)
class StoredJob:
    """A job that waits for its turn."""

    id: int
    kind: str
    key: str
    #: Attempts begun so far.
    attempts: int
    created_at: datetime


async def put(connection: AsyncConnection, kind: str, keys: Sequence[str], *, run_at: datetime, now: datetime) -> None:
    """Queue jobs of one kind."""
    await connection.run_sync(put_at_once, kind, keys, run_at=run_at, now=now)


def put_at_once(connection: Connection, kind: str, keys: Sequence[str], *, run_at: datetime, now: datetime) -> None:
    """Queue jobs of one kind in a transaction that awaits nothing."""
    rows: list[dict[str, object]] = [
        {"kind": kind, "key": key, "run_at": run_at, "attempts": 0, "created_at": now} for key in keys
    ]
    insert_rows(connection, jobs, rows)


async def bring_forward(
    connection: AsyncConnection, kind: str, key: str, *, run_at: datetime, now: datetime, anew: bool = False
) -> bool:
    """Make a job of this kind and key that has not begun run no later than at a time; False where none waits.

    What is begun has an attempt and its time is over: it may be past what the caller wants done.

    :param anew: one that failed has all its attempts again, as if it were queued now.
    """
    waiting = or_(jobs.c.attempts == 0, jobs.c.run_at > now)
    at = literal(run_at, jobs.c.run_at.type)
    change = (
        update(jobs)
        .where(jobs.c.kind == kind, jobs.c.key == key, jobs.c.failed_at.is_(None), waiting)
        .values(run_at=case((jobs.c.run_at > at, at), else_=jobs.c.run_at))
    )
    if anew:
        queued_at = literal(now, jobs.c.created_at.type)
        change = change.values(attempts=0, created_at=case((jobs.c.attempts > 0, queued_at), else_=jobs.c.created_at))
    return (await connection.execute(change)).rowcount > 0


async def due(
    connection: AsyncConnection, kind: str, *, now: datetime, limit: int, running: Collection[int]
) -> tuple[StoredJob, ...]:
    """Return jobs of a kind whose time has come and that are not running, the longest waiting first."""
    wanted = (
        select(jobs)
        .where(jobs.c.failed_at.is_(None), jobs.c.kind == kind, jobs.c.run_at <= now, jobs.c.id.not_in(running))
        .order_by(jobs.c.run_at, jobs.c.id)
        .limit(limit)
    )
    rows = await connection.execute(wanted)
    return tuple(
        StoredJob(id=row.id, kind=row.kind, key=row.key, attempts=row.attempts, created_at=row.created_at)
        for row in rows
    )


async def next_due(connection: AsyncConnection, kinds: Collection[str], *, running: Collection[int]) -> datetime | None:
    """Return when the next job of these kinds is due; None where none waits."""
    wanted = select(func.min(jobs.c.run_at)).where(
        jobs.c.failed_at.is_(None), jobs.c.kind.in_(kinds), jobs.c.id.not_in(running)
    )
    found: datetime | None = (await connection.execute(wanted)).scalar_one_or_none()
    return found


async def begin(connection: AsyncConnection, job_ids: Collection[int]) -> None:
    """Count an attempt of each job before it is run: a job that kills its process must not be tried for ever."""
    await connection.execute(update(jobs).where(jobs.c.id.in_(job_ids)).values(attempts=jobs.c.attempts + 1))


async def finish(connection: AsyncConnection, job_id: int) -> None:
    """Remove a job that is done."""
    await connection.execute(delete(jobs).where(jobs.c.id == job_id))


async def postpone(connection: AsyncConnection, job_id: int, *, until: datetime, error: str) -> None:
    """Let a job that failed be tried again later."""
    await connection.execute(update(jobs).where(jobs.c.id == job_id).values(run_at=until, error=error))


async def put_back(connection: AsyncConnection, job_id: int, *, until: datetime) -> None:
    """Let a job that did not fail be run later, and take its attempt back."""
    await connection.execute(update(jobs).where(jobs.c.id == job_id).values(run_at=until, attempts=jobs.c.attempts - 1))


async def bury(connection: AsyncConnection, job_id: int, *, error: str, now: datetime) -> None:
    """Give a job up; it stays to be seen."""
    await connection.execute(update(jobs).where(jobs.c.id == job_id).values(failed_at=now, error=error))


async def known_keys(connection: AsyncConnection, kind: str) -> frozenset[str]:
    """Return the keys of a kind's jobs that are queued or running."""
    rows = await connection.execute(select(jobs.c.key).where(jobs.c.kind == kind, jobs.c.failed_at.is_(None)))
    return frozenset(rows.scalars())


@dataclass(frozen=True, kw_only=True)
class BuriedJob:
    """A job that was given up."""

    id: int
    kind: str
    key: str
    error: str
    failed_at: datetime


async def buried(connection: AsyncConnection) -> tuple[BuriedJob, ...]:
    """Return the jobs that were given up, the earliest first."""
    rows = await connection.execute(
        select(jobs).where(jobs.c.failed_at.is_not(None)).order_by(jobs.c.failed_at, jobs.c.id)
    )
    return tuple(
        BuriedJob(id=row.id, kind=row.kind, key=row.key, error=row.error or "", failed_at=row.failed_at) for row in rows
    )
