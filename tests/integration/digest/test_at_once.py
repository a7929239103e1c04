"""High changes come at once to those who asked: bundled, seldom, never old, and marked in the digest."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from newsletter.pipeline.at_once import FRESH, LINGER, MOST, announce
from newsletter.pipeline.port import Kind
from newsletter.pipeline.recover import requeue
from newsletter.store.engine import Store
from newsletter.store.repositories import FollowedRepository
from newsletter.store.states import Cadence
from subscribers import Cadence as HowOften
from subscribers import Level, Preferences, Rhythm
from tests.support.clock import FrozenClock
from tests.support.newsroom import Newsroom
from tests.support.records import add_reader, analysis_of, follow, preferences_of
from tests.support.walk import Walk

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
ONE_DAY = timedelta(days=1)
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
HIGH = analysis_of(level=Level.HIGH)
AT_ONCE = preferences_of(threshold=Level.LOW, at_once=True)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NINE)


@pytest.fixture
async def walk(store: Store, clock: FrozenClock) -> Walk:
    walk = Walk(Newsroom(store, clock))
    await walk.stop()
    return walk


async def high(
    walk: Walk,
    repository: FollowedRepository,
    number: int,
    *,
    message: str = "",
    old: timedelta = 0 * HOUR,
    level: Level = Level.HIGH,
) -> None:
    """Let a change be found to be high at this moment."""
    room = walk.room
    text = message or f"Drop the gate of lock {chr(65 + number) * 3}"
    await room.analysed(repository, number, room.clock() - old, analysis_of(level=level), message=text)
    async with room.store.write() as transaction:
        await announce(transaction, jobs=room.jobs, now=room.clock())


async def test_a_high_change_comes_within_15_minutes_with_what_followed_it(store: Store, walk: Walk) -> None:
    repository = await follow(store)
    await add_reader(store, "ada@x.example", AT_ONCE, rhythm=Rhythm(cadence=HowOften.WEEKLY))
    await add_reader(store, "bea@x.example", preferences_of(threshold=Level.LOW))
    await high(walk, repository, 1)
    await walk.to(NINE + 2 * MINUTE)
    await high(walk, repository, 2)
    await high(walk, repository, 3, level=Level.MEDIUM)
    await walk.to(NINE + 15 * MINUTE)
    (mail,) = walk.arrivals
    assert (mail.reader, mail.at, mail.cadence) == ("ada", NINE + LINGER, Cadence.AT_ONCE)
    assert mail.subject.startswith("2 high just now: Drop the gate of lock BBB")
    assert [name in mail.text for name in ("BBB", "CCC", "DDD")] == [True, True, False]
    # Told once.
    await walk.to(NINE + 3 * HOUR)
    assert walk.arrivals == [mail]


async def test_what_came_at_once_is_marked_in_the_digest_of_its_readers_alone(store: Store, walk: Walk) -> None:
    repository = await follow(store)
    await add_reader(store, "ada@x.example", preferences_of(threshold=Level.LOW, at_once=True, timezone="Asia/Tokyo"))
    await add_reader(store, "bea@x.example", preferences_of(threshold=Level.LOW))
    await high(walk, repository, 1)
    await walk.to(NINE + ONE_DAY + 22 * HOUR)
    (ada,), (bea,) = (walk.got(name, Cadence.DAILY) for name in ("ada", "bea"))
    # 09:05 UTC, as the clocks of Tokyo have it.
    assert "sent at once at 18:05" in ada.text
    assert "BBB" in bea.text
    assert "sent at once" not in bea.text


async def test_after_four_mails_within_a_day_the_rest_waits_for_the_digest(store: Store, walk: Walk) -> None:
    repository = await follow(store)
    await add_reader(store, "ada@x.example", AT_ONCE)
    for number in range(7):
        await high(walk, repository, number)
        await walk.to(NINE + (number + 1) * HOUR)
    assert len(walk.got("ada", Cadence.AT_ONCE)) == MOST
    # A day after the first of them there is room for one more.
    await walk.to(NINE + ONE_DAY + 6 * MINUTE)
    await high(walk, repository, 8)
    await walk.to(NINE + ONE_DAY + 50 * MINUTE)
    assert len(walk.got("ada", Cadence.AT_ONCE)) == MOST + 1
    (digest,) = walk.got("ada", Cadence.DAILY)
    assert digest.text.count("sent at once at") == MOST
    assert all(chr(65 + number) * 3 in digest.text for number in range(7))


@pytest.mark.parametrize(
    ("preferences", "comes"),
    [
        pytest.param(AT_ONCE, False, id="not to who asked for all public ones"),
        pytest.param(preferences_of(repository="1", at_once=True), True, id="to who chose it by name"),
        pytest.param(preferences_of(repository="2", at_once=True), False, id="not to who chose another"),
        pytest.param(preferences_of(repository="1"), False, id="not to who did not ask"),
    ],
)
async def test_a_private_change_comes_at_once(store: Store, walk: Walk, preferences: Preferences, comes: bool) -> None:
    repository = await follow(store, private=True)
    assert repository.key == "1"
    await add_reader(store, "ada@x.example", preferences)
    await add_reader(store, "eve@x.example", AT_ONCE)
    await high(walk, repository, 1)
    await walk.to(NINE + HOUR)
    assert [mail.reader for mail in walk.arrivals] == ["ada"] * comes
    # Nobody expects such a mail, so the ledger says nothing of those who got none.
    assert await walk.room.count("deliveries") == int(comes)


async def test_what_is_old_or_was_taken_back_is_nobodys_hurry(store: Store, walk: Walk) -> None:
    repository = await follow(store)
    await add_reader(store, "ada@x.example", AT_ONCE)
    await high(walk, repository, 1, old=FRESH + MINUTE)
    await high(walk, repository, 2, message="Drop the bridge")
    await walk.to(NINE + MINUTE)
    await high(walk, repository, 3, message=f'Revert "Drop the bridge"\n\nThis reverts commit {2:040x}.')
    await walk.to(NINE + HOUR)
    assert walk.arrivals == []
    assert await walk.room.count("digests") == 0
    # And it is not looked for again and again.
    assert await requeue(store=store, jobs=walk.room.jobs, now=walk.room.clock()) >= 0
    assert await walk.room.queued(Kind.AT_ONCE) == []


async def test_that_what_was_sent_is_taken_back_is_sent_as_well(store: Store, walk: Walk) -> None:
    repository = await follow(store)
    await add_reader(store, "ada@x.example", AT_ONCE)
    await high(walk, repository, 1, message="Drop the bridge")
    await walk.to(NINE + HOUR)
    await high(walk, repository, 2, message=f'Revert "Drop the bridge"\n\nThis reverts commit {1:040x}.')
    await walk.to(NINE + 2 * HOUR)
    assert ["Revert" in mail.subject for mail in walk.arrivals] == [False, True]


async def test_a_closing_lets_go_of_what_was_gathered_and_the_digest_says_so(store: Store, walk: Walk) -> None:
    repository = await follow(store)
    await add_reader(store, "ada@x.example", AT_ONCE, rhythm=Rhythm(send_at=time(0)))
    await walk.to(datetime(2026, 3, 2, 23, 58, tzinfo=UTC))
    await high(walk, repository, 1)
    await walk.to(datetime(2026, 3, 3, 1, tzinfo=UTC))
    assert [(mail.cadence, mail.at.hour) for mail in walk.arrivals] == [(Cadence.AT_ONCE, 0), (Cadence.DAILY, 0)]
    assert "sent at once at" in walk.arrivals[1].text


async def test_a_mail_at_once_whose_job_was_lost_is_found(store: Store, walk: Walk) -> None:
    repository = await follow(store)
    await add_reader(store, "ada@x.example", AT_ONCE)
    await walk.room.analysed(repository, 1, NINE, HIGH)
    assert await walk.room.queued(Kind.AT_ONCE) == []
    await requeue(store=store, jobs=walk.room.jobs, now=NINE)
    assert await walk.room.queued(Kind.AT_ONCE) == ["all"]
    await requeue(store=store, jobs=walk.room.jobs, now=NINE)
    await walk.stop()
    assert [mail.cadence for mail in walk.arrivals] == [Cadence.AT_ONCE]
    await requeue(store=store, jobs=walk.room.jobs, now=NINE)
    assert await walk.room.queued(Kind.AT_ONCE) == []


async def test_where_nobody_asked_nothing_is_queued(store: Store, walk: Walk) -> None:
    repository = await follow(store)
    await add_reader(store, "ada@x.example", preferences_of(threshold=Level.LOW))
    await high(walk, repository, 1)
    assert await walk.room.queued(Kind.AT_ONCE) == []
    await requeue(store=store, jobs=walk.room.jobs, now=NINE)
    assert await walk.room.queued(Kind.AT_ONCE) == []
