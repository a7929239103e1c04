"""A reader as the service knows one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from subscribers.preferences import Preferences
from subscribers.rhythm import DAILY, Rhythm


class Status(StrEnum):
    """Where a reader stands."""

    PENDING = "pending"
    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"


#: Every change of status that can happen. A reader who left comes back only by a confirmation of their own.
ALLOWED = {
    Status.PENDING: frozenset({Status.ACTIVE, Status.UNSUBSCRIBED, Status.SUPPRESSED}),
    Status.ACTIVE: frozenset({Status.UNSUBSCRIBED, Status.SUPPRESSED}),
    Status.UNSUBSCRIBED: frozenset({Status.ACTIVE, Status.SUPPRESSED}),
    Status.SUPPRESSED: frozenset({Status.ACTIVE}),
}


@dataclass(frozen=True, kw_only=True)
class Subscriber:
    """One reader. The address is personal: never logged, never shown to other readers."""

    id: int
    address: str
    status: Status
    preferences: Preferences
    created_at: datetime
    rhythm: Rhythm = DAILY

    @property
    def timezone(self) -> str:
        """IANA name of the reader's zone."""
        return self.preferences.timezone
