"""Connections to PostgreSQL that give up on a server which says nothing.

A network that drops packets resets no connection: without limits of our own a statement would wait for the kernel,
a quarter of an hour and more. There are three limits, each for what the others cannot see: ``statement_timeout`` ends
a statement on the server (postgresql.org/docs/current/runtime-config-client.html); ``tcp_user_timeout`` and keepalives
end a connection whose packets nobody acknowledges (…/libpq-connect.html); and whoever acknowledges and stays silent
all the same is given up here, a moment after the server would have spoken.
"""

from __future__ import annotations

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

Result = TypeVar("Result")

#: GitHub waits 10 seconds for an answer, so nothing here may wait longer than that, seconds: for a free connection,
#: for a new one, for a sign of life from one that was idle, and for the end of a statement.
POOL_TIMEOUT = 4
CONNECT_TIMEOUT = 4
PING = 2.0
PATIENCE = 5.0
#: What the server's own word that a statement took too long may need on its way, seconds.
_MARGIN = 1.0
_POOL_SIZE = 10

#: The URL may ask for other values. Milliseconds for tcp_user_timeout, seconds for the others.
_OPTIONS = {
    "connect_timeout": str(CONNECT_TIMEOUT),
    "tcp_user_timeout": "6000",
    "keepalives_idle": "10",
    "keepalives_interval": "2",
    "keepalives_count": "3",
}


class Connection(psycopg.AsyncConnection[Any]):
    """A connection that closes itself when the server gives no answer in time."""

    #: For each answer, seconds; None = for ever.
    patience: float | None = PATIENCE + _MARGIN

    async def wait(
        self,
        gen: PQGen[Result],
        interval: float = 0.1,
        timeout: float | None = None,  # noqa: ASYNC109 - the driver's signature
    ) -> Result:
        """Wait for an answer (the driver's own hook).

        :raises psycopg.OperationalError: there was none in time.
        """
        limit = self.patience if timeout is None else timeout
        try:
            return await super().wait(gen, interval, limit)
        except psycopg.OperationalError as error:
            if self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                raise
            # The answer may still come, and would be taken for the next one's.
            self.pgconn.finish()
            raise psycopg.OperationalError(f"the server gave no answer within {limit} s") from error


def postgresql_engine(url: URL, *, patience: float | None) -> AsyncEngine:
    """Return a pool of connections.

    :param patience: seconds for a statement, where the URL, the role or the database ask for no other; None = no limit.
    """
    engine = create_async_engine(
        url.set(query={**_OPTIONS, **url.query}),
        pool_size=_POOL_SIZE,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT,
        pool_pre_ping=True,
        # Errors are logged, and parameters are people's addresses.
        hide_parameters=True,
        connect_args={"async_creator_fn": Connection.connect},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, record: Any) -> None:
        cursor = connection.cursor()
        # In a server's own zone the last hours of the year 9999, which a commit may be dated to, cannot be read back.
        cursor.execute("SET TIME ZONE 'UTC'")
        cursor.execute("SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout'")
        asked = cursor.fetchone()[0] / 1000
        if not asked and patience:
            asked = patience
            cursor.execute(f"SET statement_timeout = {int(patience * 1000)}")
        cursor.close()
        connection.commit()
        record.info["patience"] = asked + _MARGIN if asked else None

    @event.listens_for(engine.sync_engine, "checkout")
    def in_use(connection: Any, record: Any, _proxy: Any) -> None:
        connection.driver_connection.patience = record.info["patience"]

    @event.listens_for(engine.sync_engine, "checkin")
    def idle(connection: Any, _record: Any) -> None:
        # The next to use it asks for a sign of life first, and still has to connect anew when there is none.
        if connection is not None:
            connection.driver_connection.patience = PING

    return engine
