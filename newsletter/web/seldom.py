"""A line of the log for what anybody can cause at will: now and then, with how often it happened."""

from __future__ import annotations

import time
from collections.abc import Callable


class Seldom:
    """Says when a line is due.

    :param every: between two lines, seconds.
    :param clock: seconds that only grow.
    """

    def __init__(self, every: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._clock = clock
        self._due_at = clock()
        self._count = 0

    def happened(self) -> int:
        """Count an event; returns how many there were since the last line where one is due, else 0."""
        self._count += 1
        now = self._clock()
        if now < self._due_at:
            return 0
        count, self._count, self._due_at = self._count, 0, now + self._every
        return count
