"""How every connection to SQLite is set up, and how one is given up."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from sqlalchemy import Engine, event


def configure(engine: Engine, *, begin: str, read_only: bool, busy_timeout: float) -> None:
    """Set up the connections that an engine makes, and how its transactions begin.

    :param begin: the statement: ``BEGIN IMMEDIATE`` takes the write lock at the start.
    :param busy_timeout: how long to wait for another process's lock, seconds.
    """

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
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

    @event.listens_for(engine, "begin")
    def start(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    @event.listens_for(engine, "invalidate")
    def give_up(connection: Any, _record: Any, _error: BaseException | None) -> None:
        # A caller that was cancelled in the middle of a statement leaves it half read, and the error that it goes with
        # may keep it for long. Closed, such a connection lives on with its transaction, and its lock, until nobody
        # has the statement any more (sqlite.org/c3ref/close.html); rolled back, it holds nobody up.
        # Whatever happens here, it is closed next, and what it was given up for is on its way.
        with suppress(Exception, asyncio.CancelledError):
            connection.rollback()
