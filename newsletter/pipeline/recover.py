"""What the rows say is left to do gets its job back, if it has none any more."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

import subscribers
from newsletter.logs import get_logger
from newsletter.pipeline import at_once
from newsletter.pipeline.port import Jobs, Kind
from newsletter.store import commits, deliveries, digests, inbound, pushes, reports, repositories
from newsletter.store import jobs as queued
from newsletter.store.engine import Store
from newsletter.store.states import DetailState

log = get_logger("recover")

#: A job that ended its process each time may end it again: it stays away so long before it is tried anew.
DEADLY_PAUSE = timedelta(hours=6)
#: Kinds whose rows say what is left to do.
_TOLD_BY_ROWS = frozenset(
    {
        Kind.EXPAND,
        Kind.FETCH,
        Kind.ANALYSE,
        Kind.AT_ONCE,
        Kind.COMPOSE,
        Kind.DELIVER,
        Kind.INBOUND,
        Kind.REPORT,
    }
)
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
        left = await _left_to_do(connection, now)
        buried = await queued.buried(connection)
        resting = frozenset((job.kind, job.key) for job in buried if _rests(job, now))
        missing = {
            kind: await _without_job(connection, kind, [key for key in keys if (kind.value, key) not in resting])
            for kind, keys in left.items()
        }
        compared = await _compared(connection, buried)
    open_work = frozenset((kind.value, key) for kind, keys in left.items() for key in set(keys) - set(missing[kind]))
    forgotten = [job.id for job in buried if _is_over(job, open_work, compared, now=now)]
    for kind, keys in missing.items():
        if not keys:
            continue
        async with store.write() as transaction:
            # Somebody may have queued some of them since.
            still = await _without_job(transaction.connection, kind, keys)
            await jobs.put_many(transaction, kind, still)
        log.warning("work had lost its job", action="jobs.requeued", kind=kind.value, jobs=len(still))
        found += len(still)
    for job_id in forgotten:
        async with store.write() as transaction:
            await queued.finish(transaction.connection, job_id)
    return found


async def _left_to_do(connection: AsyncConnection, now: datetime) -> dict[Kind, tuple[str, ...]]:
    waiting = await commits.unanalysed_states(connection)
    wanted = await subscribers.anybody(connection, at_once.READERS)
    return {
        Kind.EXPAND: await pushes.unexpanded(connection),
        Kind.FETCH: tuple(str(i) for i, state in waiting.items() if state is DetailState.WAITING),
        Kind.ANALYSE: tuple(str(i) for i, state in waiting.items() if state is not DetailState.WAITING),
        Kind.AT_ONCE: (at_once.EVERYTHING,) if wanted and await at_once.waiting(connection, now=now) else (),
        Kind.COMPOSE: tuple(map(str, await digests.uncomposed(connection))),
        Kind.DELIVER: tuple(map(str, await deliveries.digests_waiting(connection))),
        Kind.REPORT: tuple(map(str, await reports.unreported(connection))),
        Kind.INBOUND: tuple(map(str, await inbound.all_waiting(connection))),
    }


async def _without_job(connection: AsyncConnection, kind: Kind, keys: Collection[str]) -> tuple[str, ...]:
    known = await queued.known_keys(connection, kind.value)
    return tuple(key for key in keys if key not in known)


async def _compared(connection: AsyncConnection, buried: Collection[queued.BuriedJob]) -> frozenset[int]:
    """Return the comparisons that were given up and have a successor, queued or done, or no repository any more."""
    graves = [job for job in buried if job.kind == Kind.RECONCILE]
    if not graves:
        return frozenset()
    again = await queued.known_keys(connection, Kind.RECONCILE.value)
    last = {repository.key: repository.reconciled_at for repository in await repositories.everything(connection)}
    return frozenset(
        job.id
        for job in graves
        if job.key in again or job.key not in last or ((at := last[job.key]) is not None and at > job.failed_at)
    )


def _is_over(
    job: queued.BuriedJob, open_work: Collection[tuple[str, str]], compared: Collection[int], *, now: datetime
) -> bool:
    """Whether a job that was given up has a successor now, or nothing left to do."""
    if job.kind in _TOLD_BY_ROWS:
        return not (_rests(job, now) and (job.kind, job.key) in open_work)
    return job.id in compared or now - job.failed_at > KEPT


def _rests(job: queued.BuriedJob, now: datetime) -> bool:
    return job.error == queued.PROCESS_ENDED and now - job.failed_at < DEADLY_PAUSE
