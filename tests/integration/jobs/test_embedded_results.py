"""The engine inside the process: results that cannot be stored, and jobs that ended their process."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from sqlalchemy import text

from newsletter.pipeline.port import Job, Kind, Retries
from newsletter.store import jobs
from newsletter.store.engine import Store
from tests.support.embedded import QUICK, THRICE, Seen, engine_of, holds, nothing_left, put, running, utc_now
from tests.support.waiting import eventually


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
        await eventually(lambda: holds(any(entry["action"] == "jobs.deadly" for entry in logged)))
    (entry,) = [entry for entry in logged if entry["action"] == "jobs.deadly"]
    assert (entry["log_level"], entry["jobs"]) == ("error", ["fetch:7", "fetch:9"])


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
