"""The engine inside the process: when it looks for jobs, how it ends, and that mail is queued once."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from newsletter.jobs.draining import let_finish
from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.pipeline.port import Job, Kind
from newsletter.store import jobs
from newsletter.store.engine import Store
from tests.support.clock import FrozenClock
from tests.support.embedded import (
    FOREVER,
    QUICK,
    THRICE,
    Seen,
    attempts,
    engine_of,
    nothing_left,
    put,
    running,
    utc_now,
)
from tests.support.waiting import PATIENCE, eventually


async def test_a_committed_job_wakes_the_loop_without_waiting_for_the_next_look(store: Store) -> None:
    engine, seen = engine_of(store, poll=FOREVER), Seen()
    engine.register(Kind.FETCH, seen, concurrency=1, retries=THRICE)
    async with running(engine):
        for key in ("1", "2", "3"):
            await put(store, engine, key)
            assert await seen.next() == key


async def test_a_job_that_another_process_queued_is_noticed_at_the_next_look(store: Store) -> None:
    engine, seen = engine_of(store), Seen()
    engine.register(Kind.FETCH, seen, concurrency=1, retries=THRICE)
    async with running(engine):
        await put(store, engine, "own")
        assert await seen.next() == "own"
        await put(store, engine_of(store), "a verb's")
        assert await seen.next() == "a verb's"


async def test_a_job_that_waits_for_its_time_is_found_when_the_clock_is_put_forward(store: Store) -> None:
    clock, seen = FrozenClock(), Seen()
    engine = EmbeddedJobs(store, clock=clock, poll=QUICK)
    engine.register(Kind.FETCH, seen, concurrency=1, retries=THRICE)
    async with store.write() as transaction:
        await engine.put(transaction, Kind.FETCH, "tomorrow", run_at=clock() + FOREVER)
        await engine.put(transaction, Kind.FETCH, "now")
    async with running(engine):
        assert await seen.next() == "now"
        clock.advance(FOREVER)
        assert await seen.next() == "tomorrow"


async def test_a_handler_that_never_ends_is_cancelled_after_the_drain_and_its_attempt_counts(store: Store) -> None:
    begun = asyncio.Event()

    async def endless(_: Job) -> None:
        begun.set()
        await asyncio.Event().wait()

    engine = engine_of(store, drain=QUICK)
    engine.register(Kind.FETCH, endless, concurrency=1, retries=THRICE)
    await put(store, engine, "7")
    async with running(engine):
        await begun.wait()
    assert await attempts(store) == [1]
    again, seen = engine_of(store), Seen()
    again.register(Kind.FETCH, seen, concurrency=1, retries=THRICE)
    async with running(again):
        assert await seen.next() == "7"
        await eventually(lambda: nothing_left(store))


async def test_a_stop_in_the_middle_of_a_look_begins_nothing_and_counts_nothing(store: Store) -> None:
    stop = asyncio.Event()

    def clock() -> datetime:
        stop.set()
        return utc_now()

    engine, seen = EmbeddedJobs(store, clock=clock, poll=QUICK), Seen()
    for kind in (Kind.FETCH, Kind.DELIVER):
        engine.register(kind, seen, concurrency=1, retries=THRICE)
        await put(store, engine_of(store), "7", kind=kind)
    await asyncio.wait_for(engine.run(stop), PATIENCE)
    assert await attempts(store) == [0, 0]


async def test_one_delivery_job_that_waits_is_enough_and_comes_at_the_earliest_time(store: Store) -> None:
    engine, seen = engine_of(store), Seen()
    engine.register(Kind.DELIVER, seen, concurrency=1, retries=THRICE)
    for run_at in (utc_now() + FOREVER, None, utc_now() + FOREVER):
        async with store.write() as transaction:
            await engine.put(transaction, Kind.DELIVER, "7", run_at=run_at)
            await engine.put(transaction, Kind.DELIVER, "8", run_at=run_at)
    assert await attempts(store) == [0, 0]
    async with running(engine):
        assert {await seen.next(), await seen.next()} == {"7", "8"}
        await eventually(lambda: nothing_left(store))


async def test_one_comparison_that_waits_is_enough_and_one_that_failed_begins_anew(store: Store) -> None:
    engine, seen = engine_of(store), Seen()
    async with store.write() as transaction:
        await engine.put(transaction, Kind.RECONCILE, "7")
        await engine.put_many(transaction, Kind.RECONCILE, ["7", "8"])
    assert await attempts(store) == [0, 0]
    async with store.write() as transaction:
        await jobs.begin(transaction.connection, [1])
        await jobs.postpone(transaction.connection, 1, until=utc_now() + FOREVER, error="GitHub is away")
    await put(store, engine, "7", kind=Kind.RECONCILE)
    assert await attempts(store) == [0, 0]
    engine.register(Kind.RECONCILE, seen, concurrency=1, retries=THRICE)
    async with running(engine):
        assert {await seen.next(), await seen.next()} == {"7", "8"}
        await eventually(lambda: nothing_left(store))


async def test_a_delivery_job_queued_while_another_one_runs_is_run_after_it(store: Store) -> None:
    """The one that runs may be past what the second one is for."""
    finish, ran = asyncio.Event(), Seen()

    async def deliver(job: Job) -> None:
        await ran(job)
        await finish.wait()

    engine = engine_of(store)
    engine.register(Kind.DELIVER, deliver, concurrency=1, retries=THRICE)
    async with running(engine):
        await put(store, engine, "7", kind=Kind.DELIVER)
        await ran.next()
        for _ in range(3):
            await put(store, engine, "7", kind=Kind.DELIVER)
        assert len(await attempts(store)) == 2
        finish.set()
        assert await ran.next() == "7"
        await eventually(lambda: nothing_left(store))


@pytest.mark.parametrize(
    ("patience", "drain", "stopped"),
    [
        pytest.param(QUICK, FOREVER, False, id="nobody waits for this process: until its patience ends"),
        pytest.param(FOREVER, QUICK, True, id="somebody does: until the drain ends"),
    ],
)
async def test_what_does_not_end_by_itself_is_cancelled(patience: timedelta, drain: timedelta, stopped: bool) -> None:
    stop = asyncio.Event()
    endless = asyncio.create_task(asyncio.Event().wait())
    letting = asyncio.create_task(let_finish([endless], stop, patience=patience, drain=drain))
    await asyncio.sleep(0)
    if stopped:
        stop.set()
    await asyncio.wait_for(letting, PATIENCE)
    assert endless.cancelled()
