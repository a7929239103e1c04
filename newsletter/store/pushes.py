"""Pushes as they came: the raw body, kept so that nothing that was accepted can be lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.store.many import insert_new_rows
from newsletter.store.tables import pushes
from newsletter.store.upsert import insert_new


@dataclass(frozen=True, kw_only=True)
class StoredPush:
    """A push on disk."""

    id: int
    hook_id: str
    repository_id: int
    reached_at: datetime
    body: bytes
    expanded: bool


@dataclass(frozen=True, kw_only=True)
class NewPush:
    """A push that is to be stored."""

    hook_id: str
    repository_id: int
    reached_at: datetime
    received_at: datetime
    body: bytes


def add(connection: Connection, new: Sequence[NewPush]) -> frozenset[str]:
    """Store pushes; returns the hook_ids of those that were not stored already."""
    rows: list[dict[str, object]] = [
        {
            "hook_id": push.hook_id,
            "repository_id": push.repository_id,
            "reached_at": push.reached_at,
            "received_at": push.received_at,
            "body": push.body,
        }
        for push in new
    ]
    return insert_new_rows(connection, pushes, rows, key=pushes.c.hook_id)


async def add_found(
    connection: AsyncConnection,
    *,
    hook_id: str,
    repository_id: int,
    reached_at: datetime,
    body: bytes,
    now: datetime,
) -> StoredPush:
    """Store, or find, a push that no webhook told of; its commits are stored in the same transaction."""
    await connection.execute(
        insert_new(connection, pushes).values(
            hook_id=hook_id,
            repository_id=repository_id,
            reached_at=reached_at,
            received_at=now,
            body=body,
            expanded_at=now,
        )
    )
    stored = await by_hook_id(connection, hook_id)
    if stored is None:
        raise LookupError("a push vanished in the transaction that stored it")
    return stored


async def by_hook_id(connection: AsyncConnection, hook_id: str) -> StoredPush | None:
    """Return a push by GitHub's delivery id."""
    row = (await connection.execute(select(pushes).where(pushes.c.hook_id == hook_id))).one_or_none()
    if row is None:
        return None
    return StoredPush(
        id=row.id,
        hook_id=row.hook_id,
        repository_id=row.repository_id,
        reached_at=row.reached_at,
        body=row.body,
        expanded=row.expanded_at is not None,
    )


async def unexpanded(
    connection: AsyncConnection, *, before: datetime | None = None, repository_id: int | None = None
) -> tuple[str, ...]:
    """Return the hook_ids of pushes whose commits are not stored yet, in the order in which they reached the branch."""
    wanted = select(pushes.c.hook_id).where(pushes.c.expanded_at.is_(None))
    if repository_id is not None:
        wanted = wanted.where(pushes.c.repository_id == repository_id)
    if before is not None:
        wanted = wanted.where(pushes.c.reached_at < before)
    rows = await connection.execute(wanted.order_by(pushes.c.reached_at, pushes.c.id))
    return tuple(rows.scalars())


async def mark_expanded(connection: AsyncConnection, push_id: int, *, now: datetime) -> None:
    """Record that the commits of a push are stored."""
    await connection.execute(
        update(pushes).where(pushes.c.id == push_id, pushes.c.expanded_at.is_(None)).values(expanded_at=now)
    )
