"""The last days at a glance: how much each brought that a cohort reads, and how high its bar is. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta

from newsletter.digest.record import DayCount, Edition, RecordedCommits
from subscribers import Level, Preferences

#: Days with a bar, the edition's own included.
DAYS = 14
#: Of the highest bar, pixels.
HIGHEST = 36
#: Of the smallest part of one: what there is can be seen.
_LOWEST = 2
#: Fewer days with something say nothing about what is usual.
_FEWEST_DAYS = 2


def first_day(day: date) -> date:
    """Return the first of the days that are compared with one."""
    return date.fromordinal(max(day.toordinal() - DAYS + 1, 1))


def history_of(recorded: Iterable[RecordedCommits], preferences: Preferences, *, day: date) -> tuple[DayCount, ...]:
    """Return the last days as a cohort reads them, only of repositories that it gets and at or above its thresholds.

    :returns: nothing where hardly a day brought anything.
    """
    thresholds: dict[tuple[str, bool], Level | None] = {}
    found: Counter[tuple[date, Level]] = Counter()
    first = first_day(day)
    for row in recorded:
        of = row.repository_key, row.private
        if of not in thresholds:
            thresholds[of] = preferences.threshold_for(row.repository_key, private=row.private)
        threshold = thresholds[of]
        if threshold is not None and row.level.reaches(threshold) and first <= row.day <= day:
            found[row.day, row.level] += row.number
    if len({of for of, _ in found}) < _FEWEST_DAYS:
        return ()
    days = ((first + timedelta(days=number)) for number in range((day - first).days + 1))
    return tuple(
        DayCount(day=of, high=found[of, Level.HIGH], medium=found[of, Level.MEDIUM], low=found[of, Level.LOW])
        for of in days
    )


def bars_of(edition: Edition) -> tuple[tuple[tuple[Level, int], ...], ...]:
    """Return the bar of each day of an edition's history: its levels from the top, each with its height in pixels."""
    highest = max((count.total for count in edition.history), default=0)
    return tuple(
        tuple((level, _height(number, highest)) for level, number in _parts(count) if number)
        for count in edition.history
    )


def _parts(count: DayCount) -> tuple[tuple[Level, int], ...]:
    return (Level.HIGH, count.high), (Level.MEDIUM, count.medium), (Level.LOW, count.low)


def _height(number: int, highest: int) -> int:
    return max(round(HIGHEST * number / highest), _LOWEST)
