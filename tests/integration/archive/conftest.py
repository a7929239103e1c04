"""The archive over each kind of database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from newsletter.store.engine import Store
from tests.support.archive_house import ArchiveHouse, archive_house


@pytest.fixture
async def house(store: Store) -> AsyncIterator[ArchiveHouse]:
    """The archive of an empty store: the test runs on each kind of database."""
    async with archive_house(store) as house:
        yield house


@pytest.fixture
async def sqlite_house(sqlite_url: str) -> AsyncIterator[ArchiveHouse]:
    """The archive of an empty store, for what has nothing to do with the database."""
    store = Store(sqlite_url)
    async with archive_house(store) as house:
        yield house
    await store.close()
