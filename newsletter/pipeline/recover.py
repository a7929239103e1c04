"""What the rows say is left to do gets its job back, if it has none any more."""

from __future__ import annotations

from newsletter.logs import get_logger
from newsletter.pipeline.port import Jobs, Kind
from newsletter.store import commits, deliveries, digests, pushes
from newsletter.store import jobs as queued
from newsletter.store.engine import Store
from newsletter.store.states import DetailState

log = get_logger("recover")


async def requeue(*, store: Store, jobs: Jobs) -> int:
    """Queue a job for every piece of work that waits without one; returns how many.

    A job is given up after its last attempt, be it through an outage of hours; its work is not. The rows are the
    truth, so they are asked at every start. What is queued already is left alone, and running twice is harmless.
    """
    found = 0
    for kind, keys in (await _left_to_do(store)).items():
        async with store.write() as transaction:
            known = await queued.known_keys(transaction.connection, kind.value)
            missing = [key for key in keys if key not in known]
            for key in missing:
                await jobs.put(transaction, kind, key)
        if missing:
            log.warning("work had lost its job", action="jobs.requeued", kind=kind.value, jobs=len(missing))
        found += len(missing)
    return found


async def _left_to_do(store: Store) -> dict[Kind, tuple[str, ...]]:
    async with store.read() as connection:
        waiting = await commits.unanalysed_states(connection)
        return {
            Kind.EXPAND: await pushes.unexpanded(connection),
            Kind.FETCH: tuple(str(i) for i, state in waiting.items() if state is DetailState.WAITING),
            Kind.ANALYSE: tuple(str(i) for i, state in waiting.items() if state is not DetailState.WAITING),
            Kind.COMPOSE: tuple(map(str, await digests.uncomposed(connection))),
            Kind.DELIVER: tuple(map(str, await deliveries.digests_waiting(connection))),
        }
