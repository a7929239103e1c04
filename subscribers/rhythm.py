"""When a reader wants their mail: each day or once a week, and at which hour of their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum


class Cadence(StrEnum):
    """How often a reader gets a digest."""

    DAILY = "daily"
    WEEKLY = "weekly"


class Weekday(StrEnum):
    """A day of the week, from Monday on (ISO 8601)."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"

    @classmethod
    def of(cls, day: date) -> Weekday:
        """Return the weekday of a date."""
        return tuple(cls)[day.weekday()]


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """When a reader wants their mail. It changes nothing of what the mail says, so it makes no other cohort."""

    cadence: Cadence = Cadence.DAILY
    #: Of a weekly digest: it covers the seven days before.
    weekday: Weekday = Weekday.MONDAY
    #: In the reader's own zone, to the minute; None = the newsletter's hour, in the reader's own zone.
    send_at: time | None = None


#: Of whoever said nothing else.
DAILY = Rhythm()


@dataclass(frozen=True, kw_only=True)
class Hour:
    """An hour at which some readers want their mail."""

    #: IANA name.
    timezone: str
    #: None = the newsletter's hour, in this zone.
    send_at: time | None
