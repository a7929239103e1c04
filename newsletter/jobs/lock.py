"""One process runs the jobs of a database: a lock that ends with the process, however that ends."""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from newsletter.errors import JobsLocked, StoreError, StoreUnavailable
from newsletter.logs import get_logger
from newsletter.store.engine import Store

log = get_logger("jobs")

#: Any number that nobody else locks in this database: the first bytes of "newslett".
_ADVISORY_KEY = 0x6E6577736C657474

_TAKEN = "another process runs the jobs of this database; start `serve` with --no-jobs, or end the other one"


class Patience:
    """How long somebody waits for the lock; tells so once.

    :param patience: counts from the first time that the lock was taken.
    """

    def __init__(self, patience: timedelta, clock: Callable[[], float] = time.monotonic) -> None:
        self._patience = patience
        self._clock = clock
        self._until: float | None = None

    def over(self) -> bool:
        """Take note that another process has the lock; returns whether that is not waited for any longer."""
        now = self._clock()
        if self._until is None:
            self._until = now + self._patience.total_seconds()
            if self._patience:
                log.warning(
                    "another process runs the jobs; waiting for it to end",
                    action="jobs.locked",
                    seconds=round(self._patience.total_seconds()),
                )
        return now >= self._until


@asynccontextmanager
async def only_runner(store: Store) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Hold the lock of a database's jobs; gives a check that raises StoreUnavailable once the lock is lost.

    On SQLite it is a lock on a file beside the database, on PostgreSQL an advisory lock of a session; the system takes
    both back when the process dies, so there is nothing stale to clean up.

    :raises JobsLocked: another process has it.
    :raises StoreError: the file cannot be opened.
    """
    if store.path is not None:
        with _file_lock(store.path):
            yield _always_held
    else:
        async with _advisory_lock(store) as check:
            yield check


async def _always_held() -> None:
    """Do nothing: the lock on a file lasts as long as the process."""


class _file_lock:  # noqa: N801 - reads as the context it makes
    def __init__(self, database: Path) -> None:
        self._database = database
        self._path = database.with_name(database.name + ".lock")

    def __enter__(self) -> None:
        try:
            self._file = self._open()
        except OSError as error:
            raise StoreError(
                f"the lock {self._path} cannot be opened ({error.strerror}): give it to whoever owns the database "
                "and runs the service, or remove it while nothing runs"
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise JobsLocked(_TAKEN) from None

    def _open(self) -> int:
        """Open the file, and make it first where it is missing.

        Whoever may write the database may hold its lock: a verb that root runs once must not lock out the service.
        """
        with suppress(FileExistsError):
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            database = self._database.stat()
            os.fchmod(file, stat.S_IMODE(database.st_mode))
            if os.geteuid() == 0:
                os.fchown(file, database.st_uid, database.st_gid)
            return file
        return os.open(self._path, os.O_RDWR | os.O_CLOEXEC)

    def __exit__(self, *_: object) -> None:
        # The file stays: removing it would let two processes lock two files of one name.
        os.close(self._file)


@asynccontextmanager
async def _advisory_lock(store: Store) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    try:
        connection = await store.engine.connect()
    except SQLAlchemyError as error:
        raise StoreUnavailable("the database cannot be reached") from error

    async def ask(statement: str) -> bool:
        # The lock lives and dies with this session: when the server ended it, somebody else may have it by now.
        try:
            return bool((await connection.execute(text(statement))).scalar_one())
        except SQLAlchemyError as error:
            raise StoreUnavailable("the session that holds the lock is gone") from error

    async def check() -> None:
        await ask("SELECT true")

    try:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        if not await ask(f"SELECT pg_try_advisory_lock({_ADVISORY_KEY})"):
            raise JobsLocked(_TAKEN)
        try:
            yield check
        finally:
            # The server takes a moment to notice that a session ended, and whoever comes next should not wait for it.
            with suppress(StoreUnavailable):
                await ask(f"SELECT pg_advisory_unlock({_ADVISORY_KEY})")
    finally:
        # Back in the pool the session would go on holding the lock.
        await connection.invalidate()
        await connection.close()
