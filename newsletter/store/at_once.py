"""Whole transactions on SQLite in a thread of their own, without going back and forth for every statement."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import URL

from newsletter.store.sqlite import configure

Result = TypeVar("Result")


class SqliteThread:
    """One connection, and the one thread that uses it.

    :param busy_timeout: how long to wait for another process's lock, seconds.
    :param read_only: whether it only looks; then it waits for nobody who writes.
    """

    def __init__(self, url: URL, *, busy_timeout: float, read_only: bool = False) -> None:
        self._engine = create_engine(
            url.set(drivername="sqlite+pysqlite"),
            pool_size=1,
            max_overflow=0,
            hide_parameters=True,
            connect_args={"timeout": busy_timeout, "check_same_thread": False},
        )
        begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"
        configure(self._engine, begin=begin, read_only=read_only, busy_timeout=busy_timeout)
        self._connection: Connection | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")

    async def run(self, work: Callable[[Connection], Result]) -> Result:
        """Run work in a transaction: committed at its end, rolled back by an exception.

        A caller that is cancelled meanwhile is kept until the thread is done: nobody else may write before that.
        """
        running = asyncio.get_running_loop().run_in_executor(self._thread, self._in_transaction, work)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            raise

    def _in_transaction(self, work: Callable[[Connection], Result]) -> Result:
        connection = self._connected()
        try:
            with connection.begin():
                return work(connection)
        except BaseException:
            # Whatever state it is in: the next one gets a fresh one.
            self._disconnect()
            raise

    def _connected(self) -> Connection:
        # Kept: a pool looks after a connection each time that it is given back.
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def close(self) -> None:
        """Close the connection and end the thread."""
        self._thread.submit(self._disconnect)
        self._thread.shutdown()
        self._engine.dispose()
