"""What every engine of jobs keeps to, whichever adapter and database: each job runs once, at its time, in its order."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from newsletter.pipeline.port import Job, Kind
from tests.integration.jobs.conftest import Bench
from tests.support.databases import rolled_back
from tests.support.diary import Diary

SHORT = timedelta(milliseconds=100)


async def test_a_job_is_run_with_its_key_and_then_gone(bench: Bench) -> None:
    diary = Diary()
    bench.register(diary)
    before = datetime.now(UTC)
    await bench.put("7")
    async with bench.running():
        await diary.has(1)
        await bench.all_settled()
    ((job, _),) = diary.entries
    assert (job.kind, job.key, job.attempt, job.last) == (Kind.FETCH, "7", 1, True)
    assert before <= job.queued_at <= datetime.now(UTC)
    assert await bench.given_up() == []


async def test_a_job_in_a_transaction_that_is_rolled_back_never_runs(bench: Bench) -> None:
    diary = Diary()
    bench.register(diary)
    async with bench.running():
        async with rolled_back(bench.store) as transaction:
            await bench.engine.put(transaction, Kind.FETCH, "never")
        await bench.put("afterwards")
        await diary.has(1)
        await bench.all_settled()
    assert diary.keys == ["afterwards"]


async def test_a_job_is_not_seen_before_its_transaction_is_committed(bench: Bench) -> None:
    diary = Diary()
    bench.register(diary)
    async with bench.running():
        await bench.put("first")
        await diary.has(1)
        async with bench.store.write() as transaction:
            await bench.engine.put(transaction, Kind.FETCH, "second")
            committing = datetime.now(UTC)
        await diary.has(2)
    assert diary.keys == ["first", "second"]
    assert diary.entries[1][1] >= committing


async def test_a_job_is_run_at_its_time_and_not_before(bench: Bench) -> None:
    diary = Diary()
    bench.register(diary)
    run_at = datetime.now(UTC) + 3 * SHORT
    async with bench.running():
        await bench.put("later", run_at=run_at)
        await bench.put("now")
        await diary.has(2)
    assert diary.keys == ["now", "later"]
    assert diary.entries[0][1] < run_at <= diary.entries[1][1]


async def test_jobs_queued_while_nothing_ran_are_run_in_their_order(bench: Bench) -> None:
    diary = Diary()
    await bench.put("second")
    await bench.put("third")
    await bench.put("first", run_at=datetime.now(UTC) - timedelta(days=1))
    bench.register(diary)
    async with bench.running():
        await diary.has(3)
    assert diary.keys == ["first", "second", "third"]


async def test_the_same_job_twice_is_run_twice(bench: Bench) -> None:
    """Handlers look at the row first; the engine does not know what a key means."""
    diary = Diary()
    bench.register(diary)
    await bench.put("7", "7")
    async with bench.running():
        await diary.has(2)
        await bench.all_settled()
    assert diary.keys == ["7", "7"]


async def test_a_handler_can_queue_the_next_step_in_its_own_transaction(bench: Bench) -> None:
    last = Diary()

    async def step(job: Job) -> None:
        async with bench.store.write() as transaction:
            await bench.engine.put(transaction, Kind.ANALYSE, job.key)

    bench.register(step)
    bench.register(last, kind=Kind.ANALYSE)
    async with bench.running():
        await bench.put("7")
        await last.has(1)
        await bench.all_settled()
    assert last.keys == ["7"]


async def test_repairs_are_done_before_the_first_job(bench: Bench) -> None:
    order: list[str] = []

    async def repair() -> None:
        order.append("repaired")

    async def handler(job: Job) -> None:
        order.append(job.key)

    bench.register(handler)
    await bench.put("7")
    async with bench.running(before=repair):
        await bench.all_settled()
    assert order == ["repaired", "7"]


async def test_told_to_stop_it_finishes_what_runs_and_begins_nothing_new(bench: Bench) -> None:
    finish = asyncio.Event()

    async def answer(_: Job) -> None:
        await finish.wait()

    diary = Diary(answer)
    bench.register(diary, concurrency=2)
    await bench.put("a", "b", "c", "d")
    async with bench.running() as stop:
        await diary.has(2)
        stop.set()
        await bench.put("e")
        finish.set()
    assert diary.keys == ["a", "b"]
    assert await bench.adapter.waiting(bench.store) == 3
    async with bench.running():
        await diary.has(5)
        await bench.all_settled()
    assert sorted(diary.keys) == [*"abcde"]
    assert all(job.attempt == 1 for job, _ in diary.entries)


async def test_two_hundred_jobs_are_each_run_once(bench: Bench) -> None:
    diary = Diary()
    bench.register(diary, concurrency=8)
    keys = [str(number) for number in range(200)]
    async with bench.running():
        await bench.put(*keys[:100])
        await bench.put(*keys[100:])
        await bench.all_settled()
    assert sorted(diary.keys) == sorted(keys)
