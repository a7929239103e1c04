"""What the model costs is written down, also where the database was away for a moment, and the ceiling is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from newsletter.analysis.analyst import Usage
from newsletter.errors import StoreUnavailable
from newsletter.pipeline.spending import Spending
from newsletter.store import usage
from newsletter.store.engine import Store, Transaction
from tests.support.clock import NOON, FrozenClock


class SometimesAway(Store):
    """A store that cannot be written to for a while."""

    away = True

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        if self.away:
            raise StoreUnavailable("locked")
        async with super().write() as transaction:
            yield transaction


def spent(tokens: int, repository: str = "acme/tide") -> Usage:
    return Usage(model="m", repository=repository, input_tokens=tokens, output_tokens=1)


async def test_an_answer_that_could_not_be_accounted_for_is_with_the_next_one(store: Store) -> None:
    url = store.url.render_as_string(hide_password=False)
    flaky = SometimesAway(url.replace("+aiosqlite", "").replace("+psycopg", ""))
    spending = Spending(flaky, daily_tokens=350, clock=FrozenClock())
    await spending.charge(spent(100))
    async with store.read() as connection:
        assert await usage.total(connection, NOON.date()) == 0
    # It counts all the same.
    assert await spending.allows(0)
    assert not await spending.allows(250)
    flaky.away = False
    await spending.charge(spent(200))
    async with store.read() as connection:
        assert await usage.total(connection, NOON.date()) == 302
    await flaky.close()


async def test_requests_that_end_together_are_each_counted_once(store: Store) -> None:
    spending = Spending(store, daily_tokens=None, clock=FrozenClock())
    await asyncio.gather(*(spending.charge(spent(10, f"acme/{number % 3}")) for number in range(12)))
    async with store.read() as connection:
        rows = await usage.since(connection, NOON.date())
    assert [(row.repository, row.requests, row.input_tokens) for row in rows] == [
        ("acme/0", 4, 40),
        ("acme/1", 4, 40),
        ("acme/2", 4, 40),
    ]


async def test_the_ceiling_is_that_of_a_day(store: Store) -> None:
    clock = FrozenClock()
    spending = Spending(store, daily_tokens=100, clock=clock)
    await spending.charge(spent(100))
    assert not await spending.allows(0)
    clock.advance(timedelta(days=1))
    assert await spending.allows(0)
    assert not await spending.allows(100)
