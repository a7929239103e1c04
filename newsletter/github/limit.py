"""One pause for all requests: whoever is told to wait speaks for everybody who has the same token; and outages.

"Continuing to make requests while you are rate limited may result in the banning of your integration":
https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#handle-rate-limit-errors-appropriately
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from newsletter.github.faults import LONGEST_PAUSE, RateLimited
from newsletter.logs import get_logger
from newsletter.metrics import github_paused

log = get_logger("github")

#: A secondary limit without Retry-After: "wait for at least one minute", and longer each time it goes on.
FIRST_PAUSE = timedelta(minutes=1)

#: A single answer "502" is no outage, seconds.
SHORTEST_OUTAGE = 60


class Pauses:
    """Which of the limits of one server are reached: ``/metrics`` says whether any is."""

    def __init__(self) -> None:
        self._reached: set[RateLimit] = set()

    def note(self, limit: RateLimit, *, reached: bool) -> None:
        """Take note that a limit is reached, or over."""
        (self._reached.add if reached else self._reached.discard)(limit)
        github_paused.set(1 if self._reached else 0)


class RateLimit:
    """Remembers until when GitHub wants to be left alone.

    :param clock: seconds that only grow.
    :param pauses: shared with the limits of other tokens.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, pauses: Pauses | None = None) -> None:
        self._clock = clock
        self._pauses = pauses or Pauses()
        self._until = 0.0
        self._silent_limits = 0

    def check(self) -> None:
        """Let a request pass.

        :raises RateLimited: it would be too early; says how long to wait.
        """
        left = self._until - self._clock()
        if left > 0:
            raise RateLimited("GitHub's rate limit is reached", retry_after=timedelta(seconds=left))

    def reached(self, limit: RateLimited) -> RateLimited:
        """Take note of a limit; returns it with the pause that it means."""
        now = self._clock()
        # A request that was under way when the limit was noted meets the same one: told once, and no longer for it.
        same = self._until > now
        pause = limit.retry_after
        if pause is None and same:
            pause = timedelta(seconds=self._until - now)
        elif pause is None:
            pause = min(FIRST_PAUSE * float(2 ** min(self._silent_limits, 10)), LONGEST_PAUSE)
            self._silent_limits += 1
        if not same:
            log.warning("GitHub wants a pause", action="github.limited", seconds=round(pause.total_seconds()))
        self._until = max(self._until, now + pause.total_seconds())
        self._pauses.note(self, reached=True)
        return RateLimited(str(limit), retry_after=pause)

    def passed(self) -> None:
        """Take note that a request was answered; one that was sent before the limit was reached says nothing."""
        if self._until and self._until <= self._clock():
            self._silent_limits, self._until = 0, 0.0
            self._pauses.note(self, reached=False)
            log.info("GitHub answers again", action="github.answers")


class Outage:
    """Notices that GitHub was away for long enough that deliveries may have been missed.

    :param recovered: called when it is back.
    :param clock: seconds that only grow.
    """

    def __init__(self, recovered: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._recovered = recovered
        self._clock = clock
        self._since: float | None = None

    def met(self) -> None:
        """Take note of a request that failed."""
        if self._since is None:
            self._since = self._clock()

    def over(self) -> None:
        """Take note of a request that was answered."""
        since, self._since = self._since, None
        if since is not None and self._clock() - since >= SHORTEST_OUTAGE:
            self._recovered()
