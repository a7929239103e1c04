"""A handler that remembers what it was given, and ways for it to fail."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from newsletter.pipeline.port import Job
from tests.support.waiting import PATIENCE


class Diary:
    """A handler that remembers what it was given, and when."""

    def __init__(self, answer: Callable[[Job], Awaitable[None]] | None = None) -> None:
        self.entries: list[tuple[Job, datetime]] = []
        self._answer = answer
        self._changed = asyncio.Condition()

    async def __call__(self, job: Job) -> None:
        async with self._changed:
            self.entries.append((job, datetime.now(UTC)))
            self._changed.notify_all()
        if self._answer is not None:
            await self._answer(job)

    @property
    def keys(self) -> list[str]:
        """Keys of the jobs, in the order they were run."""
        return [job.key for job, _ in self.entries]

    @property
    def gaps(self) -> list[timedelta]:
        """Times between two attempts that follow each other."""
        instants = [at for _, at in self.entries]
        return [later - earlier for earlier, later in pairwise(instants)]

    async def has(self, number: int) -> None:
        """Wait for so many entries."""
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(lambda: len(self.entries) >= number)


def failing(*errors: Exception | None) -> Callable[[Job], Awaitable[None]]:
    """Return an answer that fails in these ways, one after the other; None is none."""
    waiting = iter(errors)

    async def answer(_: Job) -> None:
        if error := next(waiting):
            raise error

    return answer
