"""A small pool of connections to the mail server, and the pace they keep."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from newsletter.delivery.record import Outcome
from newsletter.delivery.smtp import Connection, Envelope, Relay, Timeouts

#: Connections are replaced after so many messages: some servers close them then, in the middle of something.
MESSAGES_PER_CONNECTION = 500


class ServerRefused(Exception):
    """No connection could be made ready; carries the outcome, which charges nobody."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__(f"the mail server cannot be used: {outcome.reply.code} {outcome.reply.text}")


class Pool:
    """Connections that are opened when needed, used for many messages and closed after a run.

    :param size: open at once.
    :param per_second: messages a second over all connections; None = no limit.
    """

    def __init__(
        self,
        relay: Relay,
        *,
        size: int,
        per_second: float | None = None,
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - immutable
    ) -> None:
        self._relay = relay
        self._timeouts = timeouts
        self.size = size
        self._interval = 1 / per_second if per_second else 0.0
        self._next_slot = 0.0
        self._idle: list[tuple[Connection, int]] = []
        self._lent = self._opening = 0
        #: Connections that the server has room for, as far as is known; never fewer than it lets us have.
        self._room = size
        #: How often the server let us in.
        self._let_in = 0
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection that is ready.

        A server that lets some of us in and not all has no room for more: then there are fewer until :meth:`close`,
        and whoever was turned away waits for one of those.

        :raises ServerRefused: the server lets nobody in.
        """
        connection, used = await self._take()
        try:
            yield connection
        finally:
            self._lent -= 1
            if connection.is_open:
                self._idle.append((connection, used + 1))
            self._changed.set()

    async def _take(self) -> tuple[Connection, int]:
        refused, seen = None, 0
        while True:
            if self._idle:
                connection, used = self._idle.pop()
                self._lent += 1
                if connection.is_open and used < MESSAGES_PER_CONNECTION:
                    return connection, used
                await self._discard(connection)
            elif refused is not None and not self._others and seen == self._let_in:
                raise ServerRefused(refused)
            elif self._lent + self._opening < self._room:
                connection = self._new()
                refused, seen = await self._open(connection), self._let_in
                if refused is None:
                    return connection, 0
                if not self._others:
                    raise ServerRefused(refused)
                self._room = self._others
                if self._lent or self._idle:
                    # There is only no room for one more; should that one break, another may be opened.
                    refused = None
            else:
                self._changed.clear()
                await self._changed.wait()

    @property
    def _others(self) -> int:
        """Connections that are ready, or on their way to be."""
        return self._lent + self._opening + len(self._idle)

    async def _discard(self, connection: Connection) -> None:
        try:
            await connection.close()
        finally:
            self._lent -= 1
            self._changed.set()

    async def _open(self, connection: Connection) -> Outcome | None:
        """Open a connection and count it as lent; returns what went wrong."""
        self._opening += 1
        refused, opened = None, False
        try:
            refused = await connection.open()
            opened = refused is None
        finally:
            self._opening -= 1
            self._lent += opened
            self._let_in += opened
            self._changed.set()
        return refused

    async def send(self, envelope: Envelope, message: bytes, *, claim: Callable[[], Awaitable[bool]]) -> Outcome | None:
        """Send one message, see :meth:`Connection.send`; a connection that went stale is replaced.

        :raises ServerRefused: the server does not let us in.
        """
        while True:
            async with self.connection() as connection:
                outcome = await connection.send(envelope, message, claim=claim)
            if not connection.went_stale:
                return outcome

    def _new(self) -> Connection:
        return Connection(self._relay, timeouts=self._timeouts)

    async def wait_for_turn(self) -> None:
        """Wait until the pace allows another message."""
        if not self._interval:
            return
        now = asyncio.get_running_loop().time()
        self._next_slot = max(self._next_slot, now) + self._interval
        await asyncio.sleep(self._next_slot - self._interval - now)

    async def close(self) -> None:
        """Close every idle connection; what is opened afterwards may be as many as at first."""
        self._room = self.size
        while self._idle:
            connection, _ = self._idle.pop()
            await connection.close()
