"""A PostgreSQL server that is out of reach without a word: packets are dropped, and no connection is reset."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from newsletter.errors import StoreUnavailable
from newsletter.jobs.lock import only_runner
from newsletter.store.engine import Store
from tests.support.black_hole import BlackHole

#: Seconds; the real one is longer.
PATIENCE = 0.3
#: GitHub gives up after 10 seconds.
IN_TIME = 8


@pytest.fixture
async def hole(postgresql_url: str) -> AsyncIterator[BlackHole]:
    async with BlackHole(postgresql_url) as hole:
        yield hole


@pytest.fixture
async def store(hole: BlackHole) -> AsyncIterator[Store]:
    store = Store(hole.url, patience=PATIENCE)
    yield store
    async with asyncio.timeout(IN_TIME):
        await store.close()


async def one(store: Store) -> int:
    async with store.read() as connection:
        return int((await connection.execute(text("SELECT 1"))).scalar_one())


async def test_a_server_that_falls_silent_is_an_outage_before_github_gives_up(hole: BlackHole) -> None:
    """With the patience of a running service, for a connection of the pool and then for a new one."""
    store = Store(hole.url)
    assert await one(store) == 1
    hole.swallow()
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            async with asyncio.timeout(IN_TIME), store.write():
                pass
    hole.forward()
    assert await one(store) == 1
    await store.close()


async def test_a_server_that_falls_silent_in_a_transaction_is_an_outage(hole: BlackHole, store: Store) -> None:
    called: list[str] = []

    async def write() -> None:
        async with asyncio.timeout(IN_TIME), store.write() as transaction:
            transaction.on_commit(lambda: called.append("never"))
            await transaction.connection.execute(text("SELECT 1"))
            hole.swallow()
            await transaction.connection.execute(text("SELECT 2"))

    with pytest.raises(StoreUnavailable, match="no answer"):
        await write()
    assert called == []


async def test_a_server_that_falls_silent_before_the_commit_is_an_outage(hole: BlackHole, store: Store) -> None:
    called: list[str] = []

    async def write() -> None:
        async with asyncio.timeout(IN_TIME), store.write() as transaction:
            transaction.on_commit(lambda: called.append("never"))
            await transaction.connection.execute(text("SELECT 1"))
            hole.swallow()

    with pytest.raises(StoreUnavailable, match="no answer"):
        await write()
    assert called == []


async def test_a_statement_that_does_not_end_is_ended_by_the_server(hole: BlackHole, store: Store) -> None:
    with pytest.raises(StoreUnavailable, match="statement timeout"):
        async with asyncio.timeout(IN_TIME), store.read() as connection:
            await connection.execute(text("SELECT pg_sleep(60)"))
    assert await one(store) == 1


async def test_the_url_may_ask_for_more_patience(hole: BlackHole) -> None:
    store = Store(f"{hole.url}?options=-c%20statement_timeout%3D60000&tcp_user_timeout=60000", patience=PATIENCE)
    try:
        async with store.read() as connection:
            asked = (await connection.execute(text("SHOW statement_timeout"))).scalar_one()
            # Longer than the patience that was given, and than what a silent server is waited for.
            await connection.execute(text(f"SELECT pg_sleep({PATIENCE * 5})"))
        assert asked == "1min"
    finally:
        await store.close()


async def test_who_migrates_waits_for_as_long_as_it_takes(hole: BlackHole) -> None:
    store = Store(hole.url, patience=None)
    try:
        async with store.read() as connection:
            assert (await connection.execute(text("SHOW statement_timeout"))).scalar_one() == "0"
    finally:
        await store.close()


async def test_the_lock_of_the_jobs_is_lost_in_time_when_the_server_falls_silent(hole: BlackHole, store: Store) -> None:
    async with asyncio.timeout(2 * IN_TIME), only_runner(store) as check:
        await check()
        hole.swallow()
        with pytest.raises(StoreUnavailable):
            async with asyncio.timeout(IN_TIME):
                await check()


async def test_the_lock_of_the_jobs_is_not_waited_for_on_a_silent_server(hole: BlackHole, store: Store) -> None:
    hole.swallow()
    with pytest.raises(StoreUnavailable):
        async with asyncio.timeout(IN_TIME), only_runner(store):
            pass
