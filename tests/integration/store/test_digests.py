"""A commit is in exactly one daily digest; what is closed stays as it is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from newsletter.delivery.record import OpenMail
from newsletter.digest.record import Rendering, Slots
from newsletter.github.record import CommitDetail
from newsletter.store import commits, digests, tables
from newsletter.store.digests import StoredDigest
from newsletter.store.engine import Store
from subscribers import Level
from tests.support.clock import NOON
from tests.support.databases import rolled_back
from tests.support.records import (
    DAY,
    analysed_commits,
    closed_day,
    follow,
    rendered,
    sha,
    store_commits,
)
from tests.support.waiting import somebody_waits_for_a_lock

HOUR = timedelta(hours=1)
ONE_DAY = timedelta(days=1)
#: Midnight between DAY and the next.
END = datetime(2026, 3, 2, tzinfo=UTC)


async def close_and_take(
    store: Store, day: date = DAY, *, before: datetime = END, late_before: datetime | None = None
) -> int:
    async with store.write() as transaction:
        digest = await digests.close(transaction.connection, day=day, timezone="UTC", now=NOON)
        if digest is None:
            return -1
        return await digests.take_commits(transaction.connection, digest.id, before=before, late_before=late_before)


async def shas_of(store: Store, day: date) -> list[str]:
    async with store.read() as connection:
        digest = await digests.by_day(connection, day)
        return [item.sha for item in await digests.items(connection, digest.id)] if digest else []


async def test_a_day_is_closed_once(store: Store) -> None:
    digest = await closed_day(store)
    assert digest == StoredDigest(id=digest.id, day=DAY, timezone="UTC", closed_at=NOON, composed=False)
    async with store.write() as transaction:
        again = await digests.close(transaction.connection, day=DAY, timezone="Asia/Shanghai", now=NOON + HOUR)
    assert again is None
    async with store.read() as connection:
        assert await digests.by_day(connection, DAY) == digest
        assert await digests.by_id(connection, digest.id) == digest
        assert await digests.by_day(connection, DAY + ONE_DAY) is None
        assert await digests.by_id(connection, digest.id + 1) is None


async def test_of_two_closings_of_one_day_at_once_one_closes_it(store: Store) -> None:
    await analysed_commits(store, await follow(store), range(3), reached_at=END - HOUR)
    assert sorted(await asyncio.gather(close_and_take(store), close_and_take(store))) == [-1, 3]


async def test_a_digest_takes_what_reached_the_branch_before_its_end(store: Store) -> None:
    repository = await follow(store)
    instants = [END - 40 * ONE_DAY, END - HOUR, END - timedelta(microseconds=1), END, END + HOUR]
    for number, instant in enumerate(instants):
        await analysed_commits(store, repository, [number], reached_at=instant)
    assert await close_and_take(store) == 3
    assert await shas_of(store, DAY) == [sha(0), sha(1), sha(2)]


async def test_what_is_not_analysed_yet_waits_for_the_next_digest(store: Store) -> None:
    repository = await follow(store)
    (waiting,) = await store_commits(store, repository, [1], reached_at=END - HOUR)
    assert await close_and_take(store) == 0
    async with store.write() as transaction:
        await commits.freeze_level(transaction.connection, waiting, Level.LOW)
    assert await close_and_take(store, DAY + ONE_DAY, before=END + ONE_DAY, late_before=END) == 1
    async with store.read() as connection:
        digest = await digests.by_day(connection, DAY + ONE_DAY)
        assert digest is not None
        (item,) = await digests.items(connection, digest.id)
    assert item.late


@pytest.mark.parametrize(
    ("reached_at", "late"),
    [
        pytest.param(END - timedelta(microseconds=1), True, id="the last instant of the day before"),
        pytest.param(END, False, id="the first instant of its own day"),
    ],
)
async def test_late_is_what_an_earlier_closing_missed(store: Store, reached_at: datetime, late: bool) -> None:
    await analysed_commits(store, await follow(store), [1], reached_at=reached_at)
    await close_and_take(store, DAY + ONE_DAY, before=END + ONE_DAY, late_before=END)
    async with store.read() as connection:
        digest = await digests.by_day(connection, DAY + ONE_DAY)
        assert digest is not None
        (item,) = await digests.items(connection, digest.id)
    assert item.late is late


async def test_nothing_is_late_in_the_first_digest(store: Store) -> None:
    await analysed_commits(store, await follow(store), [1], reached_at=END - 9 * ONE_DAY)
    await close_and_take(store)
    async with store.read() as connection:
        (counted,) = await digests.recent(connection, limit=5)
    assert (counted.changes, counted.late) == (1, 0)


async def test_nothing_is_taken_twice(store: Store) -> None:
    repository = await follow(store)
    await analysed_commits(store, repository, [1, 2], reached_at=END - HOUR)
    assert await close_and_take(store) == 2
    async with store.write() as transaction:
        digest = await digests.by_day(transaction.connection, DAY)
        assert digest is not None
        again = await digests.take_commits(transaction.connection, digest.id, before=END, late_before=None)
    assert again == 0
    assert await close_and_take(store, DAY + ONE_DAY, before=END + ONE_DAY, late_before=END) == 0


async def test_two_closings_of_two_days_at_once_share_the_commits_out(store: Store) -> None:
    """On PostgreSQL both look before either has written: the database decides, and neither fails."""
    repository = await follow(store)
    await analysed_commits(store, repository, range(300), reached_at=END - HOUR)
    days = [DAY + number * ONE_DAY for number in range(4)]
    async with asyncio.TaskGroup() as group:
        taken = [group.create_task(close_and_take(store, day, before=END + 9 * ONE_DAY)) for day in days]
    assert sum(task.result() for task in taken) == 300
    found = [one for day in days for one in await shas_of(store, day)]
    assert sorted(found) == [sha(number) for number in range(300)]


@pytest.mark.parametrize(
    "first_ends_well",
    [
        pytest.param(True, id="what the first took is the first's"),
        pytest.param(False, id="what the first gives back is taken"),
    ],
)
async def test_a_closing_waits_for_another_that_takes_the_same_commits(
    postgresql_url: str, first_ends_well: bool
) -> None:
    store = Store(postgresql_url)
    try:
        await analysed_commits(store, await follow(store), [1], reached_at=END - HOUR)
        with contextlib.suppress(LookupError):
            async with store.write() as transaction:
                digest = await digests.close(transaction.connection, day=DAY, timezone="UTC", now=NOON)
                assert digest is not None
                await digests.take_commits(transaction.connection, digest.id, before=END, late_before=None)
                second = asyncio.create_task(close_and_take(store, DAY + ONE_DAY))
                await somebody_waits_for_a_lock(store)
                if not first_ends_well:
                    raise LookupError
        assert await second == (0 if first_ends_well else 1)
        assert await shas_of(store, DAY if first_ends_well else DAY + ONE_DAY) == [sha(1)]
    finally:
        await store.close()


async def test_a_rolled_back_closing_leaves_every_commit_to_the_next(store: Store) -> None:
    await analysed_commits(store, await follow(store), [1], reached_at=END - HOUR)
    async with rolled_back(store) as transaction:
        digest = await digests.close(transaction.connection, day=DAY, timezone="UTC", now=NOON)
        assert digest is not None
        await digests.take_commits(transaction.connection, digest.id, before=END, late_before=None)
    async with store.read() as connection:
        assert await digests.by_day(connection, DAY) is None
    assert await close_and_take(store) == 1


async def test_the_last_closed_day_is_found(store: Store) -> None:
    async with store.read() as connection:
        assert await digests.last_closed(connection) is None
    for number in (0, 3, 1):
        await closed_day(store, DAY + number * ONE_DAY)
    async with store.read() as connection:
        assert await digests.last_closed(connection) == DAY + 3 * ONE_DAY
        assert await digests.last_closed(connection, before=DAY + 3 * ONE_DAY) == DAY + ONE_DAY
        assert await digests.last_closed(connection, before=DAY) is None


async def test_items_stand_in_the_order_in_which_they_reached_their_branches(store: Store) -> None:
    tide = await follow(store, "acme/tide", github_id=1)
    ebb = await follow(store, "acme/ebb", github_id=2, private=True)
    await analysed_commits(store, tide, [5, 3], reached_at=END - HOUR, level=Level.LOW)
    (detailed,) = await analysed_commits(store, ebb, [9], reached_at=END - 2 * HOUR, level=Level.MEDIUM)
    detail = CommitDetail(sha=sha(9), parents=(), additions=12, deletions=5)
    async with store.write() as transaction:
        await commits.save_detail(transaction.connection, detailed, detail, now=NOON)
    await close_and_take(store)
    async with store.read() as connection:
        digest = await digests.by_day(connection, DAY)
        assert digest is not None
        items = await digests.items(connection, digest.id)
    assert [item.sha for item in items] == [sha(9), sha(5), sha(3)]
    first, second, _ = items
    assert (first.repository, first.repository_key, first.private) == ("acme/ebb", ebb.key, True)
    assert (first.level, first.additions, first.deletions) == (Level.MEDIUM, 12, 5)
    assert (second.repository, second.private, second.level) == ("acme/tide", False, Level.LOW)
    assert (second.additions, second.deletions, second.author) == (0, 0, "Ada")


async def test_a_day_of_2048_commits_is_taken_at_once(store: Store) -> None:
    await store_commits(store, await follow(store), range(2048), reached_at=END - HOUR)
    async with store.write() as transaction:
        await transaction.connection.execute(update(tables.commits).values(level=Level.LOW))
    assert await close_and_take(store) == 2048
    assert await shas_of(store, DAY) == [sha(number) for number in range(2048)]


async def test_a_rendering_is_made_once_a_cohort(store: Store) -> None:
    digest = await closed_day(store)
    async with store.read() as connection:
        assert await digests.rendering_id(connection, digest.id, "cohort") is None
    first = await rendered(store, digest)
    async with store.write() as transaction:
        again = await digests.add_rendering(
            transaction.connection,
            digest.id,
            "cohort",
            Rendering(subject="another", text="", html=""),
            slots=Slots(unsubscribe_token="slot-2", preferences_token="choices-2"),
        )
    assert again == first
    assert await rendered(store, digest, "another cohort") != first
    async with store.read() as connection:
        assert await digests.rendering_id(connection, digest.id, "cohort") == first
        assert await digests.open_mail(connection, first) == OpenMail(
            subject="The tide",
            text="High water",
            html="<p>High water</p>",
            unsubscribe_slot="slot-1",
            preferences_slot="choices-1",
        )
        assert await digests.open_mail(connection, 999) is None


async def test_of_two_renderings_at_once_both_hear_of_the_same(store: Store) -> None:
    digest = await closed_day(store)
    assert len(set(await asyncio.gather(*(rendered(store, digest) for _ in range(4))))) == 1


async def test_a_digest_is_composed_once(store: Store) -> None:
    digest = await closed_day(store)
    for now in (NOON, NOON + HOUR):
        async with store.write() as transaction:
            await digests.mark_composed(transaction.connection, digest.id, now=now)
    async with store.read() as connection:
        found = await digests.by_id(connection, digest.id)
    assert found is not None
    assert found.composed


async def test_the_latest_digests_are_counted_by_level(store: Store) -> None:
    repository = await follow(store)

    async def a_day(day: date, levels: Sequence[Level], end: datetime, first: int) -> None:
        for number, level in enumerate(levels):
            await analysed_commits(store, repository, [first + number], reached_at=end - HOUR, level=level)
        await close_and_take(store, day, before=end, late_before=end - timedelta(minutes=30) if first else None)

    await a_day(DAY, [Level.HIGH, Level.LOW, Level.LOW], END, 0)
    await a_day(DAY + ONE_DAY, [Level.MEDIUM], END + ONE_DAY, 10)
    await a_day(DAY + 2 * ONE_DAY, [], END + 2 * ONE_DAY, 20)
    async with store.read() as connection:
        empty, second, first = await digests.recent(connection, limit=5)
        assert await digests.recent(connection, limit=1) == (empty,)
    assert (empty.day, empty.changes, empty.late, empty.composed) == (DAY + 2 * ONE_DAY, 0, 0, False)
    assert (second.levels, second.late) == ({Level.HIGH: 0, Level.MEDIUM: 1, Level.LOW: 0}, 1)
    assert (first.levels, first.late) == ({Level.HIGH: 1, Level.MEDIUM: 0, Level.LOW: 2}, 0)


async def test_before_anything_is_closed_there_are_no_digests(store: Store) -> None:
    async with store.read() as connection:
        assert await digests.recent(connection, limit=5) == ()
