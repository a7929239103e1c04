"""The engine inside the process while another program locks its SQLite file."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import closing
from typing import Any

import pytest

from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.pipeline.port import Job, Kind, Retries
from newsletter.store.engine import Store
from tests.support.embedded import (
    FOREVER,
    QUICK,
    THRICE,
    Seen,
    attempts,
    engine_of,
    nothing_left,
    put,
    running,
    utc_now,
)
from tests.support.waiting import eventually


class TestLockedForAMoment:
    """Another program locks the file: nothing that is under way has to end for that."""

    @pytest.fixture
    async def lite(self, sqlite_url: str) -> AsyncIterator[Store]:
        store = Store(sqlite_url, busy_timeout=0.01)
        yield store
        await store.close()

    @pytest.fixture
    def other(self, lite: Store) -> Iterator[sqlite3.Connection]:
        assert lite.path is not None
        with closing(sqlite3.connect(lite.path, isolation_level=None)) as connection:
            yield connection

    async def outages(self, logged: list[MutableMapping[str, Any]], *, more: int) -> None:
        seen = len(logged)

        async def come() -> bool:
            return [entry["action"] for entry in logged[seen:]].count("jobs.outage") >= more

        await eventually(come)

    async def test_what_runs_goes_on_and_what_waits_is_run_afterwards(
        self, lite: Store, other: sqlite3.Connection, logged: list[MutableMapping[str, Any]]
    ) -> None:
        begun, finish, attempted = asyncio.Event(), asyncio.Event(), []

        async def long(job: Job) -> None:
            attempted.append(job.attempt)
            begun.set()
            await finish.wait()

        engine, seen = EmbeddedJobs(lite, clock=utc_now, poll=QUICK, drain=QUICK, outage_pause=QUICK), Seen()
        engine.register(Kind.DELIVER, long, concurrency=1, retries=THRICE)
        engine.register(Kind.FETCH, seen, concurrency=1, retries=THRICE)
        async with running(engine):
            await put(lite, engine, "7", kind=Kind.DELIVER)
            await begun.wait()
            # What is due makes the loop write.
            await put(lite, engine_of(lite), "waits")
            other.execute("BEGIN IMMEDIATE")
            await self.outages(logged, more=3)
            assert not engine.draining
            other.execute("ROLLBACK")
            assert await seen.next() == "waits"
            finish.set()
            await eventually(lambda: nothing_left(lite))
        assert attempted == [1]

    async def test_a_last_result_is_written_down_when_it_is_over(
        self, lite: Store, other: sqlite3.Connection, logged: list[MutableMapping[str, Any]]
    ) -> None:
        async def lock(_: Job) -> None:
            other.execute("BEGIN IMMEDIATE")

        engine = engine_of(lite)
        engine.register(Kind.FETCH, lock, concurrency=1, retries=Retries(max_attempts=1, first=QUICK, longest=QUICK))
        await put(lite, engine, "7")
        async with running(engine):
            await self.outages(logged, more=3)
            other.execute("ROLLBACK")
            await eventually(lambda: nothing_left(lite))

    async def test_told_to_stop_it_does_not_wait_for_the_end_of_it(
        self, lite: Store, other: sqlite3.Connection, logged: list[MutableMapping[str, Any]]
    ) -> None:
        async def lock(_: Job) -> None:
            other.execute("BEGIN IMMEDIATE")

        engine = engine_of(lite, drain=FOREVER)
        engine.register(Kind.FETCH, lock, concurrency=1, retries=THRICE)
        await put(lite, engine, "7")
        async with running(engine):
            await self.outages(logged, more=2)
        other.execute("ROLLBACK")
        assert await attempts(lite) == [1]
