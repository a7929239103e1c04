"""One process at a time runs the jobs of a database."""

from __future__ import annotations

import asyncio

import pytest

from newsletter.errors import JobsLocked
from newsletter.jobs.lock import only_runner
from newsletter.store.engine import Store
from tests.support.embedded import engine_of


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
