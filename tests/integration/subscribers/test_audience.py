"""Cohorts are found in SQL, and their members page by page."""

from __future__ import annotations

import pytest

import subscribers
from newsletter.store.engine import Store
from subscribers import EVERY_REPOSITORY, Choice, Cohort, Level, Preferences, Status
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


async def test_the_timezone_of_a_reader_makes_no_cohort(store: Store) -> None:
    await add_reader(store, "ada@example.org")
    async with store.write() as transaction:
        await subscribers.add(
            transaction.connection,
            subscribers.parse_address("bea@example.org"),
            preferences_of(),
            timezone="Asia/Shanghai",
            status=Status.ACTIVE,
            now=NOON,
        )
    (cohort,) = await cohorts(store)
    assert (cohort.size, cohort.key) == (2, preferences_of().key)


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.ACTIVE], ids=str)
async def test_only_active_readers_are_an_audience(store: Store, status: Status) -> None:
    await add_reader(store, status=status)
    async with store.read() as connection:
        assert await subscribers.active_cohorts(connection) == ()
        assert await subscribers.members(connection, preferences_of().key) == ()
        assert await subscribers.languages_read(connection) == ()


async def test_a_cohort_whose_first_reader_left_keeps_its_preferences(store: Store) -> None:
    first = await add_reader(store, "ada@example.org")
    await add_reader(store, "bea@example.org")
    async with store.write() as transaction:
        await subscribers.change_status(transaction.connection, first.id, Status.UNSUBSCRIBED, now=NOON)
    assert await cohorts(store) == {Cohort(preferences=preferences_of(), size=1)}


async def test_members_come_page_by_page_and_each_once(store: Store) -> None:
    wanted = preferences_of()
    ids = []
    for number in range(7):
        ids.append((await add_reader(store, f"in{number}@example.org", wanted)).id)
        await add_reader(store, f"out{number}@example.org", preferences_of("zh"))
    found: list[int] = []
    async with store.read() as connection:
        while page := await subscribers.members(connection, wanted.key, after=found[-1] if found else 0, limit=3):
            assert len(page) <= 3
            found += page
    assert found == ids


async def test_a_cohort_that_nobody_is_in_has_no_members(store: Store) -> None:
    await add_reader(store)
    async with store.read() as connection:
        assert await subscribers.members(connection, "nobody") == ()


async def test_the_languages_that_are_read_are_known(store: Store) -> None:
    for number, language in enumerate(("zh", "en", "de", "en")):
        await add_reader(store, f"{number}@example.org", preferences_of(language))
    async with store.read() as connection:
        assert await subscribers.languages_read(connection) == ("de", "en", "zh")
