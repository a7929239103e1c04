"""When a day begins and ends, and when it is closed: pure, and right across daylight saving.

A local time that a change of clocks leaves out is taken at its later reading, and one that it repeats at its first
(PEP 495, ``fold=0``), so every day has exactly one closing time.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_ONE_DAY = timedelta(days=1)


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the first instant of a local day and of the next one, in UTC.

    They are 23 to 25 hours apart; a day that the zone left out (Pacific/Apia, 30 December 2011) is empty.
    """
    return _instant(day, time(0), zone), _instant(day + _ONE_DAY, time(0), zone)


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """Return the local day an instant falls on."""
    return instant.astimezone(zone).date()


def next_closing(after: datetime, send_at: time, zone: ZoneInfo) -> datetime:
    """Return the first closing time later than an instant, in UTC."""
    # The day before may be closed only now: its closing time can be left out together with midnight.
    day = local_day(after, zone) - _ONE_DAY
    while (closing := _instant(day, send_at, zone)) <= after:
        day += _ONE_DAY
    return closing


def day_to_close(now: datetime, send_at: time, zone: ZoneInfo) -> date:
    """Return the day that is closed at the last closing time at or before an instant: the one before its own."""
    day = _last_closing_day(now, send_at, zone) - _ONE_DAY
    while _instant(day, time(0), zone) == _instant(day + _ONE_DAY, time(0), zone):
        day -= _ONE_DAY
    return day


def _last_closing_day(now: datetime, send_at: time, zone: ZoneInfo) -> date:
    # The day after may have been closed already: clocks can go back over midnight.
    day = local_day(now, zone) + _ONE_DAY
    while _instant(day, send_at, zone) > now:
        day -= _ONE_DAY
    return day


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at.replace(fold=0), zone).astimezone(UTC)
