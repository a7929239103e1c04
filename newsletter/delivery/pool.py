"""A small pool of connections to the mail server, and the pace they keep."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from newsletter.delivery.record import Outcome
from newsletter.delivery.smtp import Connection, Envelope, Relay, Timeouts

#: Connections are replaced after so many messages: some servers close them then, in the middle of something.
MESSAGES_PER_CONNECTION = 500


class ServerRefused(Exception):  # noqa: N818 - reads as the state it names
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
        self._places = asyncio.Semaphore(size)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection that is ready.

        :raises ServerRefused: the server does not let us in.
        """
        async with self._places:
            connection, used = self._idle.pop() if self._idle else (self._new(), 0)
            if not connection.is_open or used >= MESSAGES_PER_CONNECTION:
                await connection.close()
                connection, used = self._new(), 0
                refused = await connection.open()
                if refused is not None:
                    raise ServerRefused(refused)
            try:
                yield connection
            finally:
                if connection.is_open:
                    self._idle.append((connection, used + 1))

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
        """Close every idle connection."""
        while self._idle:
            connection, _ = self._idle.pop()
            await connection.close()
