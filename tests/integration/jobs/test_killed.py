"""A process of jobs is killed at any time: nothing is lost, and nothing is tried for ever."""

from __future__ import annotations

import signal

from newsletter.pipeline.port import Kind
from tests.integration.jobs.conftest import Bench
from tests.support.jobs_process import CONCURRENCY, DIED, LOCKED, MAX_ATTEMPTS
from tests.support.jobs_runner import jobs_process
from tests.support.waiting import eventually

KEYS = [f"job-{number}" for number in range(12)]


def keys_of(lines: list[str]) -> list[str]:
    return [line.partition(" ")[2] for line in lines]


async def test_after_kill_9_in_the_middle_of_handlers_every_job_is_done(
    adapter_name: str, database_url: str, bench: Bench
) -> None:
    await bench.put(*KEYS)
    finished: set[str] = set()
    for finishing in (0, 3):
        async with jobs_process(adapter_name, database_url, "fetch=hold") as process:
            begun = keys_of(await process.hear(beginning="begun", times=CONCURRENCY))
            await process.release(*begun[:finishing])
            await process.hear(beginning="done", times=finishing)
            await process.kill()
            finished |= set(keys_of([line for line in process.said if line.startswith("done")]))
    async with jobs_process(adapter_name, database_url, "fetch=note") as process:
        await bench.all_settled()
        await process.kill()
        finished |= set(keys_of([line for line in process.said if line.startswith("done")]))
    assert finished == set(KEYS)
    assert await bench.given_up() == []


async def test_a_job_that_kills_its_process_is_not_tried_for_ever(
    adapter_name: str, database_url: str, bench: Bench
) -> None:
    await bench.put("deadly", kind=Kind.ANALYSE)
    await bench.put("harmless")
    for _ in range(MAX_ATTEMPTS):
        async with jobs_process(adapter_name, database_url, "analyse=die") as process:
            assert await process.ended() == DIED
            assert process.said == ["ready", "begun deadly"]
    async with jobs_process(adapter_name, database_url, "analyse=die", "fetch=note") as process:
        await process.hear(beginning="done harmless")
        await bench.all_settled()
        process.signal(signal.SIGTERM)
        assert await process.ended() == 0
        assert "begun deadly" not in process.said
    (given_up,) = await bench.given_up()
    assert (given_up.kind, given_up.key) == (Kind.ANALYSE, "deadly")
    assert "process ended" in given_up.error


async def test_sigterm_finishes_what_runs_and_begins_nothing_new(
    adapter_name: str, database_url: str, bench: Bench
) -> None:
    await bench.put(*KEYS)
    async with jobs_process(adapter_name, database_url, "fetch=hold") as process:
        begun = keys_of(await process.hear(beginning="begun", times=CONCURRENCY))
        process.signal(signal.SIGTERM)
        await process.hear(beginning="stopping")
        await process.release(*KEYS)
        assert await process.ended() == 0
        assert sorted(process.said[1:]) == sorted(
            [*(f"begun {key}" for key in begun), "stopping", *(f"done {key}" for key in begun), "stopped"]
        )
    assert await bench.adapter.waiting(bench.store) == len(KEYS) - CONCURRENCY


async def test_a_second_process_is_refused_until_the_first_is_dead(
    adapter_name: str, database_url: str, bench: Bench
) -> None:
    await bench.put("held")
    async with jobs_process(adapter_name, database_url, "fetch=hold") as first:
        await first.hear(beginning="begun held")
        async with jobs_process(adapter_name, database_url, "fetch=note") as second:
            assert await second.ended() == LOCKED
            assert second.said == ["locked"]
        await first.kill()

    async def taken_over() -> bool:
        """PostgreSQL needs a moment to notice that its client is gone."""
        async with jobs_process(adapter_name, database_url, "fetch=note") as heir:
            await heir.hear(beginning="")
            if heir.said == ["locked"]:
                return False
            await heir.hear(beginning="done held")
        return True

    await eventually(taken_over)
