"""A newsroom that reports its days, on each kind of database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from newsletter.store.engine import Store
from tests.support.clock import FrozenClock
from tests.support.reading_room import ReadingRoom, reading_room


@pytest.fixture
async def room(store: Store, clock: FrozenClock) -> AsyncIterator[ReadingRoom]:
    """A newsroom whose reports go to a public repository."""
    async with reading_room(store, clock) as room:
        yield room
