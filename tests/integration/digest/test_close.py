"""A day is closed: what it freezes, what comes too late for it, and in whose time zone it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from newsletter.errors import InputError, StoreUnavailable
from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.pipeline.close import Closed, close_day
from newsletter.pipeline.port import Kind
from newsletter.store import repositories
from newsletter.store.engine import Store, Transaction
from newsletter.store.repositories import FollowedRepository
from tests.support.clock import NOON, FrozenClock
from tests.support.newsroom import Newsroom
from tests.support.records import DAY, follow

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
ONE_DAY = timedelta(days=1)
#: DAY in UTC.
BEGINNING = datetime(2026, 3, 1, tzinfo=UTC)
END = BEGINNING + ONE_DAY


@pytest.fixture
async def tide(newsroom: Newsroom) -> FollowedRepository:
    return await follow(newsroom.store)


async def test_a_digest_holds_what_reached_the_branch_until_the_end_of_the_day(
    newsroom: Newsroom, tide: FollowedRepository
) -> None:
    for number, instant in enumerate([BEGINNING - ONE_DAY, BEGINNING, END - SECOND, END, END + HOUR]):
        await newsroom.push(tide, [number], instant)
    closed = await newsroom.close(DAY)
    assert (closed.day, closed.changes, closed.new) == (DAY, 3, True)
    assert await newsroom.numbers(DAY) == [0, 1, 2]


async def test_what_is_analysed_already_still_waits_for_its_own_day(
    newsroom: Newsroom, tide: FollowedRepository
) -> None:
    await newsroom.analysed(tide, 1, END - SECOND)
    await newsroom.analysed(tide, 2, END)
    await newsroom.close(DAY)
    assert await newsroom.numbers(DAY) == [1]
    newsroom.clock.advance(ONE_DAY)
    await newsroom.close(DAY + ONE_DAY)
    assert await newsroom.numbers(DAY + ONE_DAY) == [2]
    assert await newsroom.late(DAY + ONE_DAY) == []


async def test_the_instant_of_the_push_decides_and_not_the_dates_of_its_commits(
    newsroom: Newsroom, tide: FollowedRepository
) -> None:
    # The commits of these pushes are dated to January; both arrive at noon after DAY.
    await newsroom.push(tide, [1, 2], END - HOUR)
    await newsroom.push(tide, [3], END + HOUR)
    await newsroom.close(DAY)
    assert await newsroom.numbers(DAY) == [1, 2]


@pytest.mark.parametrize(
    ("zone", "day", "bounds"),
    [
        pytest.param("Asia/Shanghai", date(2026, 3, 1), ("2026-02-28T16:00Z", "2026-03-01T16:00Z"), id="east"),
        pytest.param("America/Los_Angeles", date(2026, 3, 1), ("2026-03-01T08:00Z", "2026-03-02T08:00Z"), id="west"),
        pytest.param(
            "Asia/Kathmandu", date(2026, 3, 1), ("2026-02-28T18:15Z", "2026-03-01T18:15Z"), id="a quarter off"
        ),
        pytest.param("Europe/Berlin", date(2026, 3, 29), ("2026-03-28T23:00Z", "2026-03-29T22:00Z"), id="of 23 hours"),
        pytest.param("Europe/Berlin", date(2026, 10, 25), ("2026-10-24T22:00Z", "2026-10-25T23:00Z"), id="of 25 hours"),
        pytest.param(
            "America/Santiago", date(2026, 9, 6), ("2026-09-06T04:00Z", "2026-09-07T03:00Z"), id="no midnight"
        ),
        pytest.param(
            "Australia/Lord_Howe", date(2026, 4, 5), ("2026-04-04T13:00Z", "2026-04-05T13:30Z"), id="half more"
        ),
    ],
)
async def test_a_day_is_a_day_of_the_configured_zone(
    store: Store, clock: FrozenClock, zone: str, day: date, bounds: tuple[str, str]
) -> None:
    newsroom = Newsroom(store, clock, ZoneInfo(zone))
    first, last = map(datetime.fromisoformat, bounds)
    clock.set(last + 40 * ONE_DAY)
    tide = await follow(store)
    instants = [first - SECOND, first, last - SECOND, last, last + ONE_DAY - 2 * HOUR]
    for number, instant in enumerate(instants):
        await newsroom.push(tide, [number], instant)
    for offset in (-1, 0, 1):
        await newsroom.close(day + offset * ONE_DAY)
    assert await newsroom.numbers(day - ONE_DAY) == [0]
    assert await newsroom.numbers(day) == [1, 2]
    assert await newsroom.numbers(day + ONE_DAY) == [3, 4]
    assert await newsroom.late(day) == await newsroom.late(day + ONE_DAY) == []


async def test_what_comes_after_its_day_was_closed_is_late_in_the_next_digest(
    newsroom: Newsroom, tide: FollowedRepository
) -> None:
    await newsroom.push(tide, [1], END - HOUR)
    await newsroom.close(DAY)
    await newsroom.push(tide, [2], END - 2 * HOUR)
    await newsroom.push(tide, [3], END + HOUR)
    newsroom.clock.advance(ONE_DAY)
    await newsroom.close(DAY + ONE_DAY)
    assert await newsroom.numbers(DAY) == [1]
    assert await newsroom.numbers(DAY + ONE_DAY) == [2, 3]
    assert await newsroom.late(DAY + ONE_DAY) == [2]


async def test_closing_twice_changes_nothing(newsroom: Newsroom, tide: FollowedRepository) -> None:
    await newsroom.push(tide, [1], END - HOUR)
    first = await newsroom.close(DAY)
    await newsroom.push(tide, [2], END - HOUR)
    newsroom.clock.advance(HOUR)
    again = await newsroom.close(DAY)
    assert again == Closed(digest_id=first.digest_id, day=DAY, changes=1, new=False, made=(first.digest_id,))
    assert await newsroom.numbers(DAY) == [1]
    assert await newsroom.count("digests") == 1
    assert await newsroom.queued(Kind.COMPOSE) == [str(first.digest_id)]


async def test_of_closings_at_once_one_closes_the_day(newsroom: Newsroom, tide: FollowedRepository) -> None:
    await newsroom.push(tide, range(20), END - HOUR)
    closings = await asyncio.gather(*(newsroom.close(DAY) for _ in range(4)))
    assert sorted(closing.new for closing in closings) == [False, False, False, True]
    assert {closing.changes for closing in closings} == {20}
    assert len(await newsroom.queued(Kind.COMPOSE)) == 1
    # Every one of them expands the push, and a commit is stored and analysed once.
    assert await newsroom.count("commits") == await newsroom.count("analyses") == 20


async def test_days_that_nobody_closed_are_in_the_next_digest_and_not_late(
    newsroom: Newsroom, tide: FollowedRepository
) -> None:
    for number in range(3):
        await newsroom.push(tide, [number], BEGINNING - number * ONE_DAY)
    await newsroom.close(DAY - 3 * ONE_DAY)
    await newsroom.close(DAY)
    assert await newsroom.numbers(DAY) == [2, 1, 0]
    assert await newsroom.late(DAY) == []


async def test_a_day_that_is_closed_after_a_later_one_takes_what_that_one_did_not(
    newsroom: Newsroom, tide: FollowedRepository
) -> None:
    await newsroom.push(tide, [1], BEGINNING - HOUR)
    await newsroom.close(DAY)
    await newsroom.push(tide, [2], BEGINNING - HOUR)
    await newsroom.close(DAY - ONE_DAY)
    assert await newsroom.numbers(DAY) == [1]
    assert await newsroom.numbers(DAY - ONE_DAY) == [2]


async def test_the_rest_of_a_day_that_is_closed_before_its_end_is_late_the_day_after(
    newsroom: Newsroom, tide: FollowedRepository
) -> None:
    today = NOON.date()
    await newsroom.push(tide, [1], NOON - HOUR)
    await newsroom.close(today)
    newsroom.clock.advance(ONE_DAY)
    await newsroom.push(tide, [2], NOON + HOUR)
    await newsroom.close(today + ONE_DAY)
    assert await newsroom.numbers(today) == [1]
    assert await newsroom.late(today + ONE_DAY) == [2]


async def test_a_day_that_has_not_begun_is_refused_and_nothing_is_changed(
    newsroom: Newsroom, tide: FollowedRepository
) -> None:
    await newsroom.push(tide, [1], END - HOUR)
    with pytest.raises(InputError, match="2026-03-03 has not begun yet"):
        await newsroom.close(DAY + 2 * ONE_DAY)
    assert await newsroom.count("digests") == await newsroom.count("commits") == 0


async def test_a_commit_that_is_pushed_again_stays_in_its_first_digest(
    newsroom: Newsroom, tide: FollowedRepository
) -> None:
    await newsroom.push(tide, [1], END - HOUR)
    await newsroom.close(DAY)
    await newsroom.push(tide, [1, 2], END + HOUR)
    newsroom.clock.advance(ONE_DAY)
    await newsroom.close(DAY + ONE_DAY)
    assert await newsroom.numbers(DAY) == [1]
    assert await newsroom.numbers(DAY + ONE_DAY) == [2]


async def test_every_commit_is_in_exactly_one_digest_whenever_it_arrives(
    newsroom: Newsroom, tide: FollowedRepository
) -> None:
    number = 0
    for closing in range(5):
        day = DAY + closing * ONE_DAY
        for hours in (-70, -30, -1, 0, 5, 23):
            number += 1
            instant = min(datetime.combine(day, datetime.min.time(), UTC) + hours * HOUR, newsroom.clock())
            await newsroom.push(tide, [number], instant)
        await newsroom.close(day)
        newsroom.clock.advance(ONE_DAY)
    found = [one for closing in range(5) for one in await newsroom.numbers(DAY + closing * ONE_DAY)]
    assert sorted(found) == list(range(1, number + 1))
    for closing in range(1, 5):
        day = DAY + closing * ONE_DAY
        assert await newsroom.late(day) == [6 * closing + 1, 6 * closing + 2, 6 * closing + 3]


async def test_a_repository_that_was_renamed_meanwhile_is_in_one_digest_under_its_new_name(
    newsroom: Newsroom, tide: FollowedRepository
) -> None:
    await newsroom.push(tide, [1], END - 2 * HOUR)
    async with newsroom.store.read() as connection:
        assert tide == await repositories.by_name(connection, "acme/tide")
    renamed = FollowedRepository(
        id=tide.id,
        github_id=tide.github_id,
        full_name="acme/flood",
        default_branch="main",
        private=False,
        added_at=tide.added_at,
    )
    await newsroom.push(renamed, [2], END - HOUR)
    await newsroom.close(DAY)
    assert {item.repository for item in await newsroom.items(DAY)} == {"acme/flood"}
    assert len({item.repository_key for item in await newsroom.items(DAY)}) == 1


async def test_what_has_no_analysis_when_its_day_is_closed_gets_one_by_the_rules(
    newsroom: Newsroom, tide: FollowedRepository
) -> None:
    await newsroom.expand(await newsroom.push(tide, [1], END - HOUR))
    await newsroom.push(tide, [2], END - HOUR)
    await newsroom.push(tide, [3], END)
    await newsroom.close(DAY)
    assert await newsroom.numbers(DAY) == [1, 2]
    assert await newsroom.count("analyses") == 2
    # The day after is left to those whose work it is.
    assert await newsroom.count("commits") == 2


async def test_a_closing_that_fails_at_its_end_is_as_if_it_had_not_begun(
    newsroom: Newsroom, tide: FollowedRepository
) -> None:
    class NoRoom(EmbeddedJobs):
        """An engine of jobs whose database is full."""

        async def put_many(
            self, transaction: Transaction, kind: Kind, keys: Sequence[str], *, run_at: datetime | None = None
        ) -> None:
            raise StoreUnavailable("the disk is full")

    await newsroom.analysed(tide, 1, END - HOUR)
    with pytest.raises(StoreUnavailable):
        await close_day(
            DAY,
            store=newsroom.store,
            jobs=NoRoom(newsroom.store, clock=newsroom.clock),
            zone=newsroom.zone,
            language="en",
            now=NOON,
        )
    assert await newsroom.count("digests") == await newsroom.count("digest_items") == 0
    assert (await newsroom.close(DAY)).new
    assert await newsroom.numbers(DAY) == [1]
