"""Fixtures of tests that look at the schema."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from newsletter.store.engine import Store
from tests.conftest import DATABASES


@pytest.fixture(params=DATABASES)
async def blanks(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Store, Store]]:
    """Two stores without any table."""
    if request.param == "sqlite":
        names = []
        urls = [f"sqlite:///{tmp_path}/{number}.db" for number in range(2)]
    else:
        server = request.getfixturevalue("postgresql_server")
        names = [server.create() for _ in range(2)]
        urls = [server.url(name) for name in names]
    first, second = (Store(url) for url in urls)
    yield first, second
    await first.close()
    await second.close()
    for name in names:
        server.drop(name)


@pytest.fixture
def blank(blanks: tuple[Store, Store]) -> Store:
    """A store without any table."""
    return blanks[0]
