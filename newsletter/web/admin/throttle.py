"""How often the password may be tried.

Each address has a bucket of its own, all of them share one, and a browser that once knew the password has its own and
none of theirs: whoever tries passwords can keep strangers out, but not the operator (OWASP, "Slow Down Online Guessing
Attacks with Device Cookies"). The address is the other end of the connection: what a header says of it anybody can
write, so behind a proxy all strangers are one.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from math import ceil

from cachetools import LRUCache


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """So many attempts at once, and one more after each pause."""

    attempts: int
    #: Until one more is allowed, seconds.
    pause: float


#: For one address, or one known browser.
EACH = Allowance(attempts=6, pause=20)
#: For all strangers together. An attempt takes some hundredths of a second of one processor.
ALL = Allowance(attempts=30, pause=3)
#: Addresses that are remembered; who is forgotten still meets the bucket of all.
REMEMBERED = 4096
_EVERYBODY = "*"


@dataclass
class _Bucket:
    level: float
    at: float


class Throttle:
    """Counts attempts.

    :param clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float], *, each: Allowance = EACH, everybody: Allowance = ALL) -> None:
        self._clock = clock
        self._each, self._all = each, everybody
        self._buckets: MutableMapping[str, _Bucket] = LRUCache(REMEMBERED)
        self._shared = _Bucket(everybody.attempts, clock())

    def attempt(self, address: str | None, *, device_id: str | None) -> int:
        """Count an attempt; returns 0, or in how many seconds there may be one, and then it is not counted.

        :param address: of the other end of the connection.
        :param device_id: of a browser that is known.
        """
        now = self._clock()
        if device_id is not None:
            own = self._bucket(f"device {device_id}", now)
            return self._take((own, self._each), now=now)
        own = self._bucket(_network(address), now)
        return self._take((own, self._each), (self._shared, self._all), now=now)

    def _bucket(self, name: str, now: float) -> _Bucket:
        return self._buckets.setdefault(name, _Bucket(self._each.attempts, now))

    @staticmethod
    def _take(*buckets: tuple[_Bucket, Allowance], now: float) -> int:
        for bucket, allowance in buckets:
            bucket.level = min(allowance.attempts, bucket.level + (now - bucket.at) / allowance.pause)
            bucket.at = now
        missing = max((1 - bucket.level) * allowance.pause for bucket, allowance in buckets)
        if missing > 0:
            return ceil(missing)
        for bucket, _ in buckets:
            bucket.level -= 1
        return 0


def _network(address: str | None) -> str:
    """Return what one customer of a network has: an address, or the 64 bits before the host's part (RFC 4291)."""
    try:
        parsed = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return _EVERYBODY
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
