"""Every day is closed exactly once, whatever the clocks of its zone do."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.digest.schedule import LocalHour, day_bounds, days_to_close, first_send, local_day, next_closing

ONE_DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
BERLIN, NEW_YORK, SHANGHAI, LORD_HOWE, APIA, NUUK, HAVANA, ST_JOHNS = (
    ZoneInfo(name)
    for name in (
        "Europe/Berlin",
        "America/New_York",
        "Asia/Shanghai",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "America/Nuuk",
        "America/Havana",
        "America/St_Johns",
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
hours = st.lists(st.builds(LocalHour, at=times, zone=zones), min_size=1, max_size=4)


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
    hours = [LocalHour(at=at, zone=zone)]
    assert next_closing(start - TICK, zone, hours) == expected
    assert next_closing(expected, zone, hours) > expected


@pytest.mark.parametrize(
    ("now", "at", "zone", "expected"),
    [
        pytest.param("2026-03-02T07:00+00:00", time(8), BERLIN, ["2026-03-01"], id="at the closing, yesterday"),
        pytest.param("2026-03-02T06:59+00:00", time(8), BERLIN, ["2026-02-28"], id="a minute before, the day before"),
        pytest.param("2026-03-01T16:00+00:00", time(0), SHANGHAI, ["2026-03-01"], id="at midnight, the day just over"),
        pytest.param("2011-12-30T18:00+00:00", time(8), APIA, ["2011-12-29"], id="a day left out is never closed"),
        pytest.param(
            "2024-03-31T01:30+00:00", time(23, 30), NUUK, ["2024-03-29", "2024-03-30"], id="an hour moved past midnight"
        ),
        pytest.param("2024-04-02T00:30+00:00", time(23, 30), NUUK, ["2024-03-31"], id="and the day after that"),
    ],
)
def test_a_closing_closes_the_day_that_ended(now: str, at: time, zone: ZoneInfo, expected: list[str]) -> None:
    assert list(map(str, days_to_close(instants(now), zone, [LocalHour(at=at, zone=zone)]))) == expected


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


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2040, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    zones,
    hours,
)
def test_an_instant_stands_between_two_closings_that_follow_each_other(
    now: datetime, zone: ZoneInfo, wanted: list[LocalHour]
) -> None:
    after = next_closing(now, zone, wanted)
    assert now < after < now + timedelta(hours=49)
    assert next_closing(after - TICK, zone, wanted) == after
    assert days_to_close(after - TICK, zone, wanted) == days_to_close(now, zone, wanted)
    assert days_to_close(now, zone, wanted)[-1] < days_to_close(after, zone, wanted)[0]


@given(days, zones, hours)
@example(date(2011, 12, 28), APIA, [LocalHour(at=time(8), zone=APIA)])
@example(date(2024, 3, 28), NUUK, [LocalHour(at=time(23, 30), zone=NUUK)])
@example(date(2026, 3, 7), HAVANA, [LocalHour(at=time(0, 30), zone=HAVANA)])
@example(date(2010, 11, 6), ST_JOHNS, [LocalHour(at=time(0, 0), zone=ST_JOHNS)])
@example(date(2026, 10, 24), BERLIN, [LocalHour(at=time(2, 30), zone=BERLIN)])
@example(date(2000, 4, 1), ST_JOHNS, [LocalHour(at=time(0, 1, fold=1), zone=ST_JOHNS)])
@example(date(2026, 3, 28), BERLIN, [LocalHour(at=time(7, 30), zone=SHANGHAI), LocalHour(at=time(19), zone=NEW_YORK)])
def test_every_day_is_closed_exactly_once_after_its_end_and_before_anybody_wants_it(
    first: date, zone: ZoneInfo, wanted: list[LocalHour]
) -> None:
    week = [first + number * ONE_DAY for number in range(7)]
    real = [day for day in week if day_bounds(day, zone)[0] < day_bounds(day, zone)[1]]
    closed: list[date] = []
    closing = next_closing(day_bounds(first, zone)[0] - 2 * ONE_DAY, zone, wanted)
    while (of_day := days_to_close(closing, zone, wanted))[0] <= week[-1]:
        closed += of_day
        assert all(day_bounds(day, zone)[1] <= closing for day in of_day)
        assert all(closing <= first_send(day_bounds(day, zone)[1], hour) for day in of_day for hour in wanted)
        closing = next_closing(closing, zone, wanted)
    assert [day for day in closed if first <= day <= week[-1]] == real
