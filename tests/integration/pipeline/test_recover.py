"""Work whose job was given up gets another one."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine, event

from newsletter.delivery.record import DeliveryStatus, Outcome, Reply
from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.pipeline.port import Kind
from newsletter.pipeline.recover import DEADLY_PAUSE, KEPT, requeue
from newsletter.store import commits, deliveries, digests, jobs, repositories
from newsletter.store.engine import Store
from newsletter.store.states import DetailState
from tests.support.clock import NOON, FrozenClock
from tests.support.delivery_rows import NewDelivery, queue
from tests.support.records import add_reader, closed_day, follow, rendered, store_commits

SECOND = timedelta(seconds=1)


async def waiting_everywhere(store: Store) -> dict[Kind, set[str]]:
    """Leave a piece of work of every kind without a job."""
    repository = await follow(store)
    fetch_id, analyse_id = await store_commits(store, repository, [1, 2])
    digest = await closed_day(store)
    reader = await add_reader(store)
    rendering_id = await rendered(store, digest)
    async with store.write() as transaction:
        await commits.give_up_detail(transaction.connection, analyse_id, DetailState.GONE)
        await queue(
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


async def give_up(store: Store, kind: Kind, *, error: str) -> None:
    """Let the one job of a kind be given up at noon."""
    async with store.write() as transaction:
        (stored,) = await jobs.due(transaction.connection, kind.value, now=NOON + 9 * DEADLY_PAUSE, limit=5, running=())
        await jobs.bury(transaction.connection, stored.id, error=error, now=NOON)


async def given_up(store: Store) -> list[str]:
    async with store.read() as connection:
        return [job.kind for job in await jobs.buried(connection)]


async def test_a_job_that_was_given_up_comes_back_and_is_forgotten(store: Store, clock: FrozenClock) -> None:
    engine = EmbeddedJobs(store, clock=clock)
    left = await waiting_everywhere(store)
    await requeue(store=store, jobs=engine, now=NOON)
    await give_up(store, Kind.FETCH, error="GitHub is away")
    assert await queued(store, Kind.FETCH) == set()
    assert await requeue(store=store, jobs=engine, now=NOON) == 1
    assert await queued(store, Kind.FETCH) == left[Kind.FETCH]
    assert await given_up(store) == []


async def test_a_job_that_ended_its_process_each_time_comes_back_after_a_pause(
    store: Store, clock: FrozenClock
) -> None:
    engine = EmbeddedJobs(store, clock=clock)
    left = await waiting_everywhere(store)
    await requeue(store=store, jobs=engine, now=NOON)
    await give_up(store, Kind.COMPOSE, error=jobs.PROCESS_ENDED)
    assert await requeue(store=store, jobs=engine, now=NOON + DEADLY_PAUSE - SECOND) == 0
    assert await given_up(store) == [Kind.COMPOSE]
    assert await requeue(store=store, jobs=engine, now=NOON + DEADLY_PAUSE) == 1
    assert await queued(store, Kind.COMPOSE) == left[Kind.COMPOSE]
    assert await given_up(store) == []


async def test_a_job_that_was_given_up_is_forgotten_when_its_work_is_done(store: Store, clock: FrozenClock) -> None:
    engine = EmbeddedJobs(store, clock=clock)
    left = await waiting_everywhere(store)
    await requeue(store=store, jobs=engine, now=NOON)
    await give_up(store, Kind.COMPOSE, error=jobs.PROCESS_ENDED)
    async with store.write() as transaction:
        (digest_id,) = left[Kind.COMPOSE]
        await digests.mark_composed(transaction.connection, int(digest_id), now=NOON)
    assert await requeue(store=store, jobs=engine, now=NOON) == 0
    assert await given_up(store) == []


async def test_what_no_row_tells_of_is_kept_for_a_while_when_it_was_given_up(store: Store, clock: FrozenClock) -> None:
    engine = EmbeddedJobs(store, clock=clock)
    async with store.write() as transaction:
        await engine.put(transaction, Kind.CLOSE, "2026-03-01")
    await give_up(store, Kind.CLOSE, error="no")
    for later, kept in ((timedelta(0), [Kind.CLOSE]), (KEPT, [Kind.CLOSE]), (KEPT + SECOND, [])):
        assert await requeue(store=store, jobs=engine, now=NOON + later) == 0
        assert await given_up(store) == kept


async def test_a_comparison_that_was_given_up_is_forgotten_once_another_is_queued(
    store: Store, clock: FrozenClock
) -> None:
    engine = EmbeddedJobs(store, clock=clock)
    key = (await follow(store)).key
    await put_and_give_up(store, engine, key)
    assert await requeue(store=store, jobs=engine, now=NOON + SECOND) == 0
    assert await given_up(store) == [Kind.RECONCILE]
    async with store.write() as transaction:
        await engine.put(transaction, Kind.RECONCILE, key)
    assert await requeue(store=store, jobs=engine, now=NOON + SECOND) == 0
    assert await given_up(store) == []
    assert await queued(store, Kind.RECONCILE) == {key}


async def test_a_comparison_that_was_given_up_is_forgotten_once_another_succeeded(
    store: Store, clock: FrozenClock
) -> None:
    engine = EmbeddedJobs(store, clock=clock)
    repository = await follow(store)
    await put_and_give_up(store, engine, repository.key)
    for at, kept in ((NOON - SECOND, [Kind.RECONCILE]), (NOON + SECOND, [])):
        async with store.write() as transaction:
            await repositories.mark_reconciled(transaction.connection, repository.id, at=at)
        assert await requeue(store=store, jobs=engine, now=NOON + SECOND) == 0
        assert await given_up(store) == kept


async def put_and_give_up(store: Store, engine: EmbeddedJobs, key: str) -> None:
    async with store.write() as transaction:
        await engine.put(transaction, Kind.RECONCILE, key)
    await give_up(store, Kind.RECONCILE, error="GitHub is away")


async def test_jobs_that_were_given_up_are_read_once(store: Store, clock: FrozenClock) -> None:
    await waiting_everywhere(store)
    asked: list[str] = []

    def note(_: object, __: object, statement: str, *rest: object) -> None:
        if "failed_at IS NOT NULL" in statement:
            asked.append(statement)

    # Readers of SQLite have an engine of their own.
    event.listen(Engine, "before_cursor_execute", note)
    try:
        assert await requeue(store=store, jobs=EmbeddedJobs(store, clock=clock), now=NOON) > 0
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert len(asked) == 1
