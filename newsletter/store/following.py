"""Whether a repository is followed, and for whose sake: an operator's, an installation's of the App, or both."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.store.states import Stopped
from newsletter.store.tables import branches, repositories

#: Ids in one statement.
TOGETHER = 500


async def take_by_hand(connection: AsyncConnection, repository_id: int, *, now: datetime) -> None:
    """Note that an operator wants a repository: it stays when the App goes."""
    await connection.execute(update(repositories).where(repositories.c.id == repository_id).values(by_hand_at=now))


async def resume(connection: AsyncConnection, repository_id: int) -> None:
    """Let a repository be followed again, from its heads of the day on which GitHub is asked next."""
    await connection.execute(delete(branches).where(branches.c.repository_id == repository_id))
    await connection.execute(
        update(repositories)
        .where(repositories.c.id == repository_id)
        .values(stopped=None, reconciled_at=None, problem=None)
    )


async def attach(connection: AsyncConnection, repository_id: int, installation_id: int) -> None:
    """Note through which installation a repository is read from now on."""
    await connection.execute(
        update(repositories).where(repositories.c.id == repository_id).values(installation_id=installation_id)
    )


async def release(
    connection: AsyncConnection, repository_ids: Collection[int], *, installation_id: int, reason: Stopped
) -> int:
    """Take repositories from an installation; returns how many are not followed any more.

    What an operator asked for stays, and is read with the token again. What was given to another installation
    meanwhile is left alone.
    """
    stopped = 0
    ids = sorted(repository_ids)
    for start in range(0, len(ids), TOGETHER):
        theirs = (
            repositories.c.id.in_(ids[start : start + TOGETHER]),
            repositories.c.installation_id == installation_id,
        )
        result = await connection.execute(
            update(repositories)
            .where(*theirs, repositories.c.by_hand_at.is_(None), repositories.c.stopped.is_(None))
            .values(stopped=reason)
        )
        stopped += result.rowcount
        await connection.execute(update(repositories).where(*theirs).values(installation_id=None))
    return stopped


async def stop(connection: AsyncConnection, repository_id: int, reason: Stopped) -> None:
    """Let a repository be followed no longer, whoever asked for it."""
    await connection.execute(
        update(repositories)
        .where(repositories.c.id == repository_id, repositories.c.stopped.is_(None))
        .values(stopped=reason, installation_id=None)
    )


async def installation_of(connection: AsyncConnection, full_name: str) -> int | None:
    """Return the installation through which the repository of a name is read; None where there is none."""
    wanted = select(repositories.c.installation_id).where(repositories.c.name_key == full_name.lower())
    found: int | None = (await connection.execute(wanted)).scalar_one_or_none()
    return found
