"""One process at a time runs the jobs of a database."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any

import pytest

from newsletter.errors import JobsLocked
from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.jobs.lock import only_runner
from newsletter.store.engine import Store
from tests.support.embedded import QUICK, engine_of, utc_now
from tests.support.waiting import PATIENCE, eventually


async def test_a_second_runner_is_refused_and_takes_over_when_the_first_has_ended(
    database_url: str, store: Store
) -> None:
    other = Store(database_url)
    try:
        async with only_runner(store) as check:
            await check()
            for each in (store, other):
                with pytest.raises(JobsLocked, match="--no-jobs"):
                    await engine_of(each).run(asyncio.Event())
        async with only_runner(other) as check:
            await check()
    finally:
        await other.close()


async def test_a_runner_may_wait_for_one_that_soon_ends(
    database_url: str, store: Store, logged: list[MutableMapping[str, Any]]
) -> None:
    other = Store(database_url)
    begun = asyncio.Event()
    stop = asyncio.Event()

    async def begin() -> None:
        begun.set()

    async def told() -> bool:
        return "jobs.locked" in {entry["action"] for entry in logged}

    try:
        async with only_runner(other):
            task = asyncio.create_task(engine_of(store).run(stop, before=begin, patience=timedelta(seconds=PATIENCE)))
            await eventually(told)
            assert not begun.is_set()
        await asyncio.wait_for(begun.wait(), PATIENCE)
        stop.set()
        await asyncio.wait_for(task, PATIENCE)
        assert [entry["action"] for entry in logged].count("jobs.locked") == 1
    finally:
        await other.close()


async def test_a_runner_that_waits_stops_when_it_is_told_to(
    database_url: str, store: Store, logged: list[MutableMapping[str, Any]]
) -> None:
    other = Store(database_url)
    stop = asyncio.Event()

    async def told() -> bool:
        return "jobs.locked" in {entry["action"] for entry in logged}

    async with only_runner(other):
        engine = EmbeddedJobs(store, clock=utc_now, poll=timedelta(days=1))
        task = asyncio.create_task(engine.run(stop, patience=timedelta(days=2)))
        await eventually(told)
        stop.set()
        await asyncio.wait_for(task, PATIENCE)
    await other.close()


async def test_a_runner_does_not_wait_for_ever(database_url: str, store: Store) -> None:
    other = Store(database_url)
    async with only_runner(other):
        with pytest.raises(JobsLocked):
            await asyncio.wait_for(engine_of(store).run(asyncio.Event(), patience=2 * QUICK), PATIENCE)
    await other.close()


async def test_a_runner_whose_repairs_fail_lets_go_of_the_lock(store: Store) -> None:
    async def broken() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await engine_of(store).run(asyncio.Event(), before=broken)
    async with only_runner(store):
        pass


async def test_the_lock_of_a_file_stays_beside_it(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    assert store.path is not None
    lock = store.path.with_name("newsletter.db.lock")
    for _ in range(2):
        async with only_runner(store):
            assert lock.stat().st_mode & 0o777 == 0o600
        assert lock.exists()
    await store.close()
