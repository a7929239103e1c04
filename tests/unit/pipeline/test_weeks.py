"""Which weeks end with a day, and from when on they reach."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.pipeline.weeks import first_day, last_days
from subscribers import Weekday

ONE_DAY = timedelta(days=1)
#: A Monday.
MONDAY = date(2026, 3, 2)
days = st.dates(date(2000, 1, 1), date(2040, 1, 1))


@pytest.mark.parametrize(
    ("closed", "after", "weekdays", "expected"),
    [
        pytest.param(0, -1, {Weekday.TUESDAY}, [0], id="the eve of the weekday"),
        pytest.param(0, -1, {Weekday.MONDAY}, [], id="the weekday itself"),
        pytest.param(0, None, {Weekday.TUESDAY, Weekday.MONDAY}, [0], id="the first day of all ends one week at most"),
        pytest.param(2, -1, {Weekday.TUESDAY, Weekday.THURSDAY}, [0, 2], id="also what a missed day would have ended"),
        pytest.param(20, -1, set(Weekday), list(range(14, 21)), id="of several missed weeks the last of each weekday"),
        pytest.param(0, -1, set(), [], id="nobody reads weekly"),
    ],
)
def test_the_weeks_that_end_with_a_day(
    closed: int, after: int | None, weekdays: set[Weekday], expected: list[int]
) -> None:
    last_closed = None if after is None else MONDAY + after * ONE_DAY
    found = last_days(MONDAY + closed * ONE_DAY, after=last_closed, weekdays=weekdays)
    assert list(found) == [MONDAY + number * ONE_DAY for number in expected]


@given(days, st.lists(st.integers(1, 30), min_size=1, max_size=12), st.sampled_from(Weekday))
def test_however_days_are_missed_the_weeks_of_a_weekday_follow_each_other(
    start: date, gaps: list[int], weekday: Weekday
) -> None:
    closed, spans = start, []
    for gap in gaps:
        after, closed = closed, closed + gap * ONE_DAY
        for last in last_days(closed, after=after, weekdays={weekday}):
            assert Weekday.of(last + ONE_DAY) is weekday
            spans.append((first_day(last, after=after), last))
    for (_, earlier), (first, _) in pairwise(spans):
        assert first == earlier + ONE_DAY
