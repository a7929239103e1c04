"""A clock that stands still until it is told to move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

#: A Monday morning on which nothing happens to any clock.
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class FrozenClock:
    """Gives the same instant until :meth:`advance` is called."""

    def __init__(self, at: datetime = NOON) -> None:
        self.now = at

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> datetime:
        """Move on and return the new time."""
        self.now += by
        return self.now

    def set(self, to: datetime) -> None:
        """Jump to an instant, as a clock does that is put right."""
        self.now = to
