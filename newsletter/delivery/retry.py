"""When a deferred delivery is tried again, and when it is given up: pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """Growing pauses up to a limit.

    RFC 5321 §4.5.4.1 asks for at least 30 minutes in the long run and for four to five days of patience; a daily
    digest is worth a day and a half, and greylisting is over after a few minutes.

    What is refused for our sake is never given up: no reader loses a digest through it, and an operator mends it.
    """

    first: timedelta = timedelta(minutes=5)
    factor: float = 2.0
    longest: timedelta = timedelta(hours=4)
    give_up_after: timedelta = timedelta(hours=36)
    #: The longest pause of a delivery that met a fault of ours or of the relay's: those end for everybody at once.
    longest_refused: timedelta = timedelta(hours=1)

    def next_attempt(self, *, attempts: int, since: datetime, now: datetime, spread: float = 0.0) -> datetime | None:
        """Return when to try again after so many attempts; None where it is time to give up.

        :param attempts: how many there were, at least 1.
        :param since: when the first of them was made.
        :param spread: 0 to 1, drawn by the caller: lengthens the pause by up to a fifth, so that a thousand deferred
            deliveries do not come back in the same second.
        """
        at = now + self._pause(attempts, self.longest, spread)
        return None if at - since > self.give_up_after else at

    def after_refusal(self, *, refusals: int, one_domain: bool, now: datetime, spread: float = 0.0) -> datetime:
        """Return when to try again after so many refusals that are about us.

        :param refusals: how many there were, at least 1.
        :param one_domain: whether it is one domain that refuses us, which may last.
        :param spread: as above.
        """
        return now + self._pause(refusals, self.longest if one_domain else self.longest_refused, spread)

    def _pause(self, number: int, longest: timedelta, spread: float) -> timedelta:
        seconds = self.first.total_seconds() * self.factor ** (min(number, 32) - 1)
        return timedelta(seconds=min(seconds, longest.total_seconds())) * (1 + 0.2 * spread)
