"""Setbacks of a reader in the database, and what becomes of the reader."""

from __future__ import annotations

from datetime import datetime, timedelta

import subscribers
from newsletter.store.engine import Store
from subscribers import Evidence, Noted, Reason, Setback, Status, Suppression, Way
from tests.support.clock import NOON
from tests.support.records import add_reader

DAY = timedelta(days=1)


async def note(
    store: Store, reader: int, source: str, *, setback: Setback = Setback.HARD, at: datetime = NOON
) -> Noted:
    evidence = Evidence(setback=setback, way=Way.MAIL, at=at, status="5.1.1")
    async with store.write() as transaction:
        return await subscribers.note(transaction.connection, reader, evidence, source=source)


async def status_of(store: Store, reader: int) -> Status:
    async with store.read() as connection:
        found = await subscribers.by_id(connection, reader)
    assert found is not None
    return found.status


async def listed(store: Store, *, past: bool = False) -> tuple[Suppression, ...]:
    async with store.read() as connection:
        return await subscribers.suppressed(connection, past=past)


async def test_three_days_of_hard_bounces_suppress_and_the_same_mail_again_changes_nothing(store: Store) -> None:
    reader = await add_reader(store, "gone@example.org")
    for day in range(2):
        assert await note(store, reader.id, f"mail {day}", at=NOON + day * DAY) == Noted(new=True)
        assert await note(store, reader.id, f"mail {day}", at=NOON + 5 * DAY) == Noted(new=False)
    assert await status_of(store, reader.id) is Status.ACTIVE
    last = await note(store, reader.id, "mail 2", at=NOON + 2 * DAY)
    assert last == Noted(new=True, suppressed=Reason.BOUNCES)
    assert await status_of(store, reader.id) is Status.SUPPRESSED
    (suppression,) = await listed(store)
    assert (suppression.address, suppression.reason, suppression.status, suppression.lifted_at) == (
        "gone@example.org",
        Reason.BOUNCES,
        "5.1.1",
        None,
    )


async def test_a_complaint_suppresses_at_once(store: Store) -> None:
    reader = await add_reader(store, "angry@example.org")
    noted = await note(store, reader.id, "mail 1", setback=Setback.COMPLAINT)
    assert noted == Noted(new=True, suppressed=Reason.COMPLAINT)
    assert await status_of(store, reader.id) is Status.SUPPRESSED


async def test_of_a_reader_who_left_it_is_only_remembered(store: Store) -> None:
    reader = await add_reader(store, "left@example.org")
    async with store.write() as transaction:
        await subscribers.change_status(transaction.connection, reader.id, Status.UNSUBSCRIBED, now=NOON)
    assert await note(store, reader.id, "mail 1", setback=Setback.COMPLAINT) == Noted(new=True)
    assert await status_of(store, reader.id) is Status.UNSUBSCRIBED


async def test_a_reader_who_is_there_no_more_has_no_setbacks(store: Store) -> None:
    assert await note(store, 4711, "mail 1") == Noted(new=False)


async def test_an_operator_lifts_a_suppression_and_the_counting_begins_anew(store: Store) -> None:
    reader = await add_reader(store, "back@example.org")
    for day in range(3):
        await note(store, reader.id, f"mail {day}", at=NOON + day * DAY)
    async with store.write() as transaction:
        assert await subscribers.lift(transaction.connection, reader.id, now=NOON + 3 * DAY)
        assert not await subscribers.lift(transaction.connection, reader.id, now=NOON + 3 * DAY)
    assert await status_of(store, reader.id) is Status.ACTIVE
    assert await note(store, reader.id, "mail 3", at=NOON + 3 * DAY) == Noted(new=True)
    assert await listed(store) == ()
    (past,) = await listed(store, past=True)
    assert past.lifted_at == NOON + 3 * DAY
    again = [await note(store, reader.id, f"mail {day}", at=NOON + day * DAY) for day in (4, 5)]
    assert again[-1].suppressed is Reason.BOUNCES
