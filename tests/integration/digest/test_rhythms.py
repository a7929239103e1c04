"""Each reader gets their mail at their own hour, daily or weekly, whatever the others chose."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from newsletter.delivery.record import DeliveryStatus
from newsletter.store import deliveries, digests
from newsletter.store.engine import Store
from newsletter.store.states import Cadence
from subscribers import Cadence as HowOften
from subscribers import Level, Rhythm, Weekday
from tests.support.clock import FrozenClock
from tests.support.newsroom import Newsroom
from tests.support.records import add_reader, analysis_of, follow, preferences_of
from tests.support.walk import Arrival, Walk

HOUR = timedelta(hours=1)
ONE_DAY = timedelta(days=1)
SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
#: New York's clocks go forward on 8 March 2026, a Sunday.
MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
FRIDAYS = Rhythm(cadence=HowOften.WEEKLY, weekday=Weekday.FRIDAY, send_at=time(7, 30))


MEDIUM = analysis_of(level=Level.MEDIUM)
GATES = ("sea", "dock", "canal", "river", "lake", "pond", "creek", "fjord", "bay", "delta", "marsh", "brook")


def gates_in(mail: Arrival) -> list[int]:
    """Return the numbers of the changes that a mail tells of."""
    return [number for number, gate in enumerate(GATES) if f"the {gate} gate" in mail.text]


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(MONDAY)


async def test_a_week_with_three_readers_in_three_zones(store: Store, clock: FrozenClock) -> None:
    room = Newsroom(store, clock)
    repository = await follow(store)
    low = preferences_of(threshold=Level.LOW, timezone="Asia/Shanghai")
    await add_reader(store, "shanghai@x.example", low, rhythm=Rhythm(send_at=time(7, 30)))
    await add_reader(
        store, "york@x.example", preferences_of(threshold=Level.LOW, timezone="America/New_York"), rhythm=FRIDAYS
    )
    await add_reader(store, "utc@x.example", preferences_of(threshold=Level.LOW))
    walk = Walk(room)
    await walk.stop()
    for number in range(12):
        # A change every day at three in the afternoon.
        at = MONDAY + 3 * HOUR + number * ONE_DAY
        await walk.to(at)
        await room.analysed(repository, number, at, MEDIUM, message=f"Lower the {GATES[number]} gate")
        await walk.to(at + HOUR)
    await walk.to(MONDAY + 12 * ONE_DAY)

    daily = walk.got("shanghai")
    assert len(daily) == 11
    assert {each.at.astimezone(SHANGHAI).time() for each in daily} == {time(7, 30)}
    assert [gates_in(each) for each in daily] == [[number] for number in range(11)]
    # Closed at midnight UTC, which is 08:00 in Shanghai: the next 07:30 there.
    assert daily[0].at == datetime(2026, 3, 3, 23, 30, tzinfo=UTC)
    assert "2 Mar 2026" not in daily[0].subject
    assert "23:00" in daily[0].text  # 15:00 UTC, as read in Shanghai

    assert {each.at.time() for each in walk.got("utc")} == {time(8)}
    assert len(walk.got("utc")) == 12

    weekly = walk.got("york")
    assert [each.at.astimezone(NEW_YORK).isoformat() for each in weekly] == [
        "2026-03-06T07:30:00-05:00",
        "2026-03-13T07:30:00-04:00",
    ]
    first, second = weekly
    # Monday to Thursday, and then Friday to Thursday.
    assert (gates_in(first), gates_in(second)) == ([0, 1, 2, 3], [4, 5, 6, 7, 8, 9, 10])
    assert second.subject.endswith("acme/tide, Mar 6 – 12")
    assert "7 changes that week" in second.text


async def test_a_day_is_closed_for_the_first_reader_and_waits_for_nobody_else(store: Store, clock: FrozenClock) -> None:
    room = Newsroom(store, clock)
    repository = await follow(store)
    early = await add_reader(
        store, "early@x.example", preferences_of(threshold=Level.LOW), rhythm=Rhythm(send_at=time(0, 30))
    )
    await add_reader(store, "own@x.example", preferences_of(threshold=Level.LOW))
    walk = Walk(room)
    await walk.stop()
    await room.analysed(repository, 1, MONDAY)
    await walk.to(MONDAY + ONE_DAY)
    assert [(each.reader, each.at.time()) for each in walk.arrivals] == [("early", time(0, 30)), ("own", time(8))]
    # Without the early reader the days are closed at the newsletter's own hour again.
    await room.leave(early)
    await walk.to(MONDAY + 2 * ONE_DAY)
    async with store.read() as connection:
        digest = await digests.by_day(connection, date(2026, 3, 3))
    assert digest is not None
    assert digest.closed_at == datetime(2026, 3, 4, 8, tzinfo=UTC)


async def test_a_reader_whose_hour_is_over_already_gets_a_late_day_at_once(store: Store, clock: FrozenClock) -> None:
    room = Newsroom(store, clock)
    repository = await follow(store)
    await add_reader(store, "early@x.example", preferences_of(threshold=Level.LOW), rhythm=Rhythm(send_at=time(6)))
    await add_reader(store, "late@x.example", preferences_of(threshold=Level.LOW), rhythm=Rhythm(send_at=time(18)))
    walk = Walk(room)
    await walk.stop()
    await room.analysed(repository, 1, MONDAY)
    # Nothing ran until ten o'clock.
    clock.set(datetime(2026, 3, 3, 10, tzinfo=UTC))
    await walk.stop()
    await walk.to(datetime(2026, 3, 3, 20, tzinfo=UTC))
    assert [(each.reader, each.at.hour) for each in walk.arrivals] == [("early", 10), ("late", 18)]


async def test_whoever_comes_with_an_earlier_hour_makes_nobody_miss_a_day(store: Store, clock: FrozenClock) -> None:
    room = Newsroom(store, clock)
    repository = await follow(store)
    await add_reader(store, "own@x.example", preferences_of(threshold=Level.LOW))
    walk = Walk(room)
    await walk.stop()
    await walk.to(MONDAY + ONE_DAY)
    await room.analysed(repository, 1, clock())
    await walk.to(datetime(2026, 3, 4, 3, tzinfo=UTC))
    # The day that ended at midnight was to be closed at eight; for this reader that is too late already.
    await add_reader(store, "new@x.example", preferences_of(threshold=Level.LOW), rhythm=Rhythm(send_at=time(2)))
    await walk.stop()
    await walk.to(datetime(2026, 3, 4, 12, tzinfo=UTC))
    assert [(each.reader, each.at.hour) for each in walk.arrivals] == [("new", 3), ("own", 8)]


async def test_closing_by_hand_sends_at_once(store: Store, clock: FrozenClock) -> None:
    room = Newsroom(store, clock)
    await room.analysed(await follow(store), 1, MONDAY)
    evening = Rhythm(send_at=time(23))
    await add_reader(store, "ada@x.example", preferences_of(threshold=Level.LOW), rhythm=evening)
    closed = await room.close(MONDAY.date())
    await room.compose(closed.day)
    async with store.read() as connection:
        assert await deliveries.next_due(connection, closed.digest_id) == clock()


@pytest.mark.parametrize("threshold", [Level.LOW, Level.HIGH])
async def test_a_mail_waits_in_the_ledger_for_its_hour_and_queueing_again_changes_nothing(
    store: Store, clock: FrozenClock, threshold: Level
) -> None:
    room = Newsroom(store, clock)
    repository = await follow(store)
    await room.analysed(repository, 1, MONDAY)
    reader = await add_reader(store, "ada@x.example", preferences_of(threshold=threshold, timezone="Asia/Shanghai"))
    clock.set(datetime(2026, 3, 3, tzinfo=UTC))
    await room.compared(repository, clock())
    await room.close_when_ready(MONDAY.date(), queued_at=clock())
    for _ in range(2):
        await room.compose(MONDAY.date())
        ((address, delivery),) = (await room.ledger()).items()
        assert (address, delivery.subscriber_id) == ("ada@x.example", reader.id)
        if threshold is Level.HIGH:
            assert (delivery.status, delivery.next_attempt_at) == (DeliveryStatus.SKIPPED, None)
            continue
        # Midnight is eight o'clock in Shanghai.
        assert delivery.next_attempt_at == delivery.due_at == clock()
        assert delivery.message_id is not None
        assert delivery.message_id.startswith("<20260302.")


async def test_a_change_is_not_told_twice_where_weeks_overlap(store: Store, clock: FrozenClock) -> None:
    room = Newsroom(store, clock)
    repository = await follow(store)
    for weekday in (Weekday.TUESDAY, Weekday.WEDNESDAY):
        rhythm = Rhythm(cadence=HowOften.WEEKLY, weekday=weekday)
        await add_reader(store, f"{weekday.value}@x.example", preferences_of(threshold=Level.LOW), rhythm=rhythm)
    walk = Walk(room)
    await walk.stop()
    await room.analysed(repository, 1, MONDAY, analysis_of(level=Level.HIGH), message="Drop the gate")
    await walk.to(MONDAY + 2 * ONE_DAY)
    revert = 'Revert "Drop the gate"\n\nThis reverts commit ' + f"{1:040x}."
    await room.analysed(repository, 2, clock(), analysis_of(level=Level.HIGH), message=revert)
    await walk.to(MONDAY + 16 * ONE_DAY)
    assert {each.cadence for each in walk.arrivals} == {Cadence.WEEKLY}
    tuesdays, wednesdays = walk.got("tuesday"), walk.got("wednesday")
    assert ["Drop the gate" in each.text for each in tuesdays] == [True, True]
    # Taken back on Wednesday: for Tuesday's readers a change of the next week.
    assert ["Revert" in each.text for each in tuesdays] == [False, True]
    assert [each.at.date().isoformat() for each in tuesdays] == ["2026-03-03", "2026-03-10"]
    assert [each.at.date().isoformat() for each in wednesdays] == ["2026-03-04", "2026-03-11"]


async def test_a_change_taken_back_within_the_week_is_one_entry_of_it(store: Store, clock: FrozenClock) -> None:
    room = Newsroom(store, clock)
    repository = await follow(store)
    await add_reader(store, "york@x.example", preferences_of(threshold=Level.LOW), rhythm=FRIDAYS)
    walk = Walk(room)
    await walk.stop()
    await room.analysed(repository, 1, MONDAY, analysis_of(level=Level.HIGH), message="Drop the gate")
    await walk.to(MONDAY + 3 * ONE_DAY)
    revert = 'Revert "Drop the gate"\n\nThis reverts commit ' + f"{1:040x}."
    await room.analysed(repository, 2, clock(), analysis_of(level=Level.HIGH), message=revert)
    await walk.to(MONDAY + 4 * ONE_DAY)
    (mail,) = walk.got("york")
    assert "1 high" in mail.subject
    assert "1 change that week · 2 commits" in mail.text


@pytest.mark.parametrize("days_down", [1, 3, 9])
async def test_weeks_that_ended_while_nothing_ran_are_made_up_for_and_nothing_is_lost(
    store: Store, clock: FrozenClock, days_down: int
) -> None:
    room = Newsroom(store, clock)
    repository = await follow(store)
    for weekday in Weekday:
        rhythm = Rhythm(cadence=HowOften.WEEKLY, weekday=weekday)
        await add_reader(store, f"{weekday.value}@x.example", preferences_of(threshold=Level.LOW), rhythm=rhythm)
    walk = Walk(room)
    await walk.stop()
    await room.analysed(repository, 0, clock(), MEDIUM, message=f"Lower the {GATES[0]} gate")
    await walk.to(MONDAY + ONE_DAY)
    for number in range(1, days_down + 1):
        at = MONDAY + number * ONE_DAY
        await room.analysed(repository, number, at, MEDIUM, message=f"Lower the {GATES[number]} gate")
    clock.set(MONDAY + (days_down + 1) * ONE_DAY)
    await walk.stop()
    await walk.to(MONDAY + (days_down + 9) * ONE_DAY)
    for weekday in Weekday:
        told = [gate for mail in walk.got(weekday.value) for gate in gates_in(mail)]
        assert sorted(told) == list(range(days_down + 1)), weekday
