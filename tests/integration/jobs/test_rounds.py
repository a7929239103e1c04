"""Each repository is compared in its turn, and everybody at the start and when something may have been missed."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from newsletter.errors import StoreUnavailable
from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.jobs.rounds import HOURLY, Rounds, Turn
from newsletter.jobs.timer import LONGEST_SLEEP
from newsletter.pipeline.port import Kind
from newsletter.store import jobs, repositories, schedules, tables
from newsletter.store.engine import Store, Transaction
from newsletter.store.repositories import FollowedRepository
from tests.support.clock import NOON, FrozenClock
from tests.support.databases import PostgreSQLServer
from tests.support.records import follow
from tests.support.waiting import PATIENCE, eventually

MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)


class Each(EmbeddedJobs):
    """An engine that queues a job each time, whatever waits already, so that turns can be counted."""

    async def put(self, transaction: Transaction, kind: Kind, key: str, *, run_at: datetime | None = None) -> None:
        await jobs.put(transaction.connection, kind.value, [key], run_at=run_at or NOON, now=NOON)


def rounds_of(store: Store, clock: FrozenClock) -> Rounds:
    return Rounds(
        store=store,
        jobs=Each(store, clock=clock),
        clock=clock,
        outage_pause=timedelta(milliseconds=20),
    )


async def queued(store: Store) -> list[str]:
    """Return the repositories whose comparison was queued, each as often as it was."""
    async with store.read() as connection:
        rows = await connection.execute(select(tables.jobs.c.kind, tables.jobs.c.key).order_by(tables.jobs.c.id))
        found = [(row.kind, row.key) for row in rows]
    assert {kind for kind, _ in found} <= {Kind.RECONCILE.value}
    return [key for _, key in found]


async def poll(store: Store, repository: FollowedRepository, every: timedelta | None) -> None:
    async with store.write() as transaction:
        await repositories.configure(transaction.connection, repository.id, branch_patterns=(), poll=every)


async def test_at_the_start_everybody_is_compared(store: Store, clock: FrozenClock) -> None:
    keys = [(await follow(store, name, github_id=number)).key for number, name in enumerate(("a/a", "b/b"), 1)]
    rounds = rounds_of(store, clock)
    assert await rounds.tick() == LONGEST_SLEEP
    assert await queued(store) == keys
    await rounds.tick()
    assert await queued(store) == keys


async def test_a_start_soon_after_another_compares_everybody_again(store: Store, clock: FrozenClock) -> None:
    key = (await follow(store)).key
    await rounds_of(store, clock).tick()
    clock.advance(MINUTE)
    await rounds_of(store, clock).tick()
    assert await queued(store) == [key, key]


async def test_a_turn_comes_every_hour(store: Store, clock: FrozenClock) -> None:
    key = (await follow(store)).key
    rounds = rounds_of(store, clock)
    await rounds.tick()
    clock.advance(HOURLY - timedelta(seconds=1))
    assert await rounds.tick() == timedelta(seconds=1)
    assert await queued(store) == [key]
    clock.advance(timedelta(seconds=1))
    assert await rounds.tick() == LONGEST_SLEEP
    assert await queued(store) == [key] * 2
    # After a long sleep one turn makes up for all that were missed.
    clock.advance(10 * HOURLY)
    await rounds.tick()
    await rounds.tick()
    assert await queued(store) == [key] * 3


async def test_a_poll_has_turns_of_its_own(store: Store, clock: FrozenClock) -> None:
    hourly, polled = await follow(store, "a/a", github_id=1), await follow(store, "b/b", github_id=2)
    await poll(store, polled, QUARTER)
    rounds = rounds_of(store, clock)
    for _ in range(5):
        await rounds.tick()
        clock.advance(QUARTER)
    assert [(await queued(store)).count(repository.key) for repository in (hourly, polled)] == [2, 5]


async def test_a_poll_that_is_made_more_frequent_does_not_wait_for_its_old_turn(
    store: Store, clock: FrozenClock
) -> None:
    repository = await follow(store)
    rounds = rounds_of(store, clock)
    await rounds.tick()
    await poll(store, repository, QUARTER)
    clock.advance(MINUTE)
    await rounds.tick()
    assert len(await queued(store)) == 2
    clock.advance(QUARTER)
    await rounds.tick()
    assert len(await queued(store)) == 3


async def test_a_repository_that_is_followed_later_has_its_turn_at_once(store: Store, clock: FrozenClock) -> None:
    rounds = rounds_of(store, clock)
    assert await rounds.tick() == LONGEST_SLEEP
    assert await queued(store) == []
    key = (await follow(store)).key
    await rounds.tick()
    assert await queued(store) == [key]


async def test_a_hurry_brings_everybodys_turn_once(store: Store, clock: FrozenClock) -> None:
    key = (await follow(store)).key
    rounds = rounds_of(store, clock)
    await rounds.tick()
    clock.advance(MINUTE)
    rounds.hurry()
    rounds.hurry()
    await rounds.tick()
    await rounds.tick()
    assert await queued(store) == [key] * 2
    clock.advance(HOURLY - MINUTE)
    # The hour counts from the last turn.
    await rounds.tick()
    assert await queued(store) == [key] * 2


async def test_two_processes_take_a_turn_once(store: Store, clock: FrozenClock) -> None:
    keys = [(await follow(store, f"a/{number}", github_id=number)).key for number in range(1, 6)]
    processes = [rounds_of(store, clock) for _ in range(2)]
    for process in processes:
        await process.tick()
    before = await queued(store)
    clock.advance(HOURLY)
    await asyncio.gather(*(process.tick() for process in processes))
    assert sorted((await queued(store))[len(before) :]) == sorted(keys)


class Failing(Each):
    """An engine that something happens to while it queues."""

    def __init__(self, store: Store, clock: FrozenClock, rounds: list[Rounds]) -> None:
        super().__init__(store, clock=clock)
        self._rounds = rounds

    async def put(self, transaction: Transaction, kind: Kind, key: str, *, run_at: datetime | None = None) -> None:
        if self._rounds:
            self._rounds.pop().hurry()
            raise StoreUnavailable("the database is away")
        await super().put(transaction, kind, key, run_at=run_at)


async def test_a_hurry_during_a_tick_that_fails_is_not_forgotten(store: Store, clock: FrozenClock) -> None:
    first, second = await follow(store, "a/a", github_id=1), await follow(store, "b/b", github_id=2)
    await poll(store, first, QUARTER)
    hurried: list[Rounds] = []
    rounds = Rounds(store=store, jobs=Failing(store, clock, hurried), clock=clock)
    await rounds.tick()
    clock.advance(QUARTER)
    hurried.append(rounds)
    with pytest.raises(StoreUnavailable):
        await rounds.tick()
    await rounds.tick()
    assert await queued(store) == [first.key, second.key] * 2


async def test_a_start_while_the_database_is_away_is_made_up_for(
    postgresql_url: str,
    postgresql_server: PostgreSQLServer,
    clock: FrozenClock,
    logged: list[MutableMapping[str, Any]],
) -> None:
    store = Store(postgresql_url)
    name = store.url.database
    key = (await follow(store)).key
    await rounds_of(store, clock).tick()
    postgresql_server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    postgresql_server.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'")
    stop = asyncio.Event()
    task = asyncio.create_task(rounds_of(store, clock).run(stop))

    async def noticed() -> bool:
        return "timer.outage" in {entry["action"] for entry in logged}

    async def compared() -> bool:
        return await queued(store) == [key, key]

    await eventually(noticed)
    postgresql_server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    await eventually(compared)
    stop.set()
    await asyncio.wait_for(task, PATIENCE)
    await store.close()


async def test_where_nobody_goes_the_rounds_a_hurry_is_queued_and_no_turn_is_taken(
    store: Store, clock: FrozenClock
) -> None:
    keys = [(await follow(store, name, github_id=number)).key for number, name in enumerate(("a/a", "b/b"), 1)]
    web = Rounds(store=store, jobs=EmbeddedJobs(store, clock=clock), clock=clock)
    for _ in range(2):
        # Whoever starts to listen may have missed something as well.
        assert await web.pass_on() == LONGEST_SLEEP
        assert await queued(store) == keys
    async with store.write() as transaction:
        await transaction.connection.execute(delete(tables.jobs))
    web.hurry()
    for _ in range(2):
        await web.pass_on()
        assert await queued(store) == keys
    async with store.read() as connection:
        assert await schedules.load(connection, f"reconcile {keys[0]}") is None


async def test_a_hurry_that_could_not_be_passed_on_is_passed_on_later(store: Store, clock: FrozenClock) -> None:
    keys = [(await follow(store, name, github_id=number)).key for number, name in enumerate(("a/a", "b/b"), 1)]
    failing: list[Rounds] = []
    rounds = Rounds(store=store, jobs=Failing(store, clock, failing), clock=clock)
    failing.append(rounds)
    with pytest.raises(StoreUnavailable):
        await rounds.pass_on()
    assert await queued(store) == []
    await rounds.pass_on()
    assert await queued(store) == keys


async def test_what_has_turns_besides_is_due_at_the_start_every_hour_and_in_a_hurry(
    store: Store, clock: FrozenClock
) -> None:
    turn = Turn(kind=Kind.REDELIVER, key="app")
    rounds = Rounds(store=store, jobs=Each(store, clock=clock), clock=clock, besides=[turn])

    async def times() -> int:
        async with store.read() as connection:
            rows = await connection.execute(select(tables.jobs.c.key).where(tables.jobs.c.kind == "redeliver"))
            return len(rows.all())

    found = []
    for pause in (timedelta(0), 30 * MINUTE, 30 * MINUTE):
        clock.advance(pause)
        await rounds.tick()
        found.append(await times())
    rounds.hurry()
    await rounds.tick()
    rounds.hurry()
    await rounds.pass_on()
    assert [*found, await times()] == [1, 1, 2, 4]
