"""When each reader's mail is due: at their own hour, whatever the clocks of their zone and of the newsletter's do."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.digest.schedule import WEEK, LocalHour, closing_of, day_bounds, first_send, weekly_send

ONE_DAY = timedelta(days=1)
ZONES = {
    name: ZoneInfo(name)
    for name in (
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Asia/Shanghai",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "America/Nuuk",
        "America/Havana",
        "Pacific/Apia",
        # The first and the last zone to begin a day: UTC+14 and UTC-12.
        "Pacific/Kiritimati",
        "Etc/GMT+12",
    )
}
zones = st.sampled_from(list(ZONES.values()))
instants = st.datetimes(datetime(1990, 1, 1), datetime(2040, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
times = st.times().map(lambda each: each.replace(second=0, microsecond=0, tzinfo=None))
hours = st.builds(LocalHour, at=times, zone=zones)
days = st.dates(date(1996, 1, 1), date(2040, 12, 31))


def hour_of(at: str, zone: str) -> LocalHour:
    return LocalHour(at=time.fromisoformat(at), zone=ZONES[zone])


@pytest.mark.parametrize(
    ("after", "hour", "expected"),
    [
        pytest.param("2026-01-13T00:00Z", hour_of("07:30", "Asia/Shanghai"), "2026-01-13T23:30Z", id="tomorrow there"),
        pytest.param("2026-01-13T00:00Z", hour_of("19:30", "America/New_York"), "2026-01-13T00:30Z", id="today there"),
        pytest.param("2026-01-13T07:00Z", hour_of("07:00", "UTC"), "2026-01-13T07:00Z", id="at the hour itself"),
        pytest.param("2026-03-29T00:00Z", hour_of("02:30", "Europe/Berlin"), "2026-03-29T01:30Z", id="left out"),
        pytest.param(
            "2026-10-25T00:00Z", hour_of("02:30", "Europe/Berlin"), "2026-10-25T00:30Z", id="the first of two"
        ),
        pytest.param("2026-10-25T01:00Z", hour_of("02:30", "Europe/Berlin"), "2026-10-26T01:30Z", id="not the second"),
        pytest.param("2026-01-13T12:00Z", hour_of("00:00", "Pacific/Kiritimati"), "2026-01-14T10:00Z", id="UTC+14"),
        pytest.param("2026-01-13T11:00Z", hour_of("00:00", "Etc/GMT+12"), "2026-01-13T12:00Z", id="UTC-12"),
        pytest.param("2026-01-13T00:00Z", hour_of("06:15", "Asia/Kathmandu"), "2026-01-13T00:30Z", id="quarter hours"),
    ],
)
def test_a_mail_is_due_at_the_readers_next_hour(after: str, hour: LocalHour, expected: str) -> None:
    assert first_send(datetime.fromisoformat(after), hour) == datetime.fromisoformat(expected)


@given(instants, hours)
@example(datetime(2026, 3, 29, 0, 30, tzinfo=UTC), LocalHour(at=time(2, 30), zone=ZONES["Europe/Berlin"]))
@example(datetime(2011, 12, 30, 9, tzinfo=UTC), LocalHour(at=time(8), zone=ZONES["Pacific/Apia"]))
def test_nobody_waits_for_longer_than_a_day_and_what_its_clocks_add(after: datetime, hour: LocalHour) -> None:
    due = first_send(after, hour)
    assert after <= due <= after + timedelta(hours=26)
    # Nothing between the two has this time of day.
    assert first_send(due, hour) == due
    assert first_send(due - timedelta(microseconds=1), hour) == due or due == after


@given(instants, hours)
def test_a_mail_comes_at_the_local_hour_unless_the_clocks_left_it_out(after: datetime, hour: LocalHour) -> None:
    due = first_send(after, hour)
    local = due.astimezone(hour.zone)
    exists = datetime.combine(local.date(), hour.at, hour.zone).astimezone(UTC).astimezone(hour.zone)
    assert local.time() == hour.at or exists.time() != hour.at or local.utcoffset() != (local - ONE_DAY).utcoffset()


@given(days, zones, hours)
def test_mails_of_days_that_follow_each_other_never_overtake(day: date, zone: ZoneInfo, hour: LocalHour) -> None:
    dues = [first_send(day_bounds(day + number * ONE_DAY, zone)[1], hour) for number in range(9)]
    assert dues == sorted(dues)
    # Where one zone changes its clocks and the other does not, two may be due together; never more.
    assert all(later > earlier for earlier, later in zip(dues, dues[2:], strict=False))


@given(days, zones, hours)
@example(date(2026, 3, 28), ZONES["Pacific/Kiritimati"], LocalHour(at=time(0), zone=ZONES["Etc/GMT+12"]))
@example(date(2026, 10, 24), ZONES["Europe/Berlin"], LocalHour(at=time(2, 30), zone=ZONES["Pacific/Kiritimati"]))
def test_a_week_comes_on_its_weekday_or_the_next_and_once(last: date, zone: ZoneInfo, hour: LocalHour) -> None:
    due = weekly_send(last, zone, hour)
    chosen = last + ONE_DAY
    assert day_bounds(last, zone)[1] <= due
    # At UTC-12 a day ends when it is tomorrow afternoon at UTC+14.
    assert chosen <= due.astimezone(hour.zone).date() <= chosen + 2 * ONE_DAY
    assert due < weekly_send(last + WEEK * ONE_DAY, zone, hour)


@given(days, zones, st.lists(hours, min_size=1, max_size=4))
def test_no_week_is_due_before_its_last_day_is_closed(day: date, zone: ZoneInfo, wanted: list[LocalHour]) -> None:
    assert all(closing_of(day, zone, wanted) <= weekly_send(day, zone, hour) for hour in wanted)
