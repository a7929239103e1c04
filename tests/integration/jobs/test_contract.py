"""What every engine of jobs keeps to, whichever adapter and database it is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from newsletter.pipeline.port import Job, Kind, NotYet, Retries, RetryAfter
from tests.integration.jobs.conftest import Bench
from tests.support.databases import rolled_back
from tests.support.waiting import PATIENCE

SHORT = timedelta(milliseconds=100)
THRICE = Retries(max_attempts=3, first=SHORT, longest=timedelta(seconds=5))


class Diary:
    """A handler that remembers what it was given, and when."""

    def __init__(self, answer: Callable[[Job], Awaitable[None]] | None = None) -> None:
        self.entries: list[tuple[Job, datetime]] = []
        self._answer = answer
        self._changed = asyncio.Condition()

    async def __call__(self, job: Job) -> None:
        async with self._changed:
            self.entries.append((job, datetime.now(UTC)))
            self._changed.notify_all()
        if self._answer is not None:
            await self._answer(job)

    @property
    def keys(self) -> list[str]:
        return [job.key for job, _ in self.entries]

    @property
    def gaps(self) -> list[timedelta]:
        """Times between two attempts that follow each other."""
        instants = [at for _, at in self.entries]
        return [later - earlier for earlier, later in pairwise(instants)]

    async def has(self, number: int) -> None:
        """Wait for so many entries."""
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(lambda: len(self.entries) >= number)


def failing(*errors: Exception | None) -> Callable[[Job], Awaitable[None]]:
    """Return an answer that fails in these ways, one after the other; None is none."""
    waiting = iter(errors)

    async def answer(_: Job) -> None:
        if error := next(waiting):
            raise error

    return answer


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
