"""Connections: one writer and several readers on SQLite, a pool on PostgreSQL, the same code above both.

SQLite lets one connection write at a time; a second one would only wait or fail (``database is locked``), so the
service has exactly one and queues for it in memory. ``BEGIN IMMEDIATE`` takes the write lock at the start: a deferred
transaction that starts to write in its middle cannot wait, it fails at once (sqlite.org/lang_transaction.html).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from newsletter.errors import StoreUnavailable
from newsletter.store.at_once import SqliteThread
from newsletter.store.postgresql import PATIENCE, POOL_TIMEOUT, postgresql_engine
from newsletter.store.sqlite import configure

#: GitHub waits 10 seconds for an answer, so nothing here may wait longer than that, seconds.
BUSY_TIMEOUT = 4
READERS = 4
#: For whoever writes before us, seconds.
TURN_TIMEOUT = 4

Result = TypeVar("Result")


@dataclass
class Transaction:
    """A write transaction, and what is to happen once it is durable."""

    connection: AsyncConnection
    _callbacks: list[Callable[[], None]] = field(default_factory=list)

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Call this after the commit, and not at all after a rollback.

        SQLAlchemy's own "commit" event fires before COMMIT is sent: whoever it wakes finds nothing yet.
        """
        self._callbacks.append(callback)

    def committed(self) -> None:
        """Run the callbacks."""
        for callback in self._callbacks:
            callback()


class Store:
    """The database.

    :param url: ``sqlite:///path`` or ``postgresql://…``.
    :param busy_timeout: how long to wait for another process's lock on an SQLite database, seconds.
    :param patience: how long a statement on PostgreSQL may take, seconds; None = as long as it takes.
    """

    def __init__(self, url: str, *, busy_timeout: float = BUSY_TIMEOUT, patience: float | None = PATIENCE) -> None:
        self.url = _driver_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._writing = asyncio.Lock()
        if self.is_sqlite:
            self._writer = _sqlite_engine(
                self.url, begin="BEGIN IMMEDIATE", size=1, read_only=False, busy_timeout=busy_timeout
            )
            self._reader = _sqlite_engine(
                self.url, begin="BEGIN", size=READERS, read_only=True, busy_timeout=busy_timeout
            )
            self._at_once = SqliteThread(self.url, busy_timeout=busy_timeout)
            self._looking = SqliteThread(self.url, busy_timeout=busy_timeout, read_only=True)
        else:
            self._writer = self._reader = postgresql_engine(self.url, patience=patience)

    @property
    def path(self) -> Path | None:
        """The SQLite file; None on PostgreSQL."""
        return Path(self.url.database or "") if self.is_sqlite else None

    @property
    def engine(self) -> AsyncEngine:
        """The engine that may write; for migrations and for locks."""
        return self._writer

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        """Open a write transaction: committed at the end, rolled back by an exception. Never await the network in it.

        :raises StoreUnavailable: the database is locked, full or away; nothing was changed.
        """
        with _naming_outages():
            async with self._turn(), self._writer.connect() as connection:
                async with connection.begin():
                    transaction = Transaction(connection)
                    yield transaction
                transaction.committed()

    @asynccontextmanager
    async def rebuild(self) -> AsyncIterator[AsyncConnection]:
        """Open a write transaction in which SQLite lets a table be replaced that others refer to.

        It changes a table by copying and dropping it, which would take along whatever refers to it, or be refused:
        so references are looked at once, at the end (sqlite.org/lang_altertable.html §7).

        :raises StoreUnavailable: the database is locked, full or away; nothing was changed.
        :raises IntegrityError: a reference leads nowhere; nothing was changed.
        """
        if not self.is_sqlite:
            async with self.write() as transaction:
                yield transaction.connection
            return
        with _naming_outages():
            async with self._turn(), self._writer.connect() as connection:
                # Of no effect within a transaction.
                driver: Any = (await connection.get_raw_connection()).driver_connection
                await driver.execute("PRAGMA foreign_keys = OFF")
                try:
                    async with connection.begin():
                        yield connection
                        broken = (await connection.exec_driver_sql("PRAGMA foreign_key_check")).mappings().first()
                        if broken is not None:
                            reason = ValueError(f"a row of {broken['table']} refers to none of {broken['parent']}")
                            raise IntegrityError(None, None, reason)
                finally:
                    await driver.execute("PRAGMA foreign_keys = ON")

    async def write_at_once(self, work: Callable[[Connection], Result]) -> Result:
        """Run statements that need nothing from outside in one write transaction of their own.

        On SQLite each awaited statement is several changes of threads, each of which waits until the event loop has
        nothing better to do; this is one.

        :raises StoreUnavailable: the database is locked, full or away; nothing was changed.
        """
        with _naming_outages():
            if self.is_sqlite:
                async with self._turn():
                    return await self._at_once.run(work)
            async with self._writer.connect() as connection, connection.begin():
                return await connection.run_sync(work)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Wait until nobody in this process writes to an SQLite database; first come, first served."""
        if not self.is_sqlite:
            yield
            return
        try:
            async with asyncio.timeout(TURN_TIMEOUT):
                await self._writing.acquire()
        except TimeoutError:
            raise StoreUnavailable("the database is busy") from None
        try:
            yield
        finally:
            self._writing.release()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open a consistent view for reading.

        :raises StoreUnavailable: the database is away.
        """
        with _naming_outages():
            async with self._reader.connect() as connection, connection.begin():
                yield connection

    async def read_at_once(self, work: Callable[[Connection], Result]) -> Result:
        """Run statements that need nothing from outside in one consistent view, as :meth:`write_at_once` does.

        :raises StoreUnavailable: the database is away.
        """
        with _naming_outages():
            if self.is_sqlite:
                return await self._looking.run(work)
            async with self._reader.connect() as connection, connection.begin():
                return await connection.run_sync(work)

    async def close(self) -> None:
        """Close every connection."""
        await self._writer.dispose()
        if self.is_sqlite:
            self._at_once.close()
            self._looking.close()
        if self._reader is not self._writer:
            await self._reader.dispose()


class _naming_outages:  # noqa: N801 - reads as the context it makes
    """Turn the database's own errors about its availability into :class:`StoreUnavailable`."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, PoolTimeout | OperationalError) or (
            isinstance(error, DBAPIError) and error.connection_invalidated
        ):
            reason = (str(getattr(error, "orig", "")) or "no connection became free in time").splitlines()[0]
            raise StoreUnavailable(f"the database cannot be used at the moment: {reason}") from error


def _driver_url(url: str) -> URL:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            _make_private(Path(parsed.database))
        return parsed.set(drivername="sqlite+aiosqlite")
    return parsed.set(drivername="postgresql+psycopg")


def _make_private(path: Path) -> None:
    """Make the file, and its folder, for its owner alone: it has everybody's address in it.

    SQLite gives the files that it makes beside it the same mode and owner. What is there already keeps its own.

    :raises StoreUnavailable: neither is there, and they cannot be made.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StoreUnavailable(f"the database {path} cannot be opened: {error.strerror}") from error


def _sqlite_engine(url: URL, *, begin: str, size: int, read_only: bool, busy_timeout: float) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT,
        # Errors are logged, and parameters are people's addresses.
        hide_parameters=True,
        connect_args={"timeout": busy_timeout},
    )

    configure(engine.sync_engine, begin=begin, read_only=read_only, busy_timeout=busy_timeout)
    return engine
