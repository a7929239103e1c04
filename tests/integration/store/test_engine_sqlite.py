"""Connections to SQLite."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from newsletter.errors import StoreError, StoreUnavailable
from newsletter.jobs.lock import only_runner
from newsletter.store import engine
from newsletter.store.engine import Store
from newsletter.store.tables import repositories
from tests.support.transactions import a_repository, names, opened
from tests.support.waiting import PATIENCE


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


async def test_a_statement_that_is_cancelled_in_its_middle_leaves_no_lock_behind(sqlite_url: str) -> None:
    store = Store(sqlite_url, busy_timeout=0.05)
    reached, let_go = threading.Event(), threading.Event()

    def halt() -> int:
        reached.set()
        let_go.wait(PATIENCE)
        return 1

    async def write() -> None:
        async with store.write() as transaction:
            raw = await transaction.connection.get_raw_connection()
            assert raw.driver_connection is not None
            await raw.driver_connection.create_function("halt", 0, halt)
            await transaction.connection.execute(insert(repositories).values(a_repository()))
            await transaction.connection.execute(text("SELECT halt() UNION ALL SELECT 2"))

    task = asyncio.create_task(write())
    await asyncio.to_thread(reached.wait, PATIENCE)
    task.cancel()
    let_go.set()
    # Whoever keeps the error keeps the half-read statement, and with it the connection that it belongs to.
    (error,) = await asyncio.gather(task, return_exceptions=True)
    async with store.write() as transaction:
        await transaction.connection.execute(insert(repositories).values(a_repository("acme/next")))
    assert await names(store) == ["acme/next"]
    assert isinstance(error, asyncio.CancelledError)
    await store.close()
