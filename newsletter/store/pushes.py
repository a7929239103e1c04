"""Pushes as they came: the raw body, kept so that nothing that was accepted can be lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

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


async def add(
    connection: AsyncConnection,
    *,
    hook_id: str,
    repository_id: int,
    reached_at: datetime,
    received_at: datetime,
    body: bytes,
) -> bool:
    """Store a push; returns False where this hook_id is stored already."""
    result = await connection.execute(
        insert_new(connection, pushes)
        .values(
            hook_id=hook_id,
            repository_id=repository_id,
            reached_at=reached_at,
            received_at=received_at,
            body=body,
        )
        .returning(pushes.c.id)
    )
    return result.scalar_one_or_none() is not None


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


async def unexpanded(connection: AsyncConnection, *, before: datetime | None = None) -> tuple[str, ...]:
    """Return the hook_ids of pushes whose commits are not stored yet, in the order in which they reached the branch."""
    wanted = select(pushes.c.hook_id).where(pushes.c.expanded_at.is_(None))
    if before is not None:
        wanted = wanted.where(pushes.c.reached_at < before)
    rows = await connection.execute(wanted.order_by(pushes.c.reached_at, pushes.c.id))
    return tuple(rows.scalars())


async def mark_expanded(connection: AsyncConnection, push_id: int, *, now: datetime) -> None:
    """Record that the commits of a push are stored."""
    await connection.execute(
        update(pushes).where(pushes.c.id == push_id, pushes.c.expanded_at.is_(None)).values(expanded_at=now)
    )
