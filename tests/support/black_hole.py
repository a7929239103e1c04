"""A way to a PostgreSQL server that can lose everything it is given, as a network that drops packets does."""

from __future__ import annotations

import asyncio
from types import TracebackType

from sqlalchemy.engine import make_url

_CHUNK = 65536


class BlackHole:
    """Forwards between a TCP port and a server's socket, until it swallows everything and says nothing any more.

    :param url: of a database behind a socket in a folder.
    """

    def __init__(self, url: str) -> None:
        self._target = make_url(url)
        self._open = asyncio.Event()
        self._open.set()
        self._forwarding: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """URL of the database by this way."""
        return f"postgresql://{self._target.username}@127.0.0.1:{self._port}/{self._target.database}"

    def swallow(self) -> None:
        """Forward nothing from now on, and end no connection."""
        self._open.clear()

    def forward(self) -> None:
        """Forward again, what waited as well."""
        self._open.set()

    async def __aenter__(self) -> BlackHole:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for task in self._forwarding:
            task.cancel()
        await asyncio.gather(*self._forwarding, return_exceptions=True)
        self._server.close()
        await self._server.wait_closed()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = self._target.query["host"]
        there = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.5432")
        for source, drain in ((reader, there[1]), (there[0], writer)):
            task = asyncio.create_task(self._pipe(source, drain))
            self._forwarding.add(task)

    async def _pipe(self, source: asyncio.StreamReader, drain: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(_CHUNK):
                await self._open.wait()
                drain.write(data)
                await drain.drain()
        except OSError:
            # One end is gone; the other is told by the close below.
            pass
        finally:
            drain.close()
