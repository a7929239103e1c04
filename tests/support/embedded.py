"""The engine of jobs inside the process, as its own tests run it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.pipeline.port import Job, Kind, Retries
from newsletter.store import tables
from newsletter.store.engine import Store
from tests.support.waiting import PATIENCE

QUICK = timedelta(milliseconds=20)
FOREVER = timedelta(days=1)
THRICE = Retries(max_attempts=3, first=timedelta(0), longest=timedelta(0))


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def engine_of(store: Store, *, poll: timedelta = QUICK, drain: timedelta = timedelta(seconds=9)) -> EmbeddedJobs:
    """Return an engine that looks often and does not pause for long."""
    return EmbeddedJobs(store, clock=utc_now, poll=poll, drain=drain, outage_pause=QUICK)


async def put(store: Store, engine: EmbeddedJobs, *keys: str, kind: Kind = Kind.FETCH) -> None:
    """Queue jobs in one transaction."""
    async with store.write() as transaction:
        for key in keys:
            await engine.put(transaction, kind, key)


async def attempts(store: Store) -> list[int]:
    """Return how often each job that is left was begun."""
    async with store.read() as connection:
        return list((await connection.execute(select(tables.jobs.c.attempts).order_by(tables.jobs.c.id))).scalars())


@asynccontextmanager
async def running(engine: EmbeddedJobs) -> AsyncIterator[asyncio.Task[None]]:
    """Run an engine; at the end it is told to stop and waited for."""
    stop = asyncio.Event()
    task = asyncio.create_task(engine.run(stop))
    try:
        yield task
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE):
            await task


class Seen:
    """A handler that says which keys it was given."""

    def __init__(self) -> None:
        self._keys: asyncio.Queue[str] = asyncio.Queue()

    async def __call__(self, job: Job) -> None:
        self._keys.put_nowait(job.key)

    async def next(self) -> str:
        """Wait for the next key."""
        return await asyncio.wait_for(self._keys.get(), PATIENCE)


async def nothing_left(store: Store) -> bool:
    """Whether every job is done or given up."""
    return await attempts(store) == []


async def holds(condition: bool) -> bool:
    """Return a condition, for those who wait for it to hold."""
    return condition
