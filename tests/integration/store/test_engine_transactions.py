"""Transactions on both databases: all of it or nothing, and callbacks once it is durable."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError, OperationalError

from newsletter.errors import StoreUnavailable
from newsletter.store.engine import Store
from newsletter.store.tables import repositories
from tests.support.databases import rolled_back
from tests.support.transactions import a_repository, names, opened


async def test_what_was_written_is_read_after_the_commit(store: Store) -> None:
    async with store.write() as transaction:
        await transaction.connection.execute(insert(repositories).values(a_repository()))
        assert await names(store) == []
    assert await names(store) == ["acme/tide"]


async def test_an_exception_leaves_nothing_behind(store: Store) -> None:
    async with rolled_back(store) as transaction:
        await transaction.connection.execute(insert(repositories).values(a_repository()))
    assert await names(store) == []


async def test_a_refused_row_leaves_nothing_of_its_transaction(store: Store) -> None:
    async def write() -> None:
        async with store.write() as transaction:
            for name in ("acme/other", "acme/tide", "acme/tide"):
                await transaction.connection.execute(insert(repositories).values(a_repository(name)))

    with pytest.raises(IntegrityError):
        await write()
    assert await names(store) == []


async def test_a_cancelled_transaction_leaves_nothing_and_holds_nobody_up(store: Store) -> None:
    begun = asyncio.Event()

    async def write() -> None:
        async with store.write() as transaction:
            await transaction.connection.execute(insert(repositories).values(a_repository()))
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await begun.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    async with store.write() as transaction:
        await transaction.connection.execute(insert(repositories).values(a_repository("acme/next")))
    assert await names(store) == ["acme/next"]


async def test_callbacks_run_once_the_commit_is_durable(store: Store) -> None:
    called: list[str] = []
    async with store.write() as transaction:
        transaction.on_commit(lambda: called.append("first"))
        transaction.on_commit(lambda: called.append("second"))
        assert called == []
    assert called == ["first", "second"]


async def test_whoever_a_callback_wakes_finds_the_row(store: Store) -> None:
    woken = asyncio.Event()

    async def look() -> list[str]:
        await woken.wait()
        return await names(store)

    looking = asyncio.create_task(look())
    async with store.write() as transaction:
        await transaction.connection.execute(insert(repositories).values(a_repository()))
        transaction.on_commit(woken.set)
    assert await looking == ["acme/tide"]


async def test_callbacks_do_not_run_after_a_rollback(store: Store) -> None:
    called: list[str] = []
    async with rolled_back(store) as transaction:
        transaction.on_commit(lambda: called.append("never"))
    assert called == []


async def test_a_reader_sees_one_state_while_others_write(sqlite_url: str) -> None:
    async with opened(sqlite_url) as store, store.read() as connection:
        wanted = select(func.count()).select_from(repositories)
        before = (await connection.execute(wanted)).scalar_one()
        async with store.write() as transaction:
            await transaction.connection.execute(insert(repositories).values(a_repository()))
        assert (await connection.execute(wanted)).scalar_one() == before


async def test_thirty_two_writers_at_once_all_get_their_turn(store: Store) -> None:
    async def write(number: int) -> None:
        async with store.write() as transaction:
            await transaction.connection.execute(insert(repositories).values(a_repository(f"acme/{number}")))

    await asyncio.gather(*(write(number) for number in range(32)))
    assert len(await names(store)) == 32


async def test_an_outage_without_a_word_from_the_driver_is_still_named(store: Store) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be used"):
        async with store.write():
            raise OperationalError("SELECT", None, sqlite3.OperationalError(""))
