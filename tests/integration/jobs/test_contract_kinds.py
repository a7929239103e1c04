"""What every engine of jobs keeps to: how many of a kind run at once, and which kinds run at all."""

from __future__ import annotations

import asyncio

from newsletter.pipeline.port import Job, Kind
from tests.integration.jobs.conftest import Bench
from tests.support.diary import Diary


async def test_as_many_jobs_of_a_kind_run_at_once_as_it_may(bench: Bench) -> None:
    running: dict[Kind, set[str]] = {Kind.FETCH: set(), Kind.CLOSE: set()}
    most = dict.fromkeys(running, 0)
    full = asyncio.Event()

    async def crowd(job: Job) -> None:
        running[job.kind].add(job.key)
        most[job.kind] = max(most[job.kind], len(running[job.kind]))
        if most == {Kind.FETCH: 3, Kind.CLOSE: 1}:
            full.set()
        await full.wait()
        running[job.kind].remove(job.key)

    bench.register(crowd, concurrency=3)
    bench.register(crowd, kind=Kind.CLOSE, concurrency=1)
    await bench.put(*"abcdefghij")
    await bench.put(*"klm", kind=Kind.CLOSE)
    async with bench.running():
        await bench.all_settled()
    assert most == {Kind.FETCH: 3, Kind.CLOSE: 1}


async def test_a_long_job_does_not_hold_up_the_others_of_its_kind(bench: Bench) -> None:
    finish = asyncio.Event()

    async def answer(job: Job) -> None:
        if job.key == "long":
            await finish.wait()

    diary = Diary(answer)
    bench.register(diary, concurrency=2)
    await bench.put("long")
    async with bench.running():
        await diary.has(1)
        await bench.put(*"abcdef")
        await diary.has(7)
        finish.set()
        await bench.all_settled()
    assert sorted(diary.keys) == [*"abcdef", "long"]


async def test_kinds_that_were_not_asked_for_are_left_alone(bench: Bench) -> None:
    diary = Diary()
    for kind in (Kind.FETCH, Kind.DELIVER):
        bench.register(diary, kind=kind)
    await bench.put("mail", kind=Kind.DELIVER)
    await bench.put("commit")
    async with bench.running(only=[Kind.FETCH]):
        await diary.has(1)
    assert not await bench.nothing_waits()
    assert diary.keys == ["commit"]
    async with bench.running():
        await diary.has(2)
    assert diary.keys == ["commit", "mail"]


async def test_a_kind_that_nobody_registered_waits_until_somebody_does(bench: Bench) -> None:
    await bench.put("7")
    diary = Diary()
    async with bench.running():
        pass
    bench.register(diary)
    async with bench.running():
        await diary.has(1)
    assert diary.keys == ["7"]
