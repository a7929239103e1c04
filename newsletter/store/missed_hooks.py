"""Events that the App's webhook did not get, and how often GitHub was asked to deliver them again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.github.record import HookDelivery
from newsletter.store.tables import hook_logs, missed_hooks, pushes
from newsletter.store.upsert import insert_new

#: Ids in one statement.
TOGETHER = 500


@dataclass(frozen=True, kw_only=True)
class MissedHook:
    """An event that has not come yet."""

    hook_id: str
    #: GitHub's number of the latest attempt.
    delivery_id: int
    #: How often GitHub was asked to deliver it again.
    asked: int


async def seen_until(connection: AsyncConnection, app_id: int) -> datetime | None:
    """Return up to when GitHub's log of deliveries was looked through; None = never."""
    wanted = select(hook_logs.c.seen_until).where(hook_logs.c.app_id == app_id)
    found: datetime | None = (await connection.execute(wanted)).scalar_one_or_none()
    return found


async def mark_seen(connection: AsyncConnection, app_id: int, *, until: datetime) -> None:
    """Note up to when GitHub's log was looked through."""
    await connection.execute(insert_new(connection, hook_logs).values(app_id=app_id, seen_until=until))
    await connection.execute(update(hook_logs).where(hook_logs.c.app_id == app_id).values(seen_until=until))


async def note(connection: AsyncConnection, app_id: int, missed: Sequence[HookDelivery]) -> None:
    """Keep the latest failed attempt of each event; how often it was asked for stays."""
    for attempt in missed:
        told = {"delivery_id": attempt.id, "missed_at": attempt.at}
        values = {"app_id": app_id, "hook_id": attempt.hook_id, "event": attempt.event, "asked": 0, **told}
        await connection.execute(insert_new(connection, missed_hooks).values(next_at=attempt.at, **values))
        await connection.execute(
            update(missed_hooks)
            .where(*_is(app_id, attempt.hook_id), missed_hooks.c.delivery_id < attempt.id)
            .values(**told)
        )


async def settle(connection: AsyncConnection, app_id: int, hook_ids: Collection[str]) -> None:
    """Note that events came, or are not to be had."""
    ids = sorted(hook_ids)
    for start in range(0, len(ids), TOGETHER):
        await connection.execute(
            update(missed_hooks)
            .where(missed_hooks.c.app_id == app_id, missed_hooks.c.hook_id.in_(ids[start : start + TOGETHER]))
            .values(next_at=None)
        )


async def due(connection: AsyncConnection, app_id: int, *, now: datetime, since: datetime) -> tuple[MissedHook, ...]:
    """Return the events that may be asked for, the earliest first.

    :param since: GitHub has forgotten what is older.
    """
    rows = await connection.execute(
        select(missed_hooks)
        .where(missed_hooks.c.app_id == app_id, missed_hooks.c.next_at <= now, missed_hooks.c.missed_at >= since)
        .order_by(missed_hooks.c.missed_at, missed_hooks.c.delivery_id)
    )
    return tuple(MissedHook(hook_id=row.hook_id, delivery_id=row.delivery_id, asked=row.asked) for row in rows)


async def count_asking(connection: AsyncConnection, app_id: int, hook_id: str, *, next_at: datetime | None) -> None:
    """Count that an event is asked for, before it is: whoever is killed meanwhile asks again after the pause."""
    await connection.execute(
        update(missed_hooks).where(*_is(app_id, hook_id)).values(asked=missed_hooks.c.asked + 1, next_at=next_at)
    )


async def take_back_asking(connection: AsyncConnection, app_id: int, missed: MissedHook, *, next_at: datetime) -> None:
    """Undo :func:`count_asking` where nothing was asked after all."""
    await connection.execute(
        update(missed_hooks).where(*_is(app_id, missed.hook_id)).values(asked=missed.asked, next_at=next_at)
    )


async def forget(connection: AsyncConnection, *, before: datetime) -> None:
    """Forget what GitHub has forgotten."""
    await connection.execute(delete(missed_hooks).where(missed_hooks.c.missed_at < before))


async def stored(connection: AsyncConnection, hook_ids: Collection[str]) -> frozenset[str]:
    """Return those events that are pushes on disk."""
    found: set[str] = set()
    ids = sorted(hook_ids)
    for start in range(0, len(ids), TOGETHER):
        wanted = select(pushes.c.hook_id).where(pushes.c.hook_id.in_(ids[start : start + TOGETHER]))
        found.update((await connection.execute(wanted)).scalars())
    return frozenset(found)


def _is(app_id: int, hook_id: str) -> tuple[ColumnElement[bool], ...]:
    return missed_hooks.c.app_id == app_id, missed_hooks.c.hook_id == hook_id
