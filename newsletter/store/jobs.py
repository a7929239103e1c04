"""Queued jobs of the embedded adapter: a kind and a key, and when.

No "running" state is stored: what is running is known to the process that runs it, so a restart needs no repair.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.store.tables import jobs

#: Error of a job that was given up because its process never survived it.
PROCESS_ENDED = "the process ended during the last attempt"


@dataclass(frozen=True, kw_only=True)
class StoredJob:
    """A job that waits for its turn."""

    id: int
    kind: str
    key: str
    #: Attempts begun so far.
    attempts: int
    created_at: datetime


async def put(connection: AsyncConnection, kind: str, key: str, *, run_at: datetime, now: datetime) -> None:
    """Queue a job."""
    await connection.execute(insert(jobs).values(kind=kind, key=key, run_at=run_at, attempts=0, created_at=now))


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


async def pending(connection: AsyncConnection, kinds: Collection[str]) -> int:
    """Return how many jobs of these kinds are queued or running."""
    wanted = select(func.count()).where(jobs.c.failed_at.is_(None), jobs.c.kind.in_(kinds))
    return int((await connection.execute(wanted)).scalar_one())


async def known_keys(connection: AsyncConnection, kind: str) -> frozenset[str]:
    """Return the keys of a kind's jobs that are queued or running, and of those that ended their process each time.

    The latter must not come back by themselves: they would end it again.
    """
    rows = await connection.execute(
        select(jobs.c.key).where(jobs.c.kind == kind, or_(jobs.c.failed_at.is_(None), jobs.c.error == PROCESS_ENDED))
    )
    return frozenset(rows.scalars())
