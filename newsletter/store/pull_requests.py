"""Pull requests, as their authors described them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.github.record import PullRequest
from newsletter.store.tables import pull_requests
from newsletter.store.upsert import insert_new


async def add(connection: AsyncConnection, repository_id: int, found: PullRequest, *, now: datetime) -> None:
    """Store a pull request; where it is stored already, that stays."""
    await connection.execute(
        insert_new(connection, pull_requests).values(
            repository_id=repository_id,
            number=found.number,
            title=found.title,
            body=found.body,
            labels=list(found.labels),
            author_login=found.author_login,
            fetched_at=now,
        )
    )


async def load(connection: AsyncConnection, repository_id: int, number: int) -> PullRequest | None:
    """Return a pull request, if it is stored."""
    wanted = select(pull_requests).where(
        pull_requests.c.repository_id == repository_id, pull_requests.c.number == number
    )
    row = (await connection.execute(wanted)).one_or_none()
    if row is None:
        return None
    return PullRequest(
        number=row.number,
        title=row.title,
        body=row.body,
        labels=tuple(row.labels),
        author_login=row.author_login,
    )
