"""Work whose job was given up gets another one at the next start."""

from __future__ import annotations

from datetime import timedelta

from newsletter.delivery.record import DeliveryStatus, Outcome, Reply
from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.pipeline.port import Kind
from newsletter.pipeline.recover import requeue
from newsletter.store import commits, deliveries, digests, jobs
from newsletter.store.deliveries import NewDelivery
from newsletter.store.engine import Store
from newsletter.store.states import DetailState
from tests.support.clock import NOON, FrozenClock
from tests.support.records import add_reader, closed_day, follow, rendered, store_commits


async def waiting_everywhere(store: Store) -> dict[Kind, set[str]]:
    """Leave a piece of work of every kind without a job."""
    repository = await follow(store)
    fetch_id, analyse_id = await store_commits(store, repository, [1, 2])
    digest = await closed_day(store)
    reader = await add_reader(store)
    rendering_id = await rendered(store, digest)
    async with store.write() as transaction:
        await commits.give_up_detail(transaction.connection, analyse_id, DetailState.GONE)
        await deliveries.queue(
            transaction.connection,
            digest.id,
            [NewDelivery(subscriber_id=reader.id, rendering_id=rendering_id, message_id="<1@x>")],
            now=NOON,
        )
        await digests.mark_composed(transaction.connection, digest.id, now=NOON)
    open_digest = await closed_day(store, digest.day + timedelta(days=1))
    return {
        Kind.FETCH: {str(fetch_id)},
        Kind.ANALYSE: {str(analyse_id)},
        Kind.COMPOSE: {str(open_digest.id)},
        Kind.DELIVER: {str(digest.id)},
    }


async def queued(store: Store, kind: Kind) -> set[str]:
    async with store.read() as connection:
        return set(await jobs.known_keys(connection, kind.value))


async def test_every_kind_of_work_gets_its_job_back_once(store: Store, clock: FrozenClock) -> None:
    engine = EmbeddedJobs(store, clock=clock)
    left = await waiting_everywhere(store)
    # The push that brought the commits is not marked as expanded either.
    assert await requeue(store=store, jobs=engine) == len(left) + 1
    for kind, keys in left.items():
        assert await queued(store, kind) == keys
    assert len(await queued(store, Kind.EXPAND)) == 1
    assert await requeue(store=store, jobs=engine) == 0


async def test_what_is_done_gets_no_job(store: Store, clock: FrozenClock) -> None:
    engine = EmbeddedJobs(store, clock=clock)
    assert await requeue(store=store, jobs=engine) == 0


async def test_a_delivery_that_ended_needs_no_job(store: Store, clock: FrozenClock) -> None:
    await waiting_everywhere(store)
    async with store.write() as transaction:
        await deliveries.claim(transaction.connection, 1, now=NOON)
        sent = Outcome(status=DeliveryStatus.SENT, reply=Reply(code=250, text="ok"))
        assert await deliveries.record(transaction.connection, 1, sent, next_attempt_at=None, now=NOON)
    await requeue(store=store, jobs=EmbeddedJobs(store, clock=clock))
    assert await queued(store, Kind.DELIVER) == set()


async def test_a_job_that_ended_its_process_each_time_does_not_come_back(store: Store, clock: FrozenClock) -> None:
    engine = EmbeddedJobs(store, clock=clock)
    left = await waiting_everywhere(store)
    await requeue(store=store, jobs=engine)
    async with store.write() as transaction:
        for kind in (Kind.COMPOSE, Kind.FETCH):
            (stored,) = await jobs.due(
                transaction.connection, kind.value, now=NOON + timedelta(days=1), limit=5, running=()
            )
            error = jobs.PROCESS_ENDED if kind is Kind.COMPOSE else "GitHub is away"
            await jobs.bury(transaction.connection, stored.id, error=error, now=NOON)
    assert await requeue(store=store, jobs=engine) == 1
    async with store.read() as connection:
        (revived,) = await jobs.due(connection, Kind.FETCH.value, now=NOON + timedelta(days=1), limit=5, running=())
        assert await jobs.due(connection, Kind.COMPOSE.value, now=NOON + timedelta(days=1), limit=5, running=()) == ()
    assert {revived.key} == left[Kind.FETCH]
