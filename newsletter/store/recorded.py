"""What the last closed days brought, counted by repository and level."""

from __future__ import annotations

from datetime import date

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.digest.record import RecordedCommits
from newsletter.store.states import Cadence
from newsletter.store.tables import commits, digest_items, digests, repositories


async def between(connection: AsyncConnection, first: date, last: date) -> tuple[RecordedCommits, ...]:
    """Return how many commits each closed day from ``first`` to ``last`` holds of each repository and level."""
    rows = await connection.execute(
        select(
            digests.c.day,
            commits.c.repository_id,
            repositories.c.private,
            commits.c.level,
            func.count().label("number"),
        )
        .join(digest_items, digest_items.c.digest_id == digests.c.id)
        .join(commits, commits.c.id == digest_items.c.commit_id)
        .join(repositories, repositories.c.id == commits.c.repository_id)
        .where(digests.c.cadence == Cadence.DAILY, digests.c.day.between(first, last))
        .group_by(digests.c.day, commits.c.repository_id, repositories.c.private, commits.c.level)
    )
    return tuple(
        RecordedCommits(
            day=row.day,
            repository_key=str(row.repository_id),
            private=row.private,
            level=row.level,
            number=row.number,
        )
        for row in rows
    )
