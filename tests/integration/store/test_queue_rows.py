"""Rows of queued jobs, schedules and the model's usage."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

from newsletter.store import jobs, schedules, usage
from newsletter.store.engine import Store
from newsletter.store.jobs import BuriedJob, StoredJob
from newsletter.store.schedules import Schedule
from tests.support.clock import NOON

MINUTE = timedelta(minutes=1)


async def put(store: Store, key: str, *, kind: str = "fetch", run_at_minute: int = 0) -> None:
    async with store.write() as transaction:
        await jobs.put(transaction.connection, kind, [key], run_at=NOON + run_at_minute * MINUTE, now=NOON)


async def due(store: Store, *, minute: int = 0, limit: int = 9, running: tuple[int, ...] = ()) -> list[StoredJob]:
    async with store.read() as connection:
        return list(await jobs.due(connection, "fetch", now=NOON + minute * MINUTE, limit=limit, running=running))


async def test_due_jobs_come_in_the_order_in_which_they_became_due(store: Store) -> None:
    await put(store, "later", run_at_minute=2)
    await put(store, "second", run_at_minute=1)
    await put(store, "first")
    await put(store, "another kind", kind="close")
    found = await due(store, minute=2)
    assert [job.key for job in found] == ["first", "second", "later"]
    assert [job.key for job in await due(store, minute=1)] == ["first", "second"]
    assert [job.key for job in await due(store, minute=2, limit=1)] == ["first"]
    assert [job.key for job in await due(store, minute=2, running=(found[0].id, found[2].id))] == ["second"]
    assert found[0] == StoredJob(id=found[0].id, kind="fetch", key="first", attempts=0, created_at=NOON)


async def test_the_next_due_time_leaves_out_what_is_running(store: Store) -> None:
    async with store.read() as connection:
        assert await jobs.next_due(connection, ["fetch"], running=[]) is None
    await put(store, "second", run_at_minute=1)
    await put(store, "first")
    (first,) = await due(store)
    async with store.read() as connection:
        assert await jobs.next_due(connection, ["fetch", "close"], running=[]) == NOON
        assert await jobs.next_due(connection, ["fetch"], running=[first.id]) == NOON + MINUTE
        assert await jobs.next_due(connection, ["close"], running=[]) is None
        assert await jobs.next_due(connection, [], running=[]) is None


async def test_an_attempt_is_counted_when_it_begins_and_taken_back_when_it_was_none(store: Store) -> None:
    await put(store, "one")
    (job,) = await due(store)
    async with store.write() as transaction:
        await jobs.begin(transaction.connection, [job.id])
        await jobs.begin(transaction.connection, [job.id])
        await jobs.put_back(transaction.connection, job.id, until=NOON + MINUTE)
        await jobs.begin(transaction.connection, [])
    assert await due(store) == []
    (again,) = await due(store, minute=1)
    assert again.attempts == 1


async def test_a_job_that_is_done_is_gone_and_one_given_up_is_not_due(store: Store) -> None:
    for key in ("done", "given up", "waiting"):
        await put(store, key)
    done, given_up, waiting = await due(store)
    async with store.write() as transaction:
        await jobs.finish(transaction.connection, done.id)
        await jobs.finish(transaction.connection, done.id)
        await jobs.bury(transaction.connection, given_up.id, error="ValueError: no", now=NOON)
        await jobs.postpone(transaction.connection, waiting.id, until=NOON + MINUTE, error="later")
    assert [job.key for job in await due(store, minute=9)] == ["waiting"]


async def test_the_keys_that_need_no_new_job_are_those_that_wait(store: Store) -> None:
    for key in ("waiting", "failed", "done"):
        await put(store, key)
    await put(store, "another kind", kind="close")
    _, failed, done = await due(store)
    async with store.write() as transaction:
        await jobs.bury(transaction.connection, failed.id, error="ValueError: no", now=NOON)
        await jobs.finish(transaction.connection, done.id)
        assert await jobs.known_keys(transaction.connection, "fetch") == {"waiting"}
        assert await jobs.known_keys(transaction.connection, "expand") == frozenset()
        (grave,) = await jobs.buried(transaction.connection)
    assert grave == BuriedJob(id=failed.id, kind="fetch", key="failed", error="ValueError: no", failed_at=NOON)


async def bring_forward(store: Store, key: str, *, to_minute: int, now_minute: float = 0, anew: bool = False) -> bool:
    async with store.write() as transaction:
        return await jobs.bring_forward(
            transaction.connection,
            "fetch",
            key,
            run_at=NOON + to_minute * MINUTE,
            now=NOON + now_minute * MINUTE,
            anew=anew,
        )


async def test_a_job_that_waits_is_brought_forward_and_never_put_off(store: Store) -> None:
    await put(store, "late", run_at_minute=9)
    await put(store, "late", kind="close", run_at_minute=9)
    assert await bring_forward(store, "late", to_minute=20)
    assert await bring_forward(store, "late", to_minute=5)
    assert await due(store, minute=4) == []
    assert [job.key for job in await due(store, minute=5)] == ["late"]
    assert not await bring_forward(store, "another", to_minute=5)


async def test_a_job_that_has_begun_is_not_the_one_that_waits(store: Store) -> None:
    await put(store, "one")
    (job,) = await due(store)
    async with store.write() as transaction:
        await jobs.begin(transaction.connection, [job.id])
    assert not await bring_forward(store, "one", to_minute=1, now_minute=1)
    async with store.write() as transaction:
        await jobs.postpone(transaction.connection, job.id, until=NOON + 9 * MINUTE, error="later")
    assert await bring_forward(store, "one", to_minute=2, now_minute=1)
    assert [job.key for job in await due(store, minute=2)] == ["one"]
    async with store.write() as transaction:
        await jobs.bury(transaction.connection, job.id, error="no", now=NOON)
    assert not await bring_forward(store, "one", to_minute=2)


async def test_a_job_that_failed_may_begin_anew(store: Store) -> None:
    await put(store, "one")
    (job,) = await due(store)
    for anew in (False, True):
        async with store.write() as transaction:
            await jobs.begin(transaction.connection, [job.id])
            await jobs.postpone(transaction.connection, job.id, until=NOON + 9 * MINUTE, error="later")
        assert await bring_forward(store, "one", to_minute=2, now_minute=1, anew=anew)
        (job,) = await due(store, minute=2)
        assert (job.attempts, job.created_at) == ((0, NOON + MINUTE) if anew else (1, NOON))
    # One that never began keeps its place.
    assert await bring_forward(store, "one", to_minute=2, now_minute=1.5, anew=True)
    (job,) = await due(store, minute=2)
    assert (job.attempts, job.created_at) == (0, NOON + MINUTE)


async def test_a_schedule_is_set_up_once_and_moved_by_another_rule(store: Store) -> None:
    async with store.read() as connection:
        assert await schedules.load(connection, "daily") is None
    for rule, minute, expected in [("08:00", 0, 0), ("08:00", 5, 0), ("09:00", 7, 7)]:
        async with store.write() as transaction:
            await schedules.start(transaction.connection, "daily", rule=rule, next_at=NOON + minute * MINUTE)
            found = await schedules.load(transaction.connection, "daily")
        assert found == Schedule(rule=rule, next_at=NOON + expected * MINUTE)


async def test_of_many_processes_that_move_a_schedule_on_exactly_one_does(store: Store) -> None:
    async with store.write() as transaction:
        await schedules.start(transaction.connection, "daily", rule="r", next_at=NOON)

    async def advance() -> bool:
        async with store.write() as transaction:
            return await schedules.advance(transaction.connection, "daily", seen=NOON, to=NOON + MINUTE)

    assert sorted(await asyncio.gather(*(advance() for _ in range(8)))) == [False] * 7 + [True]
    async with store.read() as connection:
        assert await schedules.load(connection, "daily") == Schedule(rule="r", next_at=NOON + MINUTE)


async def test_a_schedule_that_nobody_set_up_cannot_be_moved(store: Store) -> None:
    async with store.write() as transaction:
        assert not await schedules.advance(transaction.connection, "daily", seen=NOON, to=NOON + MINUTE)


async def test_tokens_are_counted_by_day_over_all_models(store: Store) -> None:
    day = date(2026, 3, 2)

    async def count(model: str, day: date = day) -> None:
        async with store.write() as transaction:
            await usage.add(
                transaction.connection,
                day=day,
                model=model,
                repository="acme/tide",
                input_tokens=2**40,
                output_tokens=10,
            )

    async with store.read() as connection:
        assert await usage.total(connection, day) == 0
    await asyncio.gather(*(count(model) for model in ("m", "m", "m", "n")))
    await count("m", day + timedelta(days=1))
    async with store.read() as connection:
        assert await usage.total(connection, day) == 4 * (2**40 + 10)
