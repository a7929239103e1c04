"""How fast and how much may be asked: pure apart from the clock that is passed in.

Counting tokens needs no network: about 2.9 bytes a token for mixed Chinese and code (measured), corrected by what the
server says it counted.
"""

from __future__ import annotations

from newsletter.analysis.record import Fallback

#: Measured on mixed Chinese and code.
BYTES_PER_TOKEN = 2.9
#: How much one answer's count changes the estimate.
_WEIGHT = 0.2
#: A server that counts otherwise is not believed beyond these.
_FEWEST_BYTES, _MOST_BYTES = 1.0, 8.0

#: Tokens that are as good as there: the rest of a division.
_NEXT_TO_NOTHING = 0.01

#: Pauses after failures without an answer in between, seconds: 30, 60, 120 … up to a quarter of an hour.
FIRST_OUTAGE, LONGEST_OUTAGE = 30.0, 900.0
#: How long a key, an account or a model that was refused is not asked for again, seconds.
BARRED = 300.0


class Estimate:
    """How many tokens a text has, as far as that is known."""

    def __init__(self) -> None:
        self._bytes = BYTES_PER_TOKEN

    def tokens(self, size: int) -> int:
        """Return about how many tokens a number of bytes has."""
        return int(size / self._bytes) + 1

    def learn(self, size: int, tokens: int) -> None:
        """Take note of what a server counted for a number of bytes."""
        if tokens > 0 and size > 0:
            seen = min(max(size / tokens, _FEWEST_BYTES), _MOST_BYTES)
            self._bytes += _WEIGHT * (seen - self._bytes)


class TokenBucket:
    """Tokens a minute: a minute's worth may go at once, and fills up again evenly.

    :param per_minute: None = no limit.
    """

    def __init__(self, per_minute: int | None) -> None:
        self._per_second = per_minute / 60 if per_minute else None
        self._full = float(per_minute or 0)
        self._level = self._full
        self._at: float | None = None

    def wait(self, tokens: int, *, now: float) -> float:
        """Return how many seconds there are not enough tokens yet; 0 takes them.

        :param now: seconds of a clock that never goes back.
        """
        if self._per_second is None:
            return 0.0
        self._fill(now)
        # A question larger than a whole minute's worth goes when the bucket is full.
        missing = min(float(tokens), self._full) - self._level
        if missing > _NEXT_TO_NOTHING:
            return missing / self._per_second
        self._level -= tokens
        return 0.0

    def correct(self, taken: int, used: int) -> None:
        """Give back what was taken and not used, or take what was used beyond it."""
        if self._per_second is not None:
            self._level = min(self._level + taken - used, self._full)

    def _fill(self, now: float) -> None:
        if self._at is not None and self._per_second is not None:
            self._level = min(self._level + (now - self._at) * self._per_second, self._full)
        self._at = now


class Door:
    """Whether a server may be asked now: it wanted a pause, has not answered for a while, or refused us for good.

    Times are seconds of a clock that never goes back.

    :param first_outage: the first pause after a failure.
    """

    def __init__(self, first_outage: float = FIRST_OUTAGE) -> None:
        self._first_outage = first_outage
        self._until = 0.0
        self._reason = Fallback.UNREACHABLE
        self._asked_for = False
        self._barred_until = 0.0
        self._bar = Fallback.KEY
        self._failures = 0

    @property
    def reason(self) -> Fallback:
        """Why it is closed."""
        return self._reason

    def barred(self, now: float) -> Fallback | None:
        """Return why the server is not asked at all; None where it is."""
        return self._bar if now < self._barred_until else None

    def trouble(self, now: float) -> Fallback | None:
        """Return why there is no answer at present; None where there is none known of."""
        if barred := self.barred(now):
            return barred
        return self._reason if self._failures or self.wait(now) else None

    def wait(self, now: float) -> float:
        """Return how many seconds it stays closed."""
        return max(self._until - now, 0.0)

    def pause(self, seconds: float, reason: Fallback, *, now: float) -> None:
        """Close it for as long as the server asked for."""
        if now + seconds > self._until:
            self._until, self._reason, self._asked_for = now + seconds, reason, True

    def bar(self, reason: Fallback, *, now: float) -> None:
        """Close it because of what only an operator can mend."""
        self._barred_until, self._bar = now + BARRED, reason

    def failed(self, reason: Fallback, *, now: float) -> tuple[float, bool]:
        """Take note that a question was given up; returns the pause, and whether others were as well before it."""
        if self.wait(now) == 0:
            self._failures += 1
            pause = min(self._first_outage * 2.0 ** min(self._failures - 1, 20), LONGEST_OUTAGE)
            self._until, self._reason, self._asked_for = now + pause, reason, False
            return pause, self._failures > 1
        return self.wait(now), True

    def answered(self) -> None:
        """Take note that the server answers: a pause that it did not ask for is over."""
        self._failures = 0
        if not self._asked_for:
            self._until = 0.0
