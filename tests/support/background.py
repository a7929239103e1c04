"""Stand-in servers on an event loop of their own, for what blocks the test's thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, TypeVar

Server = TypeVar("Server")
Result = TypeVar("Result")


class Background:
    """An event loop in a thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine there and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)

    @contextmanager
    def serving(self, server: AbstractAsyncContextManager[Server]) -> Iterator[Server]:
        """Start a server there, and end it."""
        started = self.run(_entered(server))
        try:
            yield started
        finally:
            self.run(_exited(server))

    def close(self) -> None:
        """End the loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()


async def _entered(server: AbstractAsyncContextManager[Server]) -> Server:
    return await server.__aenter__()


async def _exited(server: AbstractAsyncContextManager[Any]) -> None:
    await server.__aexit__(None, None, None)
