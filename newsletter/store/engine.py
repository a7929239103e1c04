"""Connections: one writer and several readers on SQLite, a pool on PostgreSQL, the same code above both.

SQLite lets one connection write at a time; a second one would only wait or fail (``database is locked``), so the
service has exactly one and queues for it in memory. ``BEGIN IMMEDIATE`` takes the write lock at the start: a deferred
transaction that starts to write in its middle cannot wait, it fails at once (sqlite.org/lang_transaction.html).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from newsletter.errors import StoreUnavailable

#: GitHub waits 10 seconds for an answer, so nothing here may wait longer than that, seconds.
BUSY_TIMEOUT = 4
POOL_TIMEOUT = 4
READERS = 4


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
    """

    def __init__(self, url: str, *, busy_timeout: float = BUSY_TIMEOUT) -> None:
        self.url = _driver_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self._writer = _sqlite_engine(
                self.url, begin="BEGIN IMMEDIATE", size=1, read_only=False, busy_timeout=busy_timeout
            )
            self._reader = _sqlite_engine(
                self.url, begin="BEGIN", size=READERS, read_only=True, busy_timeout=busy_timeout
            )
        else:
            self._writer = self._reader = _postgresql_engine(self.url)

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
            async with self._writer.connect() as connection:
                async with connection.begin():
                    transaction = Transaction(connection)
                    yield transaction
                transaction.committed()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open a consistent view for reading.

        :raises StoreUnavailable: the database is away.
        """
        with _naming_outages():
            async with self._reader.connect() as connection, connection.begin():
                yield connection

    async def close(self) -> None:
        """Close every connection."""
        await self._writer.dispose()
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
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        return parsed.set(drivername="sqlite+aiosqlite")
    return parsed.set(drivername="postgresql+psycopg")


def _postgresql_engine(url: URL) -> AsyncEngine:
    # The driver's own patience with a server that says nothing is two minutes; the URL may ask for another.
    url = url.set(query={"connect_timeout": str(POOL_TIMEOUT), **url.query})
    engine = create_async_engine(
        url, pool_size=10, max_overflow=0, pool_timeout=POOL_TIMEOUT, pool_pre_ping=True, hide_parameters=True
    )

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        # In a server's own zone the last hours of the year 9999, which a commit may be dated to, cannot be read back.
        cursor = connection.cursor()
        cursor.execute("SET TIME ZONE 'UTC'")
        cursor.close()
        connection.commit()

    return engine


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

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        # The driver's own transaction control is switched off; "begin" below is the only one.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        # FULL survives a power cut, not only a killed process: a push that was answered with 202 must.
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(f"PRAGMA busy_timeout = {int(busy_timeout * 1000)}")
        if read_only:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def start(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine
