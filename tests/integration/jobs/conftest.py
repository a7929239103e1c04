"""An engine of jobs for each adapter and database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import structlog

from newsletter.pipeline.port import Handler, Kind, Retries
from newsletter.store.engine import Store
from tests.support.engines import ADAPTERS, Adapter, Engine, GivenUp
from tests.support.waiting import PATIENCE, eventually

ONCE = Retries(max_attempts=1, first=timedelta(0), longest=timedelta(0))


@dataclass(frozen=True, kw_only=True)
class Bench:
    """An engine on a database, and what tests do with the two."""

    adapter: Adapter
    engine: Engine
    store: Store

    def register(
        self, handler: Handler, *, kind: Kind = Kind.FETCH, concurrency: int = 1, retries: Retries = ONCE
    ) -> None:
        """Register a handler."""
        self.engine.register(kind, handler, concurrency=concurrency, retries=retries)

    async def put(self, *keys: str, kind: Kind = Kind.FETCH, run_at: datetime | None = None) -> None:
        """Queue jobs in one transaction."""
        async with self.store.write() as transaction:
            for key in keys:
                await self.engine.put(transaction, kind, key, run_at=run_at)

    async def given_up(self) -> list[GivenUp]:
        """Return the jobs that were given up."""
        return await self.adapter.given_up(self.store)

    async def nothing_waits(self) -> bool:
        """Whether every job is done or given up."""
        return await self.adapter.waiting(self.store) == 0

    async def all_settled(self) -> None:
        """Wait until every job is done or given up."""
        await eventually(self.nothing_waits)

    @asynccontextmanager
    async def running(
        self, *, only: list[Kind] | None = None, before: Callable[[], Awaitable[None]] | None = None
    ) -> AsyncIterator[asyncio.Event]:
        """Run the engine; at the end it is told to stop and waited for. Gives the event that stops it."""
        stop = asyncio.Event()
        task = asyncio.create_task(self.engine.run(stop, only=only, before=before))
        try:
            yield stop
        finally:
            stop.set()
            async with asyncio.timeout(PATIENCE):
                await task


@pytest.fixture(params=list(ADAPTERS))
def adapter_name(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def bench(adapter_name: str, store: Store) -> Bench:
    adapter = ADAPTERS[adapter_name]
    return Bench(adapter=adapter, engine=adapter.engine(store), store=store)


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged; without it every failing handler would print its traceback."""
    with structlog.testing.capture_logs() as entries:
        yield entries
