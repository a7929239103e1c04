"""A row to write in a transaction, and what was written."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from sqlalchemy import select

from newsletter.store.engine import Store
from newsletter.store.tables import repositories
from tests.support.clock import NOON


def a_repository(name: str = "acme/tide") -> dict[str, object]:
    """Return a row of the table of repositories."""
    return {"full_name": name, "name_key": name, "private": False, "added_at": NOON}


async def names(store: Store) -> list[str]:
    """Return the names of the repositories that are stored."""
    async with store.read() as connection:
        return list((await connection.execute(select(repositories.c.full_name))).scalars())


@contextlib.asynccontextmanager
async def opened(url: str) -> AsyncIterator[Store]:
    """Open a store, and close it at the end."""
    store = Store(url)
    try:
        yield store
    finally:
        await store.close()
