"""What every engine of jobs keeps to: what fails is tried again after its pause, then given up and kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from newsletter.pipeline.port import Job, Kind, NotYet, Retries, RetryAfter
from tests.integration.jobs.conftest import Bench
from tests.support.diary import Diary, failing

SHORT = timedelta(milliseconds=100)
THRICE = Retries(max_attempts=3, first=SHORT, longest=timedelta(seconds=5))


async def test_a_job_that_fails_is_tried_again_after_growing_pauses(bench: Bench) -> None:
    diary = Diary(failing(ValueError("one"), ValueError("two"), None))
    bench.register(diary, retries=THRICE)
    await bench.put("7")
    async with bench.running():
        await diary.has(3)
        await bench.all_settled()
    assert [(job.attempt, job.last) for job, _ in diary.entries] == [(1, False), (2, False), (3, True)]
    assert [gap >= pause for gap, pause in zip(diary.gaps, (SHORT, 2 * SHORT), strict=True)] == [True, True]
    assert len({job.queued_at for job, _ in diary.entries}) == 1
    assert await bench.given_up() == []


@pytest.mark.parametrize(
    ("after", "at_least"),
    [
        pytest.param(4 * SHORT, 4 * SHORT, id="longer than the pause: it is honoured"),
        pytest.param(timedelta(0), SHORT, id="shorter than the pause: the pause stays"),
        pytest.param(None, SHORT, id="not said"),
    ],
)
async def test_whoever_says_how_long_to_wait_is_heard(
    bench: Bench, after: timedelta | None, at_least: timedelta
) -> None:
    diary = Diary(failing(RetryAfter("rate limit", after=after), None))
    bench.register(diary, retries=THRICE)
    await bench.put("7")
    async with bench.running():
        await diary.has(2)
        await bench.all_settled()
    assert diary.gaps[0] >= at_least


async def test_a_job_whose_time_has_not_come_uses_up_no_attempt(bench: Bench) -> None:
    diary = Diary(failing(*(NotYet("too early", after=SHORT) for _ in range(4)), None))
    bench.register(diary)
    await bench.put("7")
    async with bench.running():
        await diary.has(5)
        await bench.all_settled()
    assert [job.attempt for job, _ in diary.entries] == [1] * 5
    assert all(gap >= SHORT for gap in diary.gaps)
    assert await bench.given_up() == []


async def test_a_job_is_given_up_after_its_last_attempt_and_kept_with_its_error(bench: Bench) -> None:
    async def answer(job: Job) -> None:
        raise ValueError(f"attempt {job.attempt}: ada@example.org used ghp_{'x' * 36}\nat length: {'y' * 9999}")

    diary = Diary(answer)
    bench.register(diary, retries=Retries(max_attempts=2, first=timedelta(0), longest=timedelta(0)))
    await bench.put("7")
    async with bench.running():
        await bench.all_settled()
    (given_up,) = await bench.given_up()
    assert (given_up.kind, given_up.key) == (Kind.FETCH, "7")
    assert given_up.error.startswith("ValueError: attempt 2: [address] used [secret]")
    assert len(given_up.error) <= 500
    assert diary.keys == ["7", "7"]


async def test_a_job_that_was_given_up_is_not_run_again_after_a_restart(bench: Bench) -> None:
    diary = Diary(failing(ValueError("no")))
    bench.register(diary)
    await bench.put("7")
    for _ in range(2):
        async with bench.running():
            await bench.all_settled()
    assert diary.keys == ["7"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("NUL: \0", id="NUL, which PostgreSQL cannot store"),
        pytest.param("half: \ud83d", id="half a surrogate pair, which nothing can encode"),
        pytest.param("", id="no text at all"),
        pytest.param("🚢\u202e", id="emoji and bidi"),
    ],
)
async def test_an_error_of_any_text_can_be_kept(bench: Bench, text: str) -> None:
    diary = Diary(failing(ValueError(text)))
    bench.register(diary)
    await bench.put("7")
    async with bench.running():
        await bench.all_settled()
    assert diary.keys == ["7"]
    (given_up,) = await bench.given_up()
    assert given_up.error.startswith("ValueError: ")


async def test_a_handler_that_fails_does_not_stop_the_others(bench: Bench) -> None:
    fine = Diary()
    bench.register(Diary(failing(*(ValueError("no") for _ in range(5)))), kind=Kind.ANALYSE)
    bench.register(fine)
    async with bench.running():
        await bench.put("1", "2", "3", "4", "5", kind=Kind.ANALYSE)
        await bench.put("6", "7")
        await fine.has(2)
        await bench.all_settled()
    assert sorted(fine.keys) == ["6", "7"]
    assert [one.key for one in await bench.given_up()] == ["1", "2", "3", "4", "5"]
