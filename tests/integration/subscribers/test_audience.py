"""Cohorts are found in SQL, and their members page by page."""

from __future__ import annotations

from datetime import time

import pytest

import subscribers
from newsletter.store.engine import Store
from subscribers import (
    EVERY_REPOSITORY,
    Audience,
    Cadence,
    Choice,
    Cohort,
    Hour,
    Level,
    Preferences,
    Rhythm,
    Status,
    Weekday,
)
from tests.support.clock import NOON
from tests.support.records import add_reader, preferences_of


async def cohorts(store: Store) -> set[Cohort]:
    async with store.read() as connection:
        return set(await subscribers.active_cohorts(connection))


async def test_readers_with_equal_preferences_are_together(store: Store) -> None:
    two = [Choice(repository=EVERY_REPOSITORY, threshold=Level.HIGH), Choice(repository="7", threshold=Level.LOW)]
    wanted = {
        "ada": Preferences.of("en", two),
        "bea": Preferences.of("en", reversed(two)),
        "cem": Preferences.of("zh", two),
        "dan": preferences_of("en"),
        "eve": preferences_of("en", threshold=Level.MEDIUM),
        "fay": preferences_of("en"),
    }
    for name, preferences in wanted.items():
        await add_reader(store, f"{name}@example.org", preferences)
    assert await cohorts(store) == {
        Cohort(preferences=wanted["ada"], size=2),
        Cohort(preferences=wanted["cem"], size=1),
        Cohort(preferences=wanted["dan"], size=2),
        Cohort(preferences=wanted["eve"], size=1),
    }


@pytest.mark.parametrize(
    ("other", "together"),
    [
        pytest.param(preferences_of(timezone="Asia/Shanghai"), False, id="the zone is shown in the mail"),
        pytest.param(preferences_of(at_once=True), False, id="what came at once is marked in the mail"),
        pytest.param(preferences_of(), True, id="rhythm and hour are not"),
    ],
)
async def test_only_what_a_mail_says_makes_a_cohort(store: Store, other: Preferences, together: bool) -> None:
    await add_reader(store, "ada@example.org")
    weekly = Rhythm(cadence=Cadence.WEEKLY, weekday=Weekday.FRIDAY, send_at=time(7, 30))
    await add_reader(store, "bea@example.org", other, rhythm=weekly)
    assert len(await cohorts(store)) == (1 if together else 2)
    assert await cohorts(store) >= {Cohort(preferences=other, size=2 if together else 1)}


async def test_a_reader_is_in_the_audience_of_what_they_chose(store: Store) -> None:
    wanted = {
        "day": (Rhythm(), False),
        "monday": (Rhythm(cadence=Cadence.WEEKLY), True),
        "friday": (Rhythm(cadence=Cadence.WEEKLY, weekday=Weekday.FRIDAY, send_at=time(7, 30)), False),
        "monday-of-days": (Rhythm(weekday=Weekday.MONDAY, send_at=time(7, 30)), True),
    }
    names = {}
    for name, (rhythm, at_once) in wanted.items():
        reader = await add_reader(store, f"{name}@example.org", preferences_of(at_once=at_once), rhythm=rhythm)
        names[reader.id] = name
    await add_reader(store, "gone@example.org", status=Status.UNSUBSCRIBED, rhythm=wanted["friday"][0])

    async def found(audience: Audience) -> set[str]:
        async with store.read() as connection:
            ids = set()
            for cohort in await subscribers.active_cohorts(connection, audience):
                for hour in await subscribers.hours_of(connection, cohort.key, audience):
                    rows = await connection.execute(subscribers.members(cohort.key, audience, send_at=hour))
                    ids |= {names[reader] for reader in rows.scalars()}
            assert await subscribers.anybody(connection, audience) is bool(ids)
        return ids

    assert await found(subscribers.EVERYBODY) == set(wanted)
    assert await found(Audience(cadence=Cadence.DAILY)) == {"day", "monday-of-days"}
    assert await found(Audience(cadence=Cadence.WEEKLY, weekday=Weekday.MONDAY)) == {"monday"}
    assert await found(Audience(cadence=Cadence.WEEKLY, weekday=Weekday.SUNDAY)) == set()
    assert await found(Audience(at_once=True)) == {"monday", "monday-of-days"}
    assert await found(Audience(cadence=Cadence.DAILY, at_once=False)) == {"day"}
    async with store.read() as connection:
        assert await subscribers.weekdays_wanted(connection) == {Weekday.MONDAY, Weekday.FRIDAY}
        assert await subscribers.send_hours(connection) == {
            Hour(timezone="UTC", send_at=None),
            Hour(timezone="UTC", send_at=time(7, 30)),
        }


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.ACTIVE], ids=str)
async def test_only_active_readers_are_an_audience(store: Store, status: Status) -> None:
    await add_reader(store, status=status)
    async with store.read() as connection:
        assert await subscribers.active_cohorts(connection) == ()
        assert not await subscribers.anybody(connection, subscribers.EVERYBODY)
        assert await subscribers.send_hours(connection) == frozenset()
        assert await subscribers.weekdays_wanted(connection) == frozenset()
        assert await subscribers.languages_read(connection) == ()


async def test_a_cohort_whose_first_reader_left_keeps_its_preferences(store: Store) -> None:
    first = await add_reader(store, "ada@example.org")
    await add_reader(store, "bea@example.org")
    async with store.write() as transaction:
        await subscribers.change_status(transaction.connection, first.id, Status.UNSUBSCRIBED, now=NOON)
    assert await cohorts(store) == {Cohort(preferences=preferences_of(), size=1)}


async def test_members_come_part_by_part_and_each_once(store: Store) -> None:
    wanted = preferences_of()
    ids = []
    for number in range(7):
        ids.append((await add_reader(store, f"in{number}@example.org", wanted)).id)
        await add_reader(store, f"out{number}@example.org", preferences_of("zh"))
        await add_reader(store, f"late{number}@example.org", wanted, rhythm=Rhythm(send_at=time(9)))
    readers = subscribers.members(wanted.key, subscribers.EVERYBODY, send_at=None)
    ends, after = [], 0
    async with store.read() as connection:
        while (last := await subscribers.batch_end(connection, readers, after=after, size=3)) is not None:
            ends.append(last)
            after = last
        assert sorted((await connection.execute(readers)).scalars()) == ids
    assert ends == [ids[2], ids[5], ids[6]]


async def test_a_cohort_that_nobody_is_in_has_no_members(store: Store) -> None:
    await add_reader(store)
    async with store.read() as connection:
        assert await subscribers.hours_of(connection, "nobody", subscribers.EVERYBODY) == ()
        readers = subscribers.members("nobody", subscribers.EVERYBODY, send_at=None)
        assert await subscribers.batch_end(connection, readers, after=0, size=3) is None


async def test_the_languages_that_are_read_are_known(store: Store) -> None:
    for number, language in enumerate(("zh", "en", "de", "en")):
        await add_reader(store, f"{number}@example.org", preferences_of(language))
    async with store.read() as connection:
        assert await subscribers.languages_read(connection) == ("de", "en", "zh")
