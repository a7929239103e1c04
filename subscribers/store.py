"""Readers in the database: add, find, change their status."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from subscribers.address import Address
from subscribers.preferences import Choice, Preferences
from subscribers.record import ALLOWED, Status, Subscriber
from subscribers.rhythm import DAILY, Rhythm
from subscribers.tables import choices, subscribers


class AlreadySubscribed(ValueError):
    """There is a reader with this address already; carries who."""

    def __init__(self, subscriber: Subscriber) -> None:
        self.subscriber = subscriber
        super().__init__(f"this address is known already (reader {subscriber.id}, {subscriber.status})")


async def add(
    connection: AsyncConnection,
    address: Address,
    preferences: Preferences,
    *,
    rhythm: Rhythm = DAILY,
    status: Status,
    now: datetime,
) -> Subscriber:
    """Store a new reader.

    :raises AlreadySubscribed: the address is known, whatever became of its reader: nobody is revived by being added.
    """
    known = await by_address(connection, address)
    if known is not None:
        raise AlreadySubscribed(known)
    new = insert(subscribers).values(
        address=address.value,
        address_key=address.key,
        status=status,
        language=preferences.language,
        timezone=preferences.timezone,
        cohort_key=preferences.key,
        cadence=rhythm.cadence,
        weekday=rhythm.weekday,
        send_at=rhythm.send_at,
        at_once=preferences.at_once,
        created_at=now,
        confirmed_at=now if status is Status.ACTIVE else None,
    )
    try:
        async with connection.begin_nested():
            subscriber_id = (await connection.execute(new.returning(subscribers.c.id))).scalar_one()
    except IntegrityError:
        # Somebody else added the address since we looked.
        known = await by_address(connection, address)
        if known is None:
            raise
        raise AlreadySubscribed(known) from None
    await _store_choices(connection, subscriber_id, preferences.choices)
    return Subscriber(
        id=subscriber_id,
        address=address.value,
        status=status,
        preferences=preferences,
        created_at=now,
        rhythm=rhythm,
    )


async def _store_choices(connection: AsyncConnection, subscriber_id: int, chosen: Sequence[Choice]) -> None:
    await connection.execute(delete(choices).where(choices.c.subscriber_id == subscriber_id))
    rows = [
        {"subscriber_id": subscriber_id, "repository": choice.repository, "threshold": choice.threshold}
        for choice in chosen
    ]
    await connection.execute(insert(choices), rows)


async def by_id(connection: AsyncConnection, subscriber_id: int) -> Subscriber | None:
    """Return a reader, or None where there is none of this id (any more)."""
    found = await _load(connection, select(subscribers.c.id).where(subscribers.c.id == subscriber_id))
    return found[0] if found else None


async def by_address(connection: AsyncConnection, address: Address) -> Subscriber | None:
    """Return the reader with this mailbox, however its address is spelt."""
    found = await _load(connection, select(subscribers.c.id).where(subscribers.c.address_key == address.key))
    return found[0] if found else None


async def page(connection: AsyncConnection, *, after: int = 0, limit: int = 500) -> tuple[Subscriber, ...]:
    """Return readers in the order in which they came, from the first id above ``after``."""
    wanted = select(subscribers.c.id).where(subscribers.c.id > after).order_by(subscribers.c.id).limit(limit)
    return await _load(connection, wanted)


async def _load(connection: AsyncConnection, wanted: object) -> tuple[Subscriber, ...]:
    ids = tuple((await connection.execute(wanted)).scalars())  # type: ignore[call-overload]
    if not ids:
        return ()
    chosen: dict[int, list[Choice]] = {}
    for row in await connection.execute(select(choices).where(choices.c.subscriber_id.in_(ids))):
        chosen.setdefault(row.subscriber_id, []).append(Choice(repository=row.repository, threshold=row.threshold))
    rows = await connection.execute(select(subscribers).where(subscribers.c.id.in_(ids)).order_by(subscribers.c.id))
    return tuple(
        Subscriber(
            id=row.id,
            address=row.address,
            status=row.status,
            preferences=Preferences.of(row.language, chosen[row.id], timezone=row.timezone, at_once=row.at_once),
            created_at=row.created_at,
            rhythm=Rhythm(cadence=row.cadence, weekday=row.weekday, send_at=row.send_at),
        )
        for row in rows
    )


async def change_status(connection: AsyncConnection, subscriber_id: int, to: Status, *, now: datetime) -> bool:
    """Move a reader to another status if that is allowed from where they stand (see :data:`record.ALLOWED`).

    Doing it twice changes nothing. Returns whether anything changed.
    """
    sources = [source for source, targets in ALLOWED.items() if to in targets]
    instants = {"confirmed_at": now, "ended_at": None} if to is Status.ACTIVE else {"ended_at": now}
    result = await connection.execute(
        update(subscribers)
        .where(subscribers.c.id == subscriber_id, subscribers.c.status.in_(sources))
        .values(status=to, **instants)
    )
    return result.rowcount == 1
