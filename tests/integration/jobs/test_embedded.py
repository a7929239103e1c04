"""What is special about the engine inside the process: its lock, its drain, and a database that goes away."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import select, text

from newsletter.errors import JobsLocked, StoreUnavailable
from newsletter.jobs.draining import let_finish
from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.jobs.lock import only_runner
from newsletter.pipeline.port import Job, Kind, Retries
from newsletter.store import jobs, tables
from newsletter.store.engine import Store
from tests.support.clock import FrozenClock
from tests.support.databases import PostgreSQLServer
from tests.support.waiting import PATIENCE, eventually

QUICK = timedelta(milliseconds=20)
FOREVER = timedelta(days=1)
THRICE = Retries(max_attempts=3, first=timedelta(0), longest=timedelta(0))


def utc_now() -> datetime:
    return datetime.now(UTC)


def engine_of(store: Store, *, poll: timedelta = QUICK, drain: timedelta = timedelta(seconds=9)) -> EmbeddedJobs:
    return EmbeddedJobs(store, clock=utc_now, poll=poll, drain=drain, outage_pause=QUICK)


async def put(store: Store, engine: EmbeddedJobs, *keys: str, kind: Kind = Kind.FETCH) -> None:
    async with store.write() as transaction:
        for key in keys:
            await engine.put(transaction, kind, key)


async def attempts(store: Store) -> list[int]:
    async with store.read() as connection:
        return list((await connection.execute(select(tables.jobs.c.attempts).order_by(tables.jobs.c.id))).scalars())


@asynccontextmanager
async def running(engine: EmbeddedJobs) -> AsyncIterator[asyncio.Task[None]]:
    stop = asyncio.Event()
    task = asyncio.create_task(engine.run(stop))
    try:
        yield task
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE):
            await task


class Seen:
    """A handler that says which keys it was given."""

    def __init__(self) -> None:
        self._keys: asyncio.Queue[str] = asyncio.Queue()

    async def __call__(self, job: Job) -> None:
        self._keys.put_nowait(job.key)

    async def next(self) -> str:
        return await asyncio.wait_for(self._keys.get(), PATIENCE)


async def test_a_committed_job_wakes_the_loop_without_waiting_for_the_next_look(store: Store) -> None:
    engine, seen = engine_of(store, poll=FOREVER), Seen()
    engine.register(Kind.FETCH, seen, concurrency=1, retries=THRICE)
    async with running(engine):
        for key in ("1", "2", "3"):
            await put(store, engine, key)
            assert await seen.next() == key


async def test_a_job_that_another_process_queued_is_noticed_at_the_next_look(store: Store) -> None:
    engine, seen = engine_of(store), Seen()
    engine.register(Kind.FETCH, seen, concurrency=1, retries=THRICE)
    async with running(engine):
        await put(store, engine, "own")
        assert await seen.next() == "own"
        await put(store, engine_of(store), "a verb's")
        assert await seen.next() == "a verb's"


async def test_a_job_that_waits_for_its_time_is_found_when_the_clock_is_put_forward(store: Store) -> None:
    clock, seen = FrozenClock(), Seen()
    engine = EmbeddedJobs(store, clock=clock, poll=QUICK)
    engine.register(Kind.FETCH, seen, concurrency=1, retries=THRICE)
    async with store.write() as transaction:
        await engine.put(transaction, Kind.FETCH, "tomorrow", run_at=clock() + FOREVER)
        await engine.put(transaction, Kind.FETCH, "now")
    async with running(engine):
        assert await seen.next() == "now"
        clock.advance(FOREVER)
        assert await seen.next() == "tomorrow"


async def test_a_handler_that_never_ends_is_cancelled_after_the_drain_and_its_attempt_counts(store: Store) -> None:
    begun = asyncio.Event()

    async def endless(_: Job) -> None:
        begun.set()
        await asyncio.Event().wait()

    engine = engine_of(store, drain=QUICK)
    engine.register(Kind.FETCH, endless, concurrency=1, retries=THRICE)
    await put(store, engine, "7")
    async with running(engine):
        await begun.wait()
    assert await attempts(store) == [1]
    again, seen = engine_of(store), Seen()
    again.register(Kind.FETCH, seen, concurrency=1, retries=THRICE)
    async with running(again):
        assert await seen.next() == "7"
        await eventually(lambda: nothing_left(store))


async def nothing_left(store: Store) -> bool:
    return await attempts(store) == []


async def test_a_stop_in_the_middle_of_a_look_begins_nothing_and_counts_nothing(store: Store) -> None:
    stop = asyncio.Event()

    def clock() -> datetime:
        stop.set()
        return utc_now()

    engine, seen = EmbeddedJobs(store, clock=clock, poll=QUICK), Seen()
    for kind in (Kind.FETCH, Kind.DELIVER):
        engine.register(kind, seen, concurrency=1, retries=THRICE)
        await put(store, engine_of(store), "7", kind=kind)
    await asyncio.wait_for(engine.run(stop), PATIENCE)
    assert await attempts(store) == [0, 0]


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


async def test_a_last_result_that_is_refused_is_not_said_to_have_ended_the_process(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    engine, seen = engine_of(store), Seen()
    engine.register(Kind.FETCH, seen, concurrency=1, retries=Retries(max_attempts=1, first=QUICK, longest=QUICK))
    async with store.write() as transaction:
        await transaction.connection.execute(
            text("CREATE TRIGGER refuse BEFORE DELETE ON jobs BEGIN SELECT RAISE(ABORT, 'refused'); END")
        )
    await put(store, engine, "7")

    async def given_up() -> list[str]:
        async with store.read() as connection:
            return [job.error for job in await jobs.buried(connection)]

    async def some() -> bool:
        return bool(await given_up())

    async with running(engine):
        assert await seen.next() == "7"
        await eventually(some)
    assert await given_up() == [jobs.NOT_STORED]
    await store.close()


async def test_jobs_that_ended_their_process_are_named_at_the_start(
    store: Store, logged: list[MutableMapping[str, Any]]
) -> None:
    engine = engine_of(store)
    await put(store, engine, "7", "8", "9")
    async with store.write() as transaction:
        for job_id, error in ((1, jobs.PROCESS_ENDED), (2, "another"), (3, jobs.PROCESS_ENDED)):
            await jobs.bury(transaction.connection, job_id, error=error, now=utc_now())
    async with running(engine):
        await eventually(lambda: _true(any(entry["action"] == "jobs.deadly" for entry in logged)))
    (entry,) = [entry for entry in logged if entry["action"] == "jobs.deadly"]
    assert (entry["log_level"], entry["jobs"]) == ("error", ["fetch:7", "fetch:9"])


async def test_one_delivery_job_that_waits_is_enough_and_comes_at_the_earliest_time(store: Store) -> None:
    engine, seen = engine_of(store), Seen()
    engine.register(Kind.DELIVER, seen, concurrency=1, retries=THRICE)
    for run_at in (utc_now() + FOREVER, None, utc_now() + FOREVER):
        async with store.write() as transaction:
            await engine.put(transaction, Kind.DELIVER, "7", run_at=run_at)
            await engine.put(transaction, Kind.DELIVER, "8", run_at=run_at)
    assert await attempts(store) == [0, 0]
    async with running(engine):
        assert {await seen.next(), await seen.next()} == {"7", "8"}
        await eventually(lambda: nothing_left(store))


async def test_a_delivery_job_queued_while_another_one_runs_is_run_after_it(store: Store) -> None:
    """The one that runs may be past what the second one is for."""
    finish, ran = asyncio.Event(), Seen()

    async def deliver(job: Job) -> None:
        await ran(job)
        await finish.wait()

    engine = engine_of(store)
    engine.register(Kind.DELIVER, deliver, concurrency=1, retries=THRICE)
    async with running(engine):
        await put(store, engine, "7", kind=Kind.DELIVER)
        await ran.next()
        for _ in range(3):
            await put(store, engine, "7", kind=Kind.DELIVER)
        assert len(await attempts(store)) == 2
        finish.set()
        assert await ran.next() == "7"
        await eventually(lambda: nothing_left(store))


@pytest.mark.parametrize(
    ("patience", "drain", "stopped"),
    [
        pytest.param(QUICK, FOREVER, False, id="nobody waits for this process: until its patience ends"),
        pytest.param(FOREVER, QUICK, True, id="somebody does: until the drain ends"),
    ],
)
async def test_what_does_not_end_by_itself_is_cancelled(patience: timedelta, drain: timedelta, stopped: bool) -> None:
    stop = asyncio.Event()
    endless = asyncio.create_task(asyncio.Event().wait())
    letting = asyncio.create_task(let_finish([endless], stop, patience=patience, drain=drain))
    await asyncio.sleep(0)
    if stopped:
        stop.set()
    await asyncio.wait_for(letting, PATIENCE)
    assert endless.cancelled()


async def test_a_second_runner_is_refused_and_takes_over_when_the_first_has_ended(
    database_url: str, store: Store
) -> None:
    other = Store(database_url)
    try:
        async with only_runner(store) as check:
            await check()
            for each in (store, other):
                with pytest.raises(JobsLocked, match="--no-jobs"):
                    await engine_of(each).run(asyncio.Event())
        async with only_runner(other) as check:
            await check()
    finally:
        await other.close()


async def test_a_runner_whose_repairs_fail_lets_go_of_the_lock(store: Store) -> None:
    async def broken() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await engine_of(store).run(asyncio.Event(), before=broken)
    async with only_runner(store):
        pass


async def test_the_lock_of_a_file_stays_beside_it(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    assert store.path is not None
    lock = store.path.with_name("newsletter.db.lock")
    for _ in range(2):
        async with only_runner(store):
            assert lock.stat().st_mode & 0o777 == 0o600
        assert lock.exists()
    await store.close()


async def test_a_result_that_cannot_be_stored_is_told_and_the_job_is_run_again(
    store: Store, logged: list[MutableMapping[str, Any]]
) -> None:
    """The row refuses the pause: as a full disk or a broken constraint would."""
    runs: list[int] = []

    async def clumsy(job: Job) -> None:
        runs.append(job.attempt)
        if job.attempt == 1:
            raise ValueError("no")

    engine = engine_of(store)
    engine.register(Kind.FETCH, clumsy, concurrency=1, retries=THRICE)
    async with store.write() as transaction:
        await transaction.connection.execute(text(_REFUSE_POSTPONING[store.is_sqlite]))
    await put(store, engine, "7")
    async with running(engine):
        await eventually(lambda: nothing_left(store))
    assert runs == [1, 2]
    assert [entry["action"] for entry in logged if entry["log_level"] == "error"] == ["jobs.fault"]


#: Makes writing an error into a job fail; whether the database is SQLite.
_REFUSE_POSTPONING = {
    True: """
        CREATE TRIGGER refuse BEFORE UPDATE OF error ON jobs
        BEGIN SELECT RAISE(ABORT, 'refused'); END
    """,
    False: "ALTER TABLE jobs ADD CHECK (error IS NULL)",
}


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
            await eventually(lambda: _true(any(entry["action"] == "jobs.draining" for entry in logged)))
            await eventually(lambda: _true(engine.draining))
            finish.set()
            await eventually(lambda: nothing_left(pg))
            await self.lock_holder(pg)
            await eventually(lambda: _true(not engine.draining))
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
            await eventually(lambda: _true(runs == [1]))
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
        await eventually(lambda: _true(any(entry["action"] == "jobs.outage" for entry in logged)))
        stop.set()
        await asyncio.wait_for(task, PATIENCE)


async def _true(condition: bool) -> bool:
    return condition
