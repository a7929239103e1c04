"""The engine inside the process outlives a PostgreSQL server that goes away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from newsletter.errors import StoreUnavailable
from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.pipeline.port import Job, Kind
from newsletter.store.engine import Store
from tests.support.databases import PostgreSQLServer
from tests.support.embedded import FOREVER, QUICK, THRICE, Seen, engine_of, holds, nothing_left, put, running, utc_now
from tests.support.waiting import PATIENCE, eventually


class TestOutage:
    """PostgreSQL goes away and comes back; the runner outlives that."""

    @pytest.fixture
    async def pg(self, postgresql_url: str) -> AsyncIterator[Store]:
        store = Store(postgresql_url)
        yield store
        await store.close()

    async def lock_holder(self, store: Store) -> int:
        """Return the process id of the session that holds the lock of the jobs, once there is one."""
        holders = text(
            "SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database"
            " WHERE locktype = 'advisory' AND granted AND d.datname = current_database()"
        )
        found: list[int] = []

        async def held() -> bool:
            async with store.read() as connection:
                found[:] = (await connection.execute(holders)).scalars()
            return bool(found)

        await eventually(held)
        return found[0]

    async def test_a_runner_that_lost_its_lock_finishes_takes_it_again_and_goes_on(
        self, pg: Store, logged: list[MutableMapping[str, Any]]
    ) -> None:
        engine, seen = engine_of(pg), Seen()
        engine.register(Kind.FETCH, seen, concurrency=1, retries=THRICE)
        async with running(engine):
            await put(pg, engine, "before")
            assert await seen.next() == "before"
            await eventually(lambda: nothing_left(pg))
            pid = await self.lock_holder(pg)
            async with pg.read() as connection:
                await connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
            await put(pg, engine, "after")
            assert await seen.next() == "after"
            assert await self.lock_holder(pg) != pid
        assert "jobs.outage" in {entry["action"] for entry in logged}

    async def test_a_runner_that_lost_its_lock_tells_what_runs_and_lets_it_finish(
        self, pg: Store, logged: list[MutableMapping[str, Any]]
    ) -> None:
        finish, seen, attempted = asyncio.Event(), Seen(), []

        async def long(job: Job) -> None:
            attempted.append(job.attempt)
            await seen(job)
            await finish.wait()

        engine = engine_of(pg, drain=QUICK)
        engine.register(Kind.DELIVER, long, concurrency=1, retries=THRICE)
        async with running(engine):
            await put(pg, engine, "7", kind=Kind.DELIVER)
            assert await seen.next() == "7"
            assert not engine.draining
            pid = await self.lock_holder(pg)
            async with pg.read() as connection:
                await connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
            await eventually(lambda: holds(any(entry["action"] == "jobs.draining" for entry in logged)))
            await eventually(lambda: holds(engine.draining))
            finish.set()
            await eventually(lambda: nothing_left(pg))
            await self.lock_holder(pg)
            await eventually(lambda: holds(not engine.draining))
        assert attempted == [1]

    async def test_a_runner_whose_lock_is_held_after_an_outage_waits_for_it(
        self, pg: Store, postgresql_url: str, logged: list[MutableMapping[str, Any]]
    ) -> None:
        """A server that has not noticed yet that our connection broke goes on holding its lock."""
        engine, seen = engine_of(pg), Seen()
        engine.register(Kind.FETCH, seen, concurrency=1, retries=THRICE)
        async with running(engine) as task:
            pid = await self.lock_holder(pg)
            with psycopg.connect(postgresql_url, autocommit=True) as ghost:
                held = ghost.execute(
                    "SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks WHERE pid = %s"
                    " AND locktype = 'advisory'",
                    [pid],
                ).fetchone()
                assert held is not None
                # Ours is ended and the ghost waits in the queue: it has the lock before anybody else can.
                ghost.execute("SELECT pg_terminate_backend(%s), pg_advisory_lock(%s)", [pid, held[0]])
                await put(pg, engine, "waits")

                async def noticed() -> bool:
                    return any("another process" in str(entry.get("reason")) for entry in logged)

                await eventually(noticed)
                assert not task.done()
            assert await seen.next() == "waits"

    async def test_a_database_that_takes_no_connections_is_waited_for(
        self, pg: Store, postgresql_server: PostgreSQLServer, logged: list[MutableMapping[str, Any]]
    ) -> None:
        name = pg.url.database
        engine, seen = engine_of(pg), Seen()
        engine.register(Kind.FETCH, seen, concurrency=1, retries=THRICE)
        async with running(engine):
            await put(pg, engine, "before")
            assert await seen.next() == "before"
            await eventually(lambda: nothing_left(pg))
            postgresql_server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            postgresql_server.execute(
                f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"
            )

            async def outage() -> bool:
                return [entry["action"] for entry in logged].count("jobs.outage") >= 2

            await eventually(outage)
            with pytest.raises(StoreUnavailable):
                await put(pg, engine, "during")
            postgresql_server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
            await put(pg, engine, "after")
            assert await seen.next() == "after"

    async def test_a_result_that_met_an_outage_is_written_down_when_it_is_over(
        self, pg: Store, postgresql_server: PostgreSQLServer
    ) -> None:
        name = pg.url.database
        runs: list[int] = []

        async def handler(job: Job) -> None:
            runs.append(job.attempt)
            if job.attempt == 1:
                postgresql_server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
                postgresql_server.execute(
                    f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"
                )

        engine = engine_of(pg)
        engine.register(Kind.FETCH, handler, concurrency=1, retries=THRICE)
        await put(pg, engine, "7")
        async with running(engine):
            await eventually(lambda: holds(runs == [1]))
            postgresql_server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
            await eventually(lambda: nothing_left(pg))
        assert runs == [1]

    async def test_told_to_stop_in_an_outage_it_stops(
        self, pg: Store, postgresql_server: PostgreSQLServer, logged: list[MutableMapping[str, Any]]
    ) -> None:
        postgresql_server.execute(f'ALTER DATABASE "{pg.url.database}" ALLOW_CONNECTIONS false')
        stop = asyncio.Event()
        engine = EmbeddedJobs(pg, clock=utc_now, outage_pause=FOREVER)
        task = asyncio.create_task(engine.run(stop))
        await eventually(lambda: holds(any(entry["action"] == "jobs.outage" for entry in logged)))
        stop.set()
        await asyncio.wait_for(task, PATIENCE)
