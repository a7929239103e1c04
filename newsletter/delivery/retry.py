"""When a deferred delivery is tried again, and when it is given up: pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """Growing pauses up to a limit.

    RFC 5321 §4.5.4.1 asks for at least 30 minutes in the long run and for four to five days of patience; a daily
    digest is worth a day and a half, and greylisting is over after a few minutes.
    """

    first: timedelta = timedelta(minutes=5)
    factor: float = 2.0
    longest: timedelta = timedelta(hours=4)
    give_up_after: timedelta = timedelta(hours=36)

    def next_attempt(
        self, *, attempts: int, queued_at: datetime, now: datetime, spread: float = 0.0
    ) -> datetime | None:
        """Return when to try again after so many attempts; None where it is time to give up.

        :param attempts: how many there were, at least 1.
        :param spread: 0 to 1, drawn by the caller: lengthens the pause by up to a fifth, so that a thousand deferred
            deliveries do not come back in the same second.
        """
        seconds = self.first.total_seconds() * self.factor ** (min(attempts, 32) - 1)
        at = now + timedelta(seconds=min(seconds, self.longest.total_seconds())) * (1 + 0.2 * spread)
        return None if at - queued_at > self.give_up_after else at
