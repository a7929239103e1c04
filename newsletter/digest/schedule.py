"""When a day begins and ends, and when it is closed: pure, and right across daylight saving.

A local time that a change of clocks leaves out is taken at its later reading, and one that it repeats at its first
(PEP 495, ``fold=0``), so every day has exactly one closing time.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the first instant of a local day and of the next one, in UTC; 23 to 25 hours apart."""
    return _instant(day, time(0), zone), _instant(day + timedelta(days=1), time(0), zone)


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """Return the local day an instant falls on."""
    return instant.astimezone(zone).date()


def next_closing(after: datetime, send_at: time, zone: ZoneInfo) -> datetime:
    """Return the first closing time later than an instant, in UTC."""
    day = local_day(after, zone)
    while (closing := _instant(day, send_at, zone)) <= after:
        day += timedelta(days=1)
    return closing


def last_closing(now: datetime, send_at: time, zone: ZoneInfo) -> datetime:
    """Return the last closing time at or before an instant, in UTC."""
    day = local_day(now, zone)
    while (closing := _instant(day, send_at, zone)) > now:
        day -= timedelta(days=1)
    return closing


def day_to_close(closing: datetime, zone: ZoneInfo) -> date:
    """Return the day that is closed at a closing time: the one that ended last."""
    return local_day(closing, zone) - timedelta(days=1)


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)
