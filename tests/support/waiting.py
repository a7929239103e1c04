"""Waiting for what gives no event of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy import text

from newsletter.store.engine import Store

Result = TypeVar("Result")

#: Seconds; only a test that fails waits so long.
PATIENCE = 90
#: Seconds between two looks.
_LOOK_AGAIN = 0.02


async def until(look: Callable[[], Awaitable[Result | None]], *, seconds: float = PATIENCE) -> Result:
    """Look until there is something other than None, and return it.

    What another process or connection writes into a database is no event anybody could wait for, so this looks again
    and again; it never waits longer than it has to.

    :raises TimeoutError: it did not come.
    """
    async with asyncio.timeout(seconds):
        while (found := await look()) is None:
            await asyncio.sleep(_LOOK_AGAIN)
    return found


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Return once a condition holds.

    :raises TimeoutError: it does not come to hold.
    """

    async def look() -> bool | None:
        return True if await condition() else None

    await until(look)


async def somebody_waits_for_a_lock(store: Store) -> None:
    """Return once a transaction of a PostgreSQL database waits for another one."""

    async def waits() -> bool:
        async with store.read() as connection:
            waiting = text(
                "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
                " WHERE NOT granted AND datname = current_database()"
            )
            return int((await connection.execute(waiting)).scalar_one()) > 0

    await eventually(waits)
