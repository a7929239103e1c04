"""The closing of each day is queued once, however many processes keep the time and whenever they start."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.jobs.timer import DAILY, LONGEST_SLEEP, RECOVER_EVERY, DailyTimer
from newsletter.pipeline.port import Kind
from newsletter.store import jobs, schedules, tables
from newsletter.store.engine import Store
from newsletter.store.schedules import Schedule
from tests.support.clock import FrozenClock
from tests.support.databases import PostgreSQLServer
from tests.support.records import follow, store_commits
from tests.support.waiting import PATIENCE, eventually

EIGHT = time(8)
BERLIN = ZoneInfo("Europe/Berlin")
#: 09:00 in Berlin, on a Monday.
MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ONE_DAY = timedelta(days=1)


def timer_of(store: Store, clock: FrozenClock, *, send_at: time = EIGHT, zone: ZoneInfo = BERLIN) -> DailyTimer:
    return DailyTimer(
        store=store,
        jobs=EmbeddedJobs(store, clock=clock),
        send_at=send_at,
        zone=zone,
        clock=clock,
        outage_pause=timedelta(milliseconds=20),
    )


async def queued(store: Store) -> list[str]:
    """Return the days whose closing was queued."""
    async with store.read() as connection:
        rows = await connection.execute(select(tables.jobs.c.kind, tables.jobs.c.key).order_by(tables.jobs.c.id))
        found = [(row.kind, row.key) for row in rows]
    assert {kind for kind, _ in found} <= {Kind.CLOSE.value}
    return [key for _, key in found]


async def schedule(store: Store) -> Schedule:
    async with store.read() as connection:
        found = await schedules.load(connection, DAILY)
    assert found is not None
    return found


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(MORNING)


async def test_the_first_start_waits_for_the_next_closing(store: Store, clock: FrozenClock) -> None:
    timer = timer_of(store, clock)
    assert await timer.tick() == LONGEST_SLEEP
    assert await schedule(store) == Schedule(rule="08:00 Europe/Berlin", next_at=datetime(2026, 3, 3, 7, tzinfo=UTC))
    assert await queued(store) == []


async def test_a_closing_is_queued_at_its_time_and_once(store: Store, clock: FrozenClock) -> None:
    timer = timer_of(store, clock)
    await timer.tick()
    clock.set(datetime(2026, 3, 3, 6, 59, 50, tzinfo=UTC))
    assert await timer.tick() == timedelta(seconds=10)
    assert await queued(store) == []
    clock.advance(timedelta(seconds=10))
    assert await timer.tick() == timedelta(0)
    assert await queued(store) == ["2026-03-02"]
    for _ in range(3):
        assert await timer.tick() == LONGEST_SLEEP
    assert await queued(store) == ["2026-03-02"]


async def test_every_day_of_a_week_with_a_change_of_clocks_is_closed_once(store: Store, clock: FrozenClock) -> None:
    clock.set(datetime(2026, 3, 26, 12, tzinfo=UTC))
    timer = timer_of(store, clock, send_at=time(2, 30))
    for _ in range(7 * 48):
        while await timer.tick() == timedelta(0):
            pass
        clock.advance(HOUR / 2)
    assert await queued(store) == [f"2026-03-{day}" for day in (26, 27, 28, 29, 30, 31)] + ["2026-04-01"]


@pytest.mark.parametrize("timers", [2, 5])
async def test_of_timers_that_race_on_one_database_one_fires(
    database_url: str, store: Store, clock: FrozenClock, timers: int
) -> None:
    stores = [Store(database_url) for _ in range(timers)]
    racing = [timer_of(each, clock) for each in stores]
    for day in range(3):
        await asyncio.gather(*(timer.tick() for timer in racing))
        clock.set(datetime(2026, 3, 3 + day, 7, tzinfo=UTC))
        await asyncio.gather(*(timer.tick() for timer in racing))
        await asyncio.gather(*(timer.tick() for timer in racing))
    for each in stores:
        await each.close()
    assert await queued(store) == ["2026-03-02", "2026-03-03", "2026-03-04"]


async def test_a_missed_closing_is_made_up_for_at_once(store: Store, clock: FrozenClock) -> None:
    await timer_of(store, clock).tick()
    clock.advance(ONE_DAY + 3 * HOUR)
    timer = timer_of(store, clock)
    assert await timer.tick() == timedelta(0)
    assert await queued(store) == ["2026-03-02"]
    assert await timer.tick() == LONGEST_SLEEP


async def test_of_several_missed_closings_only_the_last_is_made(store: Store, clock: FrozenClock) -> None:
    await timer_of(store, clock).tick()
    clock.advance(9 * ONE_DAY)
    timer = timer_of(store, clock)
    await timer.tick()
    await timer.tick()
    assert await queued(store) == ["2026-03-10"]
    assert (await schedule(store)).next_at == datetime(2026, 3, 12, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("send_at", "zone", "expected"),
    [
        pytest.param(time(18), BERLIN, datetime(2026, 3, 2, 17, tzinfo=UTC), id="another hour"),
        pytest.param(EIGHT, ZoneInfo("Asia/Shanghai"), datetime(2026, 3, 3, 0, tzinfo=UTC), id="another zone"),
    ],
)
async def test_a_changed_setting_moves_the_next_closing(
    store: Store, clock: FrozenClock, send_at: time, zone: ZoneInfo, expected: datetime
) -> None:
    await timer_of(store, clock).tick()
    changed = timer_of(store, clock, send_at=send_at, zone=zone)
    await changed.tick()
    assert (await schedule(store)).next_at == expected
    assert await queued(store) == []
    clock.set(expected)
    await changed.tick()
    assert len(await queued(store)) == 1


@pytest.mark.parametrize(
    ("send_at", "day", "coming"),
    [
        pytest.param(time(7), "2026-03-02", datetime(2026, 3, 4, 6, tzinfo=UTC), id="to an hour that is over today"),
        pytest.param(time(18), "2026-03-01", datetime(2026, 3, 3, 17, tzinfo=UTC), id="to an hour still to come"),
    ],
)
async def test_a_closing_missed_while_the_setting_was_changed_is_made_up_for(
    store: Store, clock: FrozenClock, send_at: time, day: str, coming: datetime
) -> None:
    """Whoever changes a setting starts the service again, maybe just over the closing."""
    await timer_of(store, clock).tick()
    clock.advance(ONE_DAY)
    changed = timer_of(store, clock, send_at=send_at)
    assert await changed.tick() == timedelta(0)
    assert await queued(store) == [day]
    await changed.tick()
    assert await schedule(store) == Schedule(rule=f"{send_at:%H:%M} Europe/Berlin", next_at=coming)


@pytest.mark.parametrize("ahead", [ONE_DAY, 400 * ONE_DAY, 70 * 365 * ONE_DAY], ids=str)
async def test_a_clock_that_ran_ahead_stops_no_digest(
    store: Store, clock: FrozenClock, ahead: timedelta, logged: list[MutableMapping[str, Any]]
) -> None:
    clock.advance(ahead)
    await timer_of(store, clock).tick()
    clock.set(MORNING)
    timer = timer_of(store, clock)
    assert await timer.tick() == LONGEST_SLEEP
    assert (await schedule(store)).next_at == datetime(2026, 3, 3, 7, tzinfo=UTC)
    assert [entry["action"] for entry in logged if entry["log_level"] == "warning"] == ["timer.moved_back"]
    clock.set(datetime(2026, 3, 3, 7, tzinfo=UTC))
    await timer.tick()
    await timer.tick()
    assert await queued(store) == ["2026-03-02"]


async def test_a_clock_that_is_put_back_by_a_little_closes_no_day_twice(store: Store, clock: FrozenClock) -> None:
    timer = timer_of(store, clock)
    await timer.tick()
    clock.set(datetime(2026, 3, 3, 7, tzinfo=UTC))
    await timer.tick()
    for _ in range(8):
        clock.advance(-timedelta(seconds=30))
        await timer.tick()
    for _ in range(20):
        clock.advance(timedelta(seconds=30))
        await timer.tick()
    assert await queued(store) == ["2026-03-02"]


async def test_of_two_timers_that_move_a_closing_back_one_does_and_it_comes_once(
    store: Store, clock: FrozenClock, logged: list[MutableMapping[str, Any]]
) -> None:
    clock.advance(9 * ONE_DAY)
    await timer_of(store, clock).tick()
    clock.set(MORNING)
    timers = [timer_of(store, clock) for _ in range(3)]
    await asyncio.gather(*(timer.tick() for timer in timers))
    assert [entry["action"] for entry in logged].count("timer.moved_back") == 1
    clock.set(datetime(2026, 3, 3, 7, tzinfo=UTC))
    await asyncio.gather(*(timer.tick() for timer in timers))
    assert await queued(store) == ["2026-03-02"]


async def test_from_time_to_time_work_that_has_lost_its_job_gets_it_back(store: Store, clock: FrozenClock) -> None:
    timer = timer_of(store, clock)
    (commit_id,) = await store_commits(store, await follow(store), [1])

    async def lost() -> set[str]:
        async with store.read() as connection:
            return {"1"} - await jobs.known_keys(connection, Kind.FETCH.value)

    assert commit_id == 1
    assert await timer.recover() == LONGEST_SLEEP
    clock.advance(RECOVER_EVERY - timedelta(seconds=9))
    assert await timer.recover() == timedelta(seconds=9)
    assert await lost()
    clock.advance(timedelta(seconds=9))
    assert await timer.recover() == LONGEST_SLEEP
    assert not await lost()


async def test_a_clock_that_was_put_back_puts_no_recovery_off(store: Store, clock: FrozenClock) -> None:
    clock.advance(400 * ONE_DAY)
    timer = timer_of(store, clock)
    clock.set(MORNING)
    await timer.recover()
    await store_commits(store, await follow(store), [1])
    clock.advance(RECOVER_EVERY)
    await timer.recover()
    async with store.read() as connection:
        assert await jobs.known_keys(connection, Kind.FETCH.value) == {"1"}


async def test_it_keeps_the_time_until_it_is_told_to_stop(store: Store, clock: FrozenClock) -> None:
    await timer_of(store, clock).tick()
    clock.advance(ONE_DAY)
    stop = asyncio.Event()
    task = asyncio.create_task(timer_of(store, clock).run(stop))

    async def fired() -> bool:
        return await queued(store) == ["2026-03-02"]

    await eventually(fired)
    stop.set()
    await asyncio.wait_for(task, PATIENCE)
    assert await queued(store) == ["2026-03-02"]


async def test_it_outlives_an_outage_of_the_database(
    postgresql_url: str,
    postgresql_server: PostgreSQLServer,
    clock: FrozenClock,
    logged: list[MutableMapping[str, Any]],
) -> None:
    store = Store(postgresql_url)
    name = store.url.database
    await timer_of(store, clock).tick()
    clock.advance(ONE_DAY)
    postgresql_server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    postgresql_server.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'")
    stop = asyncio.Event()
    task = asyncio.create_task(timer_of(store, clock).run(stop))

    async def noticed() -> bool:
        return "timer.outage" in {entry["action"] for entry in logged}

    async def fired() -> bool:
        return await queued(store) == ["2026-03-02"]

    await eventually(noticed)
    postgresql_server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    await eventually(fired)
    stop.set()
    await asyncio.wait_for(task, PATIENCE)
    await store.close()
