"""Readers in the database."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

import subscribers
from newsletter.store.engine import Store
from subscribers import (
    EVERY_REPOSITORY,
    AlreadySubscribed,
    Choice,
    Level,
    Preferences,
    Status,
    Subscriber,
    metadata,
    parse_address,
)
from subscribers.record import ALLOWED
from tests.support.clock import NOON
from tests.support.records import add_reader, preferences_of
from tests.support.waiting import somebody_waits_for_a_lock

HOUR = timedelta(hours=1)
_table = metadata.tables["subscribers"]


async def by_address(store: Store, address: str) -> Subscriber | None:
    async with store.read() as connection:
        return await subscribers.by_address(connection, parse_address(address))


async def change(store: Store, reader: Subscriber, to: Status, now: datetime = NOON + HOUR) -> bool:
    async with store.write() as transaction:
        return await subscribers.change_status(transaction.connection, reader.id, to, now=now)


async def instants(store: Store, reader: Subscriber) -> tuple[datetime | None, datetime | None]:
    """Return when a reader confirmed and when they left."""
    async with store.read() as connection:
        row = (
            await connection.execute(select(_table.c.confirmed_at, _table.c.ended_at).where(_table.c.id == reader.id))
        ).one()
    return row.confirmed_at, row.ended_at


async def test_a_reader_comes_back_as_they_were_added(store: Store) -> None:
    preferences = Preferences.of(
        "zh", [Choice(repository="7", threshold=Level.LOW), Choice(repository=EVERY_REPOSITORY, threshold=Level.HIGH)]
    )
    reader = await add_reader(store, "Ada.读者@Example.org", preferences, status=Status.PENDING)
    assert reader == Subscriber(
        id=reader.id,
        address="Ada.读者@example.org",
        status=Status.PENDING,
        preferences=preferences,
        created_at=NOON,
    )
    async with store.read() as connection:
        assert await subscribers.by_id(connection, reader.id) == reader
        assert await subscribers.by_id(connection, reader.id + 1) is None


async def test_one_mailbox_is_one_reader_however_it_is_spelt(store: Store) -> None:
    reader = await add_reader(store, "Ada@example.org")
    assert await by_address(store, "aDA@EXAMPLE.org") == reader
    assert await by_address(store, "bea@example.org") is None
    with pytest.raises(AlreadySubscribed) as refusal:
        await add_reader(store, "ADA@example.org")
    assert refusal.value.subscriber == reader
    assert "ada" not in str(refusal.value).lower()


@pytest.mark.parametrize("status", list(Status), ids=str)
async def test_nobody_is_revived_by_being_added(store: Store, status: Status) -> None:
    reader = await add_reader(store, status=status)
    with pytest.raises(AlreadySubscribed):
        await add_reader(store, status=Status.ACTIVE)
    found = await by_address(store, "ada@example.org")
    assert found == reader


async def test_of_two_requests_at_once_one_adds_the_reader_and_the_other_hears_of_it(store: Store) -> None:
    added = await asyncio.gather(*(add_reader(store) for _ in range(4)), return_exceptions=True)
    (reader,) = [one for one in added if isinstance(one, Subscriber)]
    refusals = [one for one in added if isinstance(one, AlreadySubscribed)]
    assert len(refusals) == 3
    assert {refusal.subscriber for refusal in refusals} == {reader}


async def test_a_request_that_another_one_overtakes_hears_of_its_reader(postgresql_url: str) -> None:
    store = Store(postgresql_url)
    try:
        async with store.write() as transaction:
            reader = await subscribers.add(
                transaction.connection,
                parse_address("ada@example.org"),
                preferences_of(),
                status=Status.PENDING,
                now=NOON,
            )
            second = asyncio.create_task(add_reader(store, "ADA@example.org"))
            await somebody_waits_for_a_lock(store)
        with pytest.raises(AlreadySubscribed) as refusal:
            await second
        assert refusal.value.subscriber == reader
    finally:
        await store.close()


async def test_a_refused_reader_does_not_spoil_the_transaction(store: Store) -> None:
    await add_reader(store, "ada@example.org")
    async with store.write() as transaction:
        for address in ("ada@example.org", "bea@example.org"):
            try:
                await subscribers.add(
                    transaction.connection,
                    parse_address(address),
                    preferences_of(),
                    status=Status.ACTIVE,
                    now=NOON,
                )
            except AlreadySubscribed:
                continue
    assert await by_address(store, "bea@example.org") is not None


async def test_readers_are_paged_in_the_order_in_which_they_came(store: Store) -> None:
    readers = [await add_reader(store, f"{name}@example.org") for name in "dacb"]
    async with store.read() as connection:
        first = await subscribers.page(connection, limit=3)
        rest = await subscribers.page(connection, after=first[-1].id, limit=3)
        assert await subscribers.page(connection, after=rest[-1].id) == ()
    assert [*first, *rest] == readers


@pytest.mark.parametrize(("start", "to"), list(product(Status, Status)), ids=str)
async def test_a_status_changes_only_as_it_may(store: Store, start: Status, to: Status) -> None:
    reader = await add_reader(store, status=start)
    allowed = to in ALLOWED[start]
    assert await change(store, reader, to) is allowed
    found = await by_address(store, "ada@example.org")
    assert found is not None
    assert found.status is (to if allowed else start)
    # Twice changes nothing.
    assert await change(store, reader, to) is (to in ALLOWED[found.status])


async def test_the_database_knows_when_a_reader_confirmed_and_left(store: Store) -> None:
    reader = await add_reader(store, status=Status.PENDING)
    assert await instants(store, reader) == (None, None)
    await change(store, reader, Status.ACTIVE, NOON + HOUR)
    assert await instants(store, reader) == (NOON + HOUR, None)
    await change(store, reader, Status.UNSUBSCRIBED, NOON + 2 * HOUR)
    assert await instants(store, reader) == (NOON + HOUR, NOON + 2 * HOUR)
    await change(store, reader, Status.ACTIVE, NOON + 3 * HOUR)
    assert await instants(store, reader) == (NOON + 3 * HOUR, None)


async def test_a_reader_added_as_active_confirmed_then(store: Store) -> None:
    assert await instants(store, await add_reader(store)) == (NOON, None)


async def test_a_reader_that_is_not_there_cannot_change(store: Store) -> None:
    async with store.write() as transaction:
        assert not await subscribers.change_status(transaction.connection, 7, Status.SUPPRESSED, now=NOON)


async def test_an_empty_address_is_refused_by_the_database(store: Store) -> None:
    with pytest.raises(IntegrityError):
        async with store.write() as transaction:
            await transaction.connection.execute(
                insert(_table).values(
                    address="",
                    address_key="",
                    status=Status.ACTIVE,
                    language="en",
                    timezone="UTC",
                    cohort_key="c",
                    created_at=NOON,
                )
            )
