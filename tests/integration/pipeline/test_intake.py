"""Pushes that come in together are stored together, and each gets its own answer."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, select

from newsletter.errors import StoreUnavailable
from newsletter.github.record import Push
from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.pipeline.port import Kind
from newsletter.pipeline.receive import EARLIEST, MOST_TOGETHER, Ignored, Intake, Receipt, Received, reached_at
from newsletter.store import jobs, pushes, repositories, tables
from newsletter.store.engine import Store
from tests.support.clock import NOON, FrozenClock
from tests.support.databases import PostgreSQLServer
from tests.support.graph import NONE, Graph, push_of
from tests.support.newsroom import Newsroom
from tests.support.records import follow

Result = TypeVar("Result")
STORED, KNOWN = Received(receipt=Receipt.STORED), Received(receipt=Receipt.KNOWN)


class Counting(Store):
    """A store that counts the transactions in which pushes are stored."""

    transactions = 0

    async def write_at_once(self, work: Callable[[Connection], Result]) -> Result:
        self.transactions += 1
        return await super().write_at_once(work)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Counting]:
    store = Counting(database_url, busy_timeout=0.05)
    yield store
    await store.close()


@pytest.fixture
def newsroom(store: Store, clock: FrozenClock) -> Newsroom:
    return Newsroom(store, clock)


@pytest.fixture
async def intake(store: Counting, clock: FrozenClock) -> Intake:
    """Takes the pushes of a repository that it has just had one of."""
    await follow(store)
    intake = Intake(store=store, jobs=EmbeddedJobs(store, clock=clock))
    assert await receive(intake, push()) == STORED
    store.transactions = 0
    return intake


def push(before: int = 1, after: int = 2, **told: Any) -> Push:
    """Return a delivery of its own."""
    return push_of(Graph(), before, after, [], **told)[0]


async def receive(intake: Intake, push: Push, body: bytes = b"{}") -> Received:
    return await intake.receive(push, body, now=NOON)


async def bodies(store: Store) -> dict[str, bytes]:
    """Return what is stored, by hook_id."""
    async with store.read() as connection:
        rows = await connection.execute(select(tables.pushes.c.hook_id, tables.pushes.c.body))
        return {row.hook_id: row.body for row in rows}


@pytest.mark.parametrize("count", [1, 40, 2 * MOST_TOGETHER + 5])
async def test_pushes_that_come_together_share_a_transaction(
    intake: Intake, store: Counting, newsroom: Newsroom, count: int
) -> None:
    coming = [push() for _ in range(count)]
    answers = await asyncio.gather(*(receive(intake, each, f"{number}".encode()) for number, each in enumerate(coming)))
    assert answers == [STORED] * count
    stored = await bodies(store)
    assert [stored[each.hook_id] for each in coming] == [f"{number}".encode() for number in range(count)]
    queued = await newsroom.queued(Kind.EXPAND)
    assert len(queued) == len(set(queued)) == count + 1
    # The first one may have set out alone.
    assert store.transactions <= 1 + -(-count // MOST_TOGETHER)


async def test_the_same_delivery_twice_at_once_is_stored_once(intake: Intake, newsroom: Newsroom) -> None:
    one, other = push(), push()
    answers = await asyncio.gather(*(receive(intake, each) for each in (one, other, one)))
    assert answers == [STORED, STORED, KNOWN]
    assert len(await newsroom.queued(Kind.EXPAND)) == 3


async def test_two_processes_store_a_delivery_once(
    intake: Intake, store: Counting, clock: FrozenClock, newsroom: Newsroom
) -> None:
    other = Intake(store=store, jobs=EmbeddedJobs(store, clock=clock))
    delivery = push()
    await asyncio.gather(*(receive(each, delivery) for each in (intake, other)))
    assert list(await bodies(store)).count(delivery.hook_id) == 1
    assert set(await newsroom.queued(Kind.EXPAND)) == set(await bodies(store))


async def test_a_push_that_cannot_be_stored_does_not_spoil_the_others(intake: Intake, store: Counting) -> None:
    # Half a surrogate pair is no text to any database.
    coming = [push(), replace(push(), hook_id="\ud800"), push(), push()]
    answers = await asyncio.gather(*(receive(intake, each) for each in coming), return_exceptions=True)
    assert [answers[number] for number in (0, 2, 3)] == [STORED] * 3
    assert isinstance(answers[1], UnicodeEncodeError)
    assert {coming[number].hook_id for number in (0, 2, 3)} < set(await bodies(store))
    assert await receive(intake, push()) == STORED


async def test_whoever_hangs_up_takes_nobody_along(intake: Intake, store: Counting) -> None:
    coming = [push() for _ in range(5)]
    tasks = [asyncio.create_task(receive(intake, each)) for each in coming]
    await asyncio.sleep(0)
    tasks[0].cancel()
    tasks[3].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [answers[number] for number in (1, 2, 4)] == [STORED] * 3
    assert all(isinstance(answers[number], asyncio.CancelledError) for number in (0, 3))
    assert await receive(intake, push()) == STORED
    # It had arrived, and is as good as any other.
    assert {each.hook_id for each in coming} < set(await bodies(store))


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Let another process write for as long as this lasts."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def away(store: Store, server: PostgreSQLServer) -> Iterator[None]:
    """Let a database take no connections for as long as this lasts."""
    name = store.url.database
    server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    server.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'")
    yield
    server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


async def test_while_the_database_is_away_everybody_is_told_and_nothing_is_stored(
    intake: Intake, store: Counting, database_url: str, request: pytest.FixtureRequest
) -> None:
    before = await bodies(store)
    outage = locked(database_url) if store.is_sqlite else away(store, request.getfixturevalue("postgresql_server"))
    coming = [push() for _ in range(4)]
    with outage:
        answers = await asyncio.gather(*(receive(intake, each) for each in coming), return_exceptions=True)
    assert [type(answer) for answer in answers] == [StoreUnavailable] * 4
    assert await bodies(store) == before
    assert await asyncio.gather(*(receive(intake, each) for each in coming)) == [STORED] * 4


async def bury(store: Store, hook_id: str, error: str) -> None:
    """Give up the processing of a push."""
    async with store.write() as transaction:
        due = await jobs.due(
            transaction.connection, Kind.EXPAND.value, now=datetime.max.replace(tzinfo=UTC), limit=99, running=()
        )
        (found,) = [job for job in due if job.key == hook_id]
        await jobs.bury(transaction.connection, found.id, error=error, now=NOON)


async def test_a_delivery_that_comes_again_is_processed_again_only_where_that_had_failed(
    intake: Intake, store: Counting, newsroom: Newsroom
) -> None:
    failed, waiting = push(), push()
    for each in (failed, waiting):
        await receive(intake, each)
    await bury(store, failed.hook_id, "the disk was full")
    for each in (failed, waiting):
        assert await receive(intake, each, b"again") == KNOWN
    queued = await newsroom.queued(Kind.EXPAND)
    assert [queued.count(each.hook_id) for each in (failed, waiting)] == [1, 1]
    assert (await bodies(store))[failed.hook_id] == b"{}"


async def test_a_delivery_that_comes_again_after_its_processing_is_left_alone(
    intake: Intake, store: Counting, newsroom: Newsroom
) -> None:
    done, open_still = push(), push()
    for each in (done, open_still):
        await receive(intake, each)
        await bury(store, each.hook_id, "done with")
    async with store.write() as transaction:
        stored = await pushes.by_hook_id(transaction.connection, done.hook_id)
        assert stored is not None
        await pushes.mark_expanded(transaction.connection, stored.id, now=NOON)
        # This one waits for the rest of its commits.
        await newsroom.jobs.put(transaction, Kind.COMPLETE, open_still.hook_id)
    for each in (done, open_still):
        assert await receive(intake, each) == KNOWN
    assert not {done.hook_id, open_still.hook_id} & set(await newsroom.queued(Kind.EXPAND))


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        pytest.param({"ref": "refs/heads/topic"}, Ignored.OTHER_BRANCH, id="another branch"),
        pytest.param({"ref": "refs/tags/main"}, Ignored.NO_BRANCH, id="a tag of the branch's name"),
        pytest.param({"ref": "refs/notes/main"}, Ignored.NO_BRANCH, id="what is neither"),
        pytest.param({"after": NONE}, Ignored.BRANCH_DELETED, id="a branch that was deleted"),
    ],
)
async def test_what_is_of_no_use_is_not_stored_and_says_why(
    intake: Intake, store: Counting, told: dict[str, Any], reason: Ignored
) -> None:
    assert await receive(intake, push(**told)) == Received(receipt=Receipt.IGNORED, reason=reason)
    assert store.transactions == 0


async def test_a_repository_nobody_follows_is_told_so(store: Counting, clock: FrozenClock) -> None:
    intake = Intake(store=store, jobs=EmbeddedJobs(store, clock=clock))
    ignored = Received(receipt=Receipt.IGNORED, reason=Ignored.NOT_FOLLOWED)
    assert await receive(intake, push()) == ignored
    # Whoever follows it now need not wait.
    await follow(store)
    assert await receive(intake, push()) == STORED


async def test_the_branches_of_a_pattern_count_and_no_others(store: Counting, clock: FrozenClock) -> None:
    repository = await follow(store)
    async with store.write() as transaction:
        await repositories.configure(
            transaction.connection, repository.id, branch_patterns=["release/*", "next"], poll=None
        )
    intake = Intake(store=store, jobs=EmbeddedJobs(store, clock=clock))
    receipts = {
        name: (await receive(intake, push(ref=f"refs/heads/{name}"))).receipt
        for name in ("main", "next", "next2", "release/1", "release/1/rc", "release")
    }
    assert {name for name, receipt in receipts.items() if receipt is Receipt.STORED} == {
        "next",
        "release/1",
        "release/1/rc",
    }


@pytest.mark.parametrize(
    ("pushed_at", "reached"),
    [
        pytest.param(NOON - timedelta(hours=3), NOON - timedelta(hours=3), id="before it arrived"),
        pytest.param(NOON + timedelta(days=9), NOON, id="from the future"),
        pytest.param(None, NOON, id="without a moment"),
        pytest.param(datetime(1970, 1, 1, tzinfo=UTC), EARLIEST, id="before there was git"),
    ],
)
def test_a_push_reached_its_branch_when_github_says_within_reason(
    pushed_at: datetime | None, reached: datetime
) -> None:
    assert reached_at(replace(push(), pushed_at=pushed_at), received_at=NOON) == reached


async def test_whoever_says_nothing_new_of_a_repository_waits_for_no_writer(store: Store, clock: FrozenClock) -> None:
    repository = await follow(store)
    intake = Intake(store=store, jobs=EmbeddedJobs(store, clock=clock))
    async with store.write() as transaction:
        await repositories.configure(transaction.connection, repository.id, branch_patterns=["next"], poll=None)
    async with store.write():
        received = await receive(intake, push(ref="refs/heads/main"))
    assert received.reason is Ignored.OTHER_BRANCH
