"""What may be used once is used once, whoever asks, and is forgotten when it would not be taken anyway."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from sqlalchemy import func, select

from newsletter.store import spent
from newsletter.store.engine import Store
from newsletter.store.tables import spent_tokens
from tests.support.clock import NOON

HOUR = timedelta(hours=1)


async def spend(store: Store, name: str, *, now: datetime = NOON) -> bool:
    async with store.write() as transaction:
        return await spent.spend(transaction.connection, name, expires_at=now + HOUR, now=now)


async def is_spent(store: Store, name: str) -> bool:
    async with store.read() as connection:
        return await spent.is_spent(connection, name)


async def test_a_token_is_spent_once(store: Store) -> None:
    assert not await is_spent(store, "a")
    assert await spend(store, "a")
    assert not await spend(store, "a")
    assert await is_spent(store, "a")
    assert not await is_spent(store, "b")


async def test_of_two_at_once_one_spends_it(store: Store) -> None:
    assert sorted(await asyncio.gather(spend(store, "a"), spend(store, "a"))) == [False, True]


async def test_what_is_over_anyway_takes_no_room(store: Store) -> None:
    await spend(store, "a")
    await spend(store, "b", now=NOON + 2 * HOUR)
    async with store.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(spent_tokens))).scalar_one() == 1
