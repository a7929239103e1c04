"""Engines of jobs under one contract: an adapter joins the suite by being listed here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sqlalchemy import select

from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.pipeline.port import Handler, Kind, Retries
from newsletter.store import tables
from newsletter.store.engine import Store, Transaction


class Engine(Protocol):
    """What every engine offers: the port, and the running of it."""

    def register(self, kind: Kind, handler: Handler, *, concurrency: int, retries: Retries) -> None: ...

    async def put(self, transaction: Transaction, kind: Kind, key: str, *, run_at: datetime | None = None) -> None: ...

    async def run(
        self,
        stop: asyncio.Event,
        *,
        only: Collection[Kind] | None = None,
        before: Callable[[], Awaitable[None]] | None = None,
    ) -> None: ...


@dataclass(frozen=True, kw_only=True)
class GivenUp:
    """A job that is kept after its last attempt."""

    kind: Kind
    key: str
    error: str


class Adapter(Protocol):
    """How the suite makes an engine, and looks at what it keeps."""

    def engine(self, store: Store) -> Engine: ...

    async def given_up(self, store: Store) -> list[GivenUp]: ...

    async def waiting(self, store: Store) -> int: ...


class Embedded:
    """The engine inside the process."""

    def engine(self, store: Store) -> Engine:
        return EmbeddedJobs(
            store,
            clock=lambda: datetime.now(UTC),
            poll=timedelta(milliseconds=20),
            outage_pause=timedelta(milliseconds=50),
        )

    async def given_up(self, store: Store) -> list[GivenUp]:
        wanted = select(tables.jobs).where(tables.jobs.c.failed_at.is_not(None)).order_by(tables.jobs.c.id)
        async with store.read() as connection:
            return [
                GivenUp(kind=Kind(row.kind), key=row.key, error=row.error) for row in await connection.execute(wanted)
            ]

    async def waiting(self, store: Store) -> int:
        async with store.read() as connection:
            return len((await connection.execute(select(tables.jobs).where(tables.jobs.c.failed_at.is_(None)))).all())


ADAPTERS: dict[str, Adapter] = {"embedded": Embedded()}
