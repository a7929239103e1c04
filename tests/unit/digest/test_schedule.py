"""Every day is closed exactly once, whatever the clocks of its zone do."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.digest.schedule import day_bounds, day_to_close, local_day, next_closing

ONE_DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
BERLIN, NEW_YORK, SHANGHAI, LORD_HOWE, APIA, NUUK = (
    ZoneInfo(name)
    for name in (
        "Europe/Berlin",
        "America/New_York",
        "Asia/Shanghai",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "America/Nuuk",
    )
)

zones = st.sampled_from(
    [
        ZoneInfo(name)
        for name in (
            "UTC",
            "Europe/Berlin",
            "America/New_York",
            "Asia/Shanghai",
            # Half an hour of daylight saving.
            "Australia/Lord_Howe",
            # Left out 30 December 2011.
            "Pacific/Apia",
            # Left out 1 January 1995.
            "Pacific/Kiritimati",
            # Loses the last hour of a Saturday in spring.
            "America/Nuuk",
            # Changes its clocks at midnight.
            "America/Havana",
            "Asia/Beirut",
            "Africa/Cairo",
            # Until 2011 a minute after midnight: a new day began twice.
            "America/St_Johns",
            # Has changed its mind about its standard time several times.
            "Asia/Pyongyang",
            "Africa/Casablanca",
        )
    ]
)
days = st.dates(date(1990, 1, 1), date(2040, 12, 31))
times = st.times().map(lambda each: each.replace(second=0, microsecond=0, tzinfo=None))


def instants(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("day", "zone", "start", "hours"),
    [
        pytest.param(date(2026, 3, 28), BERLIN, "2026-03-27T23:00Z", 24, id="Berlin, any day"),
        pytest.param(date(2026, 3, 29), BERLIN, "2026-03-28T23:00Z", 23, id="Berlin, clocks go forward"),
        pytest.param(date(2026, 10, 25), BERLIN, "2026-10-24T22:00Z", 25, id="Berlin, clocks go back"),
        pytest.param(date(2026, 3, 8), NEW_YORK, "2026-03-08T05:00Z", 23, id="New York, clocks go forward"),
        pytest.param(date(2026, 11, 1), NEW_YORK, "2026-11-01T04:00Z", 25, id="New York, clocks go back"),
        pytest.param(date(2026, 3, 29), SHANGHAI, "2026-03-28T16:00Z", 24, id="Shanghai never changes"),
        pytest.param(date(2026, 10, 4), LORD_HOWE, "2026-10-03T13:30Z", 23.5, id="Lord Howe, half an hour less"),
        pytest.param(date(2026, 4, 5), LORD_HOWE, "2026-04-04T13:00Z", 24.5, id="Lord Howe, half an hour more"),
        pytest.param(date(2011, 12, 29), APIA, "2011-12-29T10:00Z", 24, id="Apia, before the day it left out"),
        pytest.param(date(2011, 12, 30), APIA, "2011-12-30T10:00Z", 0, id="Apia, the day it left out is empty"),
        pytest.param(date(2011, 12, 31), APIA, "2011-12-30T10:00Z", 24, id="Apia, after the day it left out"),
        pytest.param(date(2024, 3, 30), NUUK, "2024-03-30T02:00Z", 23, id="Nuuk loses its last hour"),
        pytest.param(date(2026, 3, 8), ZoneInfo("America/Havana"), "2026-03-08T05:00Z", 23, id="Havana loses midnight"),
        pytest.param(
            date(2026, 11, 1), ZoneInfo("America/Havana"), "2026-11-01T04:00Z", 25, id="Havana has midnight twice"
        ),
    ],
)
def test_a_day_is_as_long_as_its_zone_makes_it(day: date, zone: ZoneInfo, start: str, hours: float) -> None:
    first = instants(start.replace("Z", "+00:00"))
    assert day_bounds(day, zone) == (first, first + timedelta(hours=hours))


@pytest.mark.parametrize(
    ("day", "at", "zone", "closing"),
    [
        pytest.param(
            date(2026, 3, 29), time(2, 30), BERLIN, "2026-03-29T01:30+00:00", id="left out: the later reading"
        ),
        pytest.param(
            date(2026, 10, 25), time(2, 30), BERLIN, "2026-10-25T00:30+00:00", id="repeated: the first reading"
        ),
        pytest.param(date(2026, 3, 8), time(2, 30), NEW_YORK, "2026-03-08T07:30+00:00", id="New York, left out"),
        pytest.param(date(2026, 11, 1), time(1, 30), NEW_YORK, "2026-11-01T05:30+00:00", id="New York, repeated"),
        pytest.param(date(2026, 10, 4), time(2, 15), LORD_HOWE, "2026-10-03T15:45+00:00", id="Lord Howe, left out"),
        pytest.param(date(2026, 4, 5), time(1, 45), LORD_HOWE, "2026-04-04T14:45+00:00", id="Lord Howe, repeated"),
        pytest.param(date(2026, 3, 2), time(8, 0), SHANGHAI, "2026-03-02T00:00+00:00", id="Shanghai"),
        pytest.param(date(2011, 12, 31), time(8, 0), APIA, "2011-12-30T18:00+00:00", id="Apia"),
    ],
)
def test_the_closing_of_a_day_falls_on_its_local_time(day: date, at: time, zone: ZoneInfo, closing: str) -> None:
    start, _ = day_bounds(day, zone)
    expected = instants(closing)
    assert next_closing(start - TICK, at, zone) == expected
    assert next_closing(expected, at, zone) > expected


@pytest.mark.parametrize(
    ("now", "at", "zone", "day"),
    [
        pytest.param("2026-03-02T07:00+00:00", time(8), BERLIN, date(2026, 3, 1), id="at the closing, yesterday"),
        pytest.param(
            "2026-03-02T06:59+00:00", time(8), BERLIN, date(2026, 2, 28), id="a minute before, the day before"
        ),
        pytest.param(
            "2026-03-01T16:00+00:00", time(0), SHANGHAI, date(2026, 3, 1), id="at midnight, the day just over"
        ),
        pytest.param("2011-12-30T18:00+00:00", time(8), APIA, date(2011, 12, 29), id="a day left out is never closed"),
        pytest.param(
            "2024-03-31T01:30+00:00", time(23, 30), NUUK, date(2024, 3, 29), id="a closing moved past midnight"
        ),
        pytest.param("2024-04-01T00:30+00:00", time(23, 30), NUUK, date(2024, 3, 30), id="and the one after it"),
    ],
)
def test_a_closing_closes_the_day_before_its_own(now: str, at: time, zone: ZoneInfo, day: date) -> None:
    assert day_to_close(instants(now), at, zone) == day


@given(days, zones)
@example(date(2011, 12, 29), APIA)
@example(date(2011, 12, 30), APIA)
def test_days_follow_each_other_without_gap_or_overlap(day: date, zone: ZoneInfo) -> None:
    start, end = day_bounds(day, zone)
    assert start <= end
    assert end == day_bounds(day + ONE_DAY, zone)[0]
    assert (start.utcoffset(), end.utcoffset()) == (timedelta(0), timedelta(0))
    if start < end:
        assert local_day(start, zone) == day


@given(st.datetimes(datetime(1990, 1, 1), datetime(2040, 12, 31), timezones=st.just(UTC)), times, zones)  # noqa: DTZ001
def test_an_instant_stands_between_two_closings_that_follow_each_other(now: datetime, at: time, zone: ZoneInfo) -> None:
    after = next_closing(now, at, zone)
    assert now < after < now + timedelta(hours=48)
    assert next_closing(after - TICK, at, zone) == after
    assert day_to_close(after - TICK, at, zone) == day_to_close(now, at, zone) < day_to_close(after, at, zone)


@given(days, times, zones)
@example(date(2011, 12, 28), time(8), APIA)
@example(date(2024, 3, 28), time(23, 30), NUUK)
@example(date(2026, 3, 7), time(0, 30), ZoneInfo("America/Havana"))
@example(date(2010, 11, 6), time(0, 0), ZoneInfo("America/St_Johns"))
@example(date(2026, 10, 24), time(2, 30), BERLIN)
@example(date(2000, 4, 1), time(0, 1, fold=1), ZoneInfo("America/St_Johns"))
def test_every_day_has_exactly_one_closing_after_its_end(first: date, at: time, zone: ZoneInfo) -> None:
    week = [first + number * ONE_DAY for number in range(7)]
    real = [day for day in week if day_bounds(day, zone)[0] < day_bounds(day, zone)[1]]
    closed = []
    closing = next_closing(day_bounds(first, zone)[0] - 2 * ONE_DAY, at, zone)
    while (day := day_to_close(closing, at, zone)) <= week[-1]:
        if day >= first:
            closed.append(day)
        assert day_bounds(day, zone)[1] <= closing
        closing = next_closing(closing, at, zone)
    assert closed == real
