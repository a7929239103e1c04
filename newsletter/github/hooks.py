"""Which events the App's webhook did not get, read from GitHub's log of its attempts. Pure.

https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.github.installation import INSTALLATION_CHANGES
from newsletter.github.record import HookDelivery

#: Events that the service does something with.
USED_EVENTS = frozenset({"push", "repository", *INSTALLATION_CHANGES})
#: "Past deliveries … in the past 3 days": nothing older can be delivered again.
LOG_KEPT = timedelta(days=3)
#: An attempt may be listed only once it has ended, under the time at which it began.
OVERLAP = timedelta(minutes=10)
#: After each time that an event was asked for; after the last one it is given up.
PAUSES = (timedelta(minutes=30), timedelta(hours=2), timedelta(hours=8), timedelta(hours=24))


@dataclass(frozen=True, kw_only=True)
class LookedThrough:
    """What a part of the log says."""

    #: The latest attempt at each event that came by none of them.
    missed: tuple[HookDelivery, ...]
    #: Events that came.
    came: frozenset[str]


def looked_through(attempts: Iterable[HookDelivery]) -> LookedThrough:
    """Tell the events that came from those that did not; those that the service has no use for are neither."""
    latest: dict[str, HookDelivery] = {}
    came: set[str] = set()
    for attempt in attempts:
        if attempt.event not in USED_EVENTS:
            continue
        if attempt.succeeded:
            came.add(attempt.hook_id)
        elif attempt.hook_id not in latest or latest[attempt.hook_id].id < attempt.id:
            latest[attempt.hook_id] = attempt
    missed = sorted((each for hook_id, each in latest.items() if hook_id not in came), key=lambda each: each.id)
    return LookedThrough(missed=tuple(missed), came=frozenset(came))


def begin_of_round(now: datetime, *, seen_until: datetime | None) -> datetime:
    """Return from when on the log has to be looked through: a little before the end of the last time."""
    oldest = now - LOG_KEPT
    return oldest if seen_until is None else max(oldest, min(seen_until, now) - OVERLAP)


def next_asking(now: datetime, *, asked: int) -> datetime | None:
    """Return when an event may be asked for once more; None = never.

    :param asked: how often it was, this time included; at least 1.
    """
    return now + PAUSES[asked - 1] if asked <= len(PAUSES) else None
