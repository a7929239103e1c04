"""A newsroom on each kind of database."""

from __future__ import annotations

import pytest

from newsletter.store.engine import Store
from tests.support.clock import FrozenClock
from tests.support.newsroom import Newsroom


@pytest.fixture
def newsroom(store: Store, clock: FrozenClock) -> Newsroom:
    """A newsroom in UTC, on the noon after the day that tests close."""
    return Newsroom(store, clock)
