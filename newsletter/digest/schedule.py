"""When a day begins and ends, when it is closed, and when its mails are due: pure, and right across daylight saving.

A local time that a change of clocks leaves out is taken at its later reading, and one that it repeats at its first
(PEP 495, ``fold=0``), so every hour comes exactly once a day.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_ONE_DAY = timedelta(days=1)
#: Between the end of a day and its closing: an hour comes again within 25 hours, or 49 where a zone left a day out.
_LONGEST_WAIT = timedelta(days=3)
#: Days in a week.
WEEK = 7


@dataclass(frozen=True, kw_only=True)
class LocalHour:
    """A time of day, in a zone."""

    at: time
    zone: ZoneInfo


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the first instant of a local day and of the next one, in UTC.

    They are 23 to 25 hours apart; a day that the zone left out (Pacific/Apia, 30 December 2011) is empty.
    """
    return _instant(day, time(0), zone), _instant(day + _ONE_DAY, time(0), zone)


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """Return the local day an instant falls on."""
    return instant.astimezone(zone).date()


def first_send(after: datetime, hour: LocalHour) -> datetime:
    """Return the first time that an hour comes at or after an instant, in UTC."""
    # That of the day before may come only now: it can be left out together with midnight.
    day = local_day(after, hour.zone) - _ONE_DAY
    while (sending := _instant(day, hour.at, hour.zone)) < after:
        day += _ONE_DAY
    return sending


def weekly_send(last_day: date, zone: ZoneInfo, hour: LocalHour) -> datetime:
    """Return when a week is due that ended with a day: at the hour, but not before the next day has begun there.

    :param zone: of the newsletter, in which the week ended; it may end while the readers have the day before.
    """
    _, end = day_bounds(last_day, zone)
    return first_send(max(end, _instant(last_day + _ONE_DAY, time(0), hour.zone)), hour)


def closing_of(day: date, zone: ZoneInfo, hours: Collection[LocalHour]) -> datetime:
    """Return when a day is closed: at the first of the hours that comes after its end.

    :param hours: at which somebody wants mail; at least one.
    """
    _, end = day_bounds(day, zone)
    return min(first_send(end, hour) for hour in hours)


def next_closing(after: datetime, zone: ZoneInfo, hours: Collection[LocalHour]) -> datetime:
    """Return the first closing later than an instant, in UTC."""
    day = local_day(after, zone) - _LONGEST_WAIT
    while (closing := closing_of(day, zone, hours)) <= after:
        day += _ONE_DAY
    return closing


def days_to_close(now: datetime, zone: ZoneInfo, hours: Collection[LocalHour]) -> tuple[date, ...]:
    """Return what is closed at the last closing at or before an instant: one day, or two of which one was short."""
    day = local_day(now, zone) + _ONE_DAY
    while (closing := closing_of(day, zone, hours)) > now:
        day -= _ONE_DAY
    found = []
    while closing_of(day, zone, hours) == closing:
        start, end = day_bounds(day, zone)
        # A day that the zone left out has nothing.
        if start < end:
            found.append(day)
        day -= _ONE_DAY
    return tuple(reversed(found))


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at.replace(fold=0), zone).astimezone(UTC)
