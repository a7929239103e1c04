"""Weeks end with a day: for each weekday that somebody chose there is one, made of the days that were closed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

import subscribers
from newsletter.digest.schedule import WEEK, day_bounds
from newsletter.store import digests, weeks
from newsletter.store.digests import StoredDigest
from newsletter.store.states import Cadence
from subscribers import Weekday

_ONE_DAY = timedelta(days=1)


def last_days(closed: date, *, after: date | None, weekdays: Collection[Weekday]) -> tuple[date, ...]:
    """Return the last days of the weeks that end when a day is closed. Pure.

    Each is the day before a chosen weekday. Where days before this one were missed, so were the weeks that end with
    them; of those that ended more than a week ago only the last is made up for, since it takes what they had.

    :param after: the last day closed before this one; None where there is none.
    :param weekdays: on which somebody wants a week.
    """
    missed = 0 if after is None else min((closed - after).days - 1, WEEK - 1)
    days = (closed - number * _ONE_DAY for number in range(max(missed, 0), -1, -1))
    return tuple(day for day in days if Weekday.of(day + _ONE_DAY) in weekdays)


def first_day(last: date, *, after: date | None) -> date:
    """Return the first day of a week, or of the first of several weeks of which all but the last were missed. Pure.

    :param after: the last day that was closed in time.
    """
    end = last
    while after is not None and end - WEEK * _ONE_DAY > after:
        end -= WEEK * _ONE_DAY
    return end - (WEEK - 1) * _ONE_DAY


async def close_weeks(
    connection: AsyncConnection, day: StoredDigest, *, after: date | None, zone: ZoneInfo
) -> tuple[int, ...]:
    """Make the digests of the weeks that end with a day that was just closed, and return their ids.

    :param after: the last day closed before it.
    """
    made = []
    for last in last_days(day.day, after=after, weekdays=await subscribers.weekdays_wanted(connection)):
        week = await digests.make(
            connection,
            Cadence.WEEKLY,
            day=last,
            timezone=day.timezone,
            keeps_hours=day.keeps_hours,
            now=day.closed_at,
        )
        if week is not None:
            first = first_day(last, after=after)
            began_at, _ = day_bounds(first, zone)
            await weeks.take_days(
                connection, week.id, first_day=first, last_day=last, closed=day.day, began_at=began_at
            )
            made.append(week.id)
    return tuple(made)
