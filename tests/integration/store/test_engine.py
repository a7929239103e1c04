"""Connections and transactions, on both databases."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError

from newsletter.errors import StoreError, StoreUnavailable
from newsletter.jobs.lock import only_runner
from newsletter.store import engine, schedules
from newsletter.store.engine import Store
from newsletter.store.tables import repositories
from tests.support.clock import NOON
from tests.support.databases import PostgreSQLServer, rolled_back


def a_repository(name: str = "acme/tide") -> dict[str, object]:
    return {"full_name": name, "name_key": name, "private": False, "added_at": NOON}


async def names(store: Store) -> list[str]:
    async with store.read() as connection:
        return list((await connection.execute(select(repositories.c.full_name))).scalars())


async def test_what_was_written_is_read_after_the_commit(store: Store) -> None:
    async with store.write() as transaction:
        await transaction.connection.execute(insert(repositories).values(a_repository()))
        assert await names(store) == []
    assert await names(store) == ["acme/tide"]


async def test_an_exception_leaves_nothing_behind(store: Store) -> None:
    async with rolled_back(store) as transaction:
        await transaction.connection.execute(insert(repositories).values(a_repository()))
    assert await names(store) == []


async def test_a_refused_row_leaves_nothing_of_its_transaction(store: Store) -> None:
    async def write() -> None:
        async with store.write() as transaction:
            for name in ("acme/other", "acme/tide", "acme/tide"):
                await transaction.connection.execute(insert(repositories).values(a_repository(name)))

    with pytest.raises(IntegrityError):
        await write()
    assert await names(store) == []


async def test_a_cancelled_transaction_leaves_nothing_and_holds_nobody_up(store: Store) -> None:
    begun = asyncio.Event()

    async def write() -> None:
        async with store.write() as transaction:
            await transaction.connection.execute(insert(repositories).values(a_repository()))
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await begun.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    async with store.write() as transaction:
        await transaction.connection.execute(insert(repositories).values(a_repository("acme/next")))
    assert await names(store) == ["acme/next"]


async def test_callbacks_run_once_the_commit_is_durable(store: Store) -> None:
    called: list[str] = []
    async with store.write() as transaction:
        transaction.on_commit(lambda: called.append("first"))
        transaction.on_commit(lambda: called.append("second"))
        assert called == []
    assert called == ["first", "second"]


async def test_whoever_a_callback_wakes_finds_the_row(store: Store) -> None:
    woken = asyncio.Event()

    async def look() -> list[str]:
        await woken.wait()
        return await names(store)

    looking = asyncio.create_task(look())
    async with store.write() as transaction:
        await transaction.connection.execute(insert(repositories).values(a_repository()))
        transaction.on_commit(woken.set)
    assert await looking == ["acme/tide"]


async def test_callbacks_do_not_run_after_a_rollback(store: Store) -> None:
    called: list[str] = []
    async with rolled_back(store) as transaction:
        transaction.on_commit(lambda: called.append("never"))
    assert called == []


async def test_a_reader_sees_one_state_while_others_write(sqlite_url: str) -> None:
    async with opened(sqlite_url) as store, store.read() as connection:
        wanted = select(func.count()).select_from(repositories)
        before = (await connection.execute(wanted)).scalar_one()
        async with store.write() as transaction:
            await transaction.connection.execute(insert(repositories).values(a_repository()))
        assert (await connection.execute(wanted)).scalar_one() == before


async def test_thirty_two_writers_at_once_all_get_their_turn(store: Store) -> None:
    async def write(number: int) -> None:
        async with store.write() as transaction:
            await transaction.connection.execute(insert(repositories).values(a_repository(f"acme/{number}")))

    await asyncio.gather(*(write(number) for number in range(32)))
    assert len(await names(store)) == 32


@pytest.mark.parametrize(
    "instant",
    [
        pytest.param(datetime(2026, 3, 2, 12, 0, tzinfo=UTC), id="UTC"),
        pytest.param(
            datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8))), id="Shanghai, with µs"
        ),
        pytest.param(datetime(2026, 3, 2, 12, 0, tzinfo=timezone(timedelta(hours=-9, minutes=-30))), id="Marquesas"),
        pytest.param(datetime(1, 1, 1, tzinfo=UTC), id="the first instant there is"),
        pytest.param(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), id="the last second there is"),
    ],
)
async def test_an_instant_comes_back_aware_in_utc(store: Store, instant: datetime) -> None:
    async with store.write() as transaction:
        await schedules.start(transaction.connection, "one", rule="r", next_at=instant)
    async with store.read() as connection:
        found = await schedules.load(connection, "one")
    assert found is not None
    assert (found.next_at, found.next_at.utcoffset()) == (instant, timedelta(0))


async def test_a_naive_time_is_refused(store: Store) -> None:
    with pytest.raises(StatementError, match="naive"):
        async with store.write() as transaction:
            await schedules.start(transaction.connection, "one", rule="r", next_at=datetime(2026, 3, 2))  # noqa: DTZ001
    async with store.read() as connection:
        assert await schedules.load(connection, "one") is None


async def test_an_error_does_not_quote_what_was_to_be_stored(store: Store) -> None:
    """Addresses and bodies are stored, and errors are logged."""

    async def write() -> None:
        async with store.write() as transaction:
            for name in ("ada@example.org", "bea@example.org"):
                row = a_repository() | {"full_name": name}
                await transaction.connection.execute(insert(repositories).values(row))

    with pytest.raises(IntegrityError) as error:
        await write()
    assert "bea" not in str(error.value)


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param("🚢🌊👩🏽‍🚀", id="emoji"),
        pytest.param("\u202egnp.exe\u202c \u2066x\u2069", id="bidi overrides"),
        pytest.param("'; DROP TABLE repositories; --", id="SQL"),
        pytest.param("潮" * 65536, id="64k characters"),
        pytest.param("\r\n\t\x01\x1b[31m", id="controls"),
        pytest.param("%s %(x)s :name ?", id="placeholders"),
        pytest.param("e\u0301 é ﬁ", id="not normalised"),
    ],
)
async def test_hostile_text_comes_back_as_it_was(store: Store, hostile: str) -> None:
    async with store.write() as transaction:
        await transaction.connection.execute(
            insert(repositories).values(a_repository() | {"full_name": hostile, "default_branch": hostile})
        )
    assert await names(store) == [hostile]


async def test_an_outage_without_a_word_from_the_driver_is_still_named(store: Store) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be used"):
        async with store.write():
            raise OperationalError("SELECT", None, sqlite3.OperationalError(""))


@contextlib.asynccontextmanager
async def opened(url: str) -> AsyncIterator[Store]:
    store = Store(url)
    try:
        yield store
    finally:
        await store.close()


class TestSQLite:
    """What the docstring of the engine promises of SQLite."""

    @pytest.fixture
    async def sqlite(self, sqlite_url: str) -> AsyncIterator[Store]:
        async with opened(sqlite_url) as store:
            yield store

    @pytest.mark.parametrize(
        ("pragma", "expected"),
        [
            pytest.param("journal_mode", "wal", id="readers do not wait for the writer"),
            pytest.param("synchronous", 2, id="FULL survives a power cut"),
            pytest.param("foreign_keys", 1, id="foreign keys are kept"),
            pytest.param("busy_timeout", engine.BUSY_TIMEOUT * 1000, id="waits in milliseconds"),
        ],
    )
    async def test_every_connection_is_configured(self, sqlite: Store, pragma: str, expected: object) -> None:
        async with sqlite.write() as transaction, sqlite.read() as connection:
            for each in (transaction.connection, connection):
                assert (await each.execute(text(f"PRAGMA {pragma}"))).scalar_one() == expected

    async def test_readers_cannot_write(self, sqlite: Store) -> None:
        with pytest.raises(StoreUnavailable, match="readonly"):
            async with sqlite.read() as connection:
                await connection.execute(insert(repositories).values(a_repository()))

    async def test_a_dangling_reference_is_refused(self, sqlite: Store) -> None:
        with pytest.raises(IntegrityError):
            async with sqlite.write() as transaction:
                await transaction.connection.execute(
                    text("INSERT INTO choices (subscriber_id, repository, threshold) VALUES (7, '*', 'high')")
                )

    async def test_a_folder_that_is_missing_is_made(self, tmp_path: Path) -> None:
        async with opened(f"sqlite:///{tmp_path}/a/b/newsletter.db") as store:
            assert store.path == tmp_path / "a" / "b" / "newsletter.db"
            async with store.read() as connection:
                assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1

    @pytest.fixture
    def usual_umask(self) -> Iterator[None]:
        before = os.umask(0o022)
        yield
        os.umask(before)

    @pytest.mark.usefixtures("usual_umask")
    async def test_nobody_else_may_read_what_it_makes(self, tmp_path: Path) -> None:
        folder = tmp_path / "data"
        async with opened(f"sqlite:///{folder}/newsletter.db") as store:
            async with store.write() as transaction:
                await transaction.connection.execute(text("CREATE TABLE one (id INTEGER)"))
            async with only_runner(store):
                found = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
        assert found == {f"newsletter.db{end}": 0o600 for end in ("", "-wal", "-shm", ".lock")}
        assert folder.stat().st_mode & 0o777 == 0o700

    @pytest.mark.usefixtures("usual_umask")
    async def test_what_is_there_already_keeps_its_mode(self, tmp_path: Path) -> None:
        path = tmp_path / "data" / "newsletter.db"
        path.parent.mkdir(mode=0o755)
        path.touch(mode=0o640)
        async with opened(f"sqlite:///{path}") as store:
            async with store.write() as transaction:
                await transaction.connection.execute(text("CREATE TABLE one (id INTEGER)"))
            async with only_runner(store):
                assert {each.stat().st_mode & 0o777 for each in path.parent.iterdir()} == {0o640}
        assert path.parent.stat().st_mode & 0o777 == 0o755

    def test_a_file_that_cannot_be_made_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(StoreUnavailable, match=r"file/newsletter\.db cannot be opened"):
            Store(f"sqlite:///{tmp_path}/file/newsletter.db")

    async def test_a_lock_that_cannot_be_opened_is_named(self, sqlite: Store) -> None:
        assert sqlite.path is not None
        lock = sqlite.path.with_name("newsletter.db.lock")
        lock.mkdir()
        with pytest.raises(StoreError, match=r"newsletter\.db\.lock cannot be opened .* remove it while nothing runs"):
            async with only_runner(sqlite):
                pass

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
    async def test_a_lock_that_root_makes_belongs_to_the_owner_of_the_database(self, sqlite: Store) -> None:
        assert sqlite.path is not None
        os.chown(sqlite.path, 10001, 10001)
        async with only_runner(sqlite):
            lock = sqlite.path.with_name("newsletter.db.lock").stat()
        assert (lock.st_uid, lock.st_gid) == (10001, 10001)

    async def test_a_file_locked_by_somebody_else_is_an_outage(self, sqlite: Store) -> None:
        other = sqlite3.connect(str(sqlite.path), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        called: list[str] = []
        with pytest.raises(StoreUnavailable, match="locked"):
            async with sqlite.write() as transaction:
                transaction.on_commit(lambda: called.append("never"))
        # Readers go on meanwhile.
        assert await names(sqlite) == []
        other.execute("ROLLBACK")
        other.close()
        async with sqlite.write() as transaction:
            await transaction.connection.execute(insert(repositories).values(a_repository()))
        assert await names(sqlite) == ["acme/tide"]
        assert called == []

    async def test_a_writer_that_never_ends_is_an_outage_for_the_next(self, sqlite: Store) -> None:
        async with sqlite.write():
            with pytest.raises(StoreUnavailable, match="the database is busy"):
                async with sqlite.write():
                    pass

    async def test_a_file_that_is_no_database_is_not_taken_for_an_outage(self, tmp_path: Path) -> None:
        path = tmp_path / "newsletter.db"
        path.write_bytes(b"this is a text file, not a database\n" * 100)
        async with opened(f"sqlite:///{path}") as store:
            with pytest.raises(Exception, match="not a database"):
                async with store.read():
                    pass


class TestPostgreSQL:
    """What the docstring of the engine promises of PostgreSQL."""

    async def test_the_session_speaks_utc_whatever_the_server_does(self, postgresql_url: str) -> None:
        async with opened(postgresql_url) as store, store.read() as connection:
            assert (await connection.execute(text("SHOW timezone"))).scalar_one() == "UTC"
            assert store.path is None

    async def test_a_connection_that_the_server_ended_is_replaced(
        self, postgresql_url: str, postgresql_server: PostgreSQLServer
    ) -> None:
        async with opened(postgresql_url) as store:
            async with store.read() as connection:
                pid = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            postgresql_server.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
            async with store.read() as connection:
                assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1

    async def test_a_connection_that_breaks_in_a_transaction_is_an_outage(self, postgresql_url: str) -> None:
        called: list[str] = []
        async with opened(postgresql_url) as store:

            async def write() -> None:
                async with store.write() as transaction:
                    transaction.on_commit(lambda: called.append("never"))
                    await transaction.connection.execute(insert(repositories).values(a_repository()))
                    pid = (await transaction.connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
                    async with store.read() as other:
                        await other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

            with pytest.raises(StoreUnavailable):
                await write()
            assert await names(store) == []
        assert called == []

    async def test_a_server_that_is_away_is_an_outage(self, tmp_path: Path) -> None:
        async with opened(f"postgresql://newsletter@/newsletter?host={tmp_path}") as store:
            with pytest.raises(StoreUnavailable, match="cannot be used"):
                async with store.read():
                    pass

    async def test_a_database_that_is_missing_is_an_outage(self, postgresql_server: PostgreSQLServer) -> None:
        async with opened(postgresql_server.url("nobody_made_this")) as store:
            with pytest.raises(StoreUnavailable, match="nobody_made_this"):
                async with store.write():
                    pass

    async def test_a_server_that_says_nothing_is_an_outage_before_github_gives_up(self) -> None:
        silent = asyncio.Event()

        async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await silent.wait()
            writer.close()

        async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
            host, port = server.sockets[0].getsockname()
            async with opened(f"postgresql://newsletter@{host}:{port}/newsletter?sslmode=disable") as store:
                with pytest.raises(StoreUnavailable):
                    async with asyncio.timeout(8), store.read():
                        pass
            silent.set()
