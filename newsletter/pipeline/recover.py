"""What the rows say is left to do gets its job back, if it has none any more."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.logs import get_logger
from newsletter.pipeline.port import Jobs, Kind
from newsletter.store import commits, deliveries, digests, pushes
from newsletter.store import jobs as queued
from newsletter.store.engine import Store
from newsletter.store.states import DetailState

log = get_logger("recover")

#: A job that ended its process each time may end it again: it stays away so long before it is tried anew.
DEADLY_PAUSE = timedelta(hours=6)
#: What was given up, and is of a kind whose rows do not say what is left, is kept so long to be seen.
KEPT = timedelta(days=30)


async def requeue(*, store: Store, jobs: Jobs, now: datetime | None = None) -> int:
    """Queue a job for every piece of work that waits without one; returns how many.

    A job is given up after its last attempt, be it through an outage of hours; its work is not. The rows are the
    truth, so they are asked at every start and from time to time. What is queued already is left alone, and running
    twice is harmless. A job that was given up is forgotten with its work, or once it has a successor.

    :param now: the present time, unless told otherwise.
    """
    now = now or datetime.now(UTC)
    found = 0
    async with store.read() as connection:
        left = await _left_to_do(connection)
        missing = {kind: await _missing(connection, kind, keys, now=now) for kind, keys in left.items()}
        forgotten = await _to_forget(connection, left, missing, now=now)
    for kind, keys in missing.items():
        if not keys:
            continue
        async with store.write() as transaction:
            # Somebody may have queued some of them since.
            still = await _missing(transaction.connection, kind, keys, now=now)
            await jobs.put_many(transaction, kind, still)
        log.warning("work had lost its job", action="jobs.requeued", kind=kind.value, jobs=len(still))
        found += len(still)
    for job_id in forgotten:
        async with store.write() as transaction:
            await queued.finish(transaction.connection, job_id)
    return found


async def _left_to_do(connection: AsyncConnection) -> dict[Kind, tuple[str, ...]]:
    waiting = await commits.unanalysed_states(connection)
    return {
        Kind.EXPAND: await pushes.unexpanded(connection),
        Kind.FETCH: tuple(str(i) for i, state in waiting.items() if state is DetailState.WAITING),
        Kind.ANALYSE: tuple(str(i) for i, state in waiting.items() if state is not DetailState.WAITING),
        Kind.COMPOSE: tuple(map(str, await digests.uncomposed(connection))),
        Kind.DELIVER: tuple(map(str, await deliveries.digests_waiting(connection))),
    }


async def _missing(connection: AsyncConnection, kind: Kind, keys: Collection[str], *, now: datetime) -> tuple[str, ...]:
    """Return the keys that have no job and may have one."""
    known = await queued.known_keys(connection, kind.value)
    resting = {job.key for job in await queued.buried(connection) if job.kind == kind.value and _rests(job, now)}
    return tuple(key for key in keys if key not in known and key not in resting)


async def _to_forget(
    connection: AsyncConnection,
    left: dict[Kind, tuple[str, ...]],
    missing: dict[Kind, tuple[str, ...]],
    *,
    now: datetime,
) -> list[int]:
    """Return the jobs that were given up and have a successor now, or nothing left to do."""
    open_keys = {kind.value: frozenset(keys) - frozenset(missing[kind]) for kind, keys in left.items()}
    return [
        job.id
        for job in await queued.buried(connection)
        if (
            not (_rests(job, now) and job.key in open_keys[job.kind])
            if job.kind in open_keys
            else now - job.failed_at > KEPT
        )
    ]


def _rests(job: queued.BuriedJob, now: datetime) -> bool:
    return job.error == queued.PROCESS_ENDED and now - job.failed_at < DEADLY_PAUSE
