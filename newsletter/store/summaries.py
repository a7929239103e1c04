"""What was said of a repository's day: one row a digest, repository and language."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.analysis.day import DaySummary, Told
from newsletter.store.tables import digest_summaries
from newsletter.store.upsert import insert_new


async def of_digest(connection: AsyncConnection, digest_id: int, *, language: str) -> dict[str, DaySummary]:
    """Return the summaries of a digest in one language, by the key of their repository."""
    rows = await connection.execute(
        select(digest_summaries).where(
            digest_summaries.c.digest_id == digest_id, digest_summaries.c.language == language
        )
    )
    return {
        str(row.repository_id): DaySummary(
            sentences=tuple(Told(text=text, about=tuple(about)) for text, about in row.sentences),
            highlights=tuple(row.highlights),
            source=row.source,
            model=row.model,
        )
        for row in rows
    }


async def add(
    connection: AsyncConnection,
    digest_id: int,
    repository_key: str,
    summary: DaySummary,
    *,
    language: str,
    now: datetime,
) -> None:
    """Store a summary; the first one stays."""
    await connection.execute(
        insert_new(connection, digest_summaries).values(
            digest_id=digest_id,
            repository_id=int(repository_key),
            language=language,
            sentences=[[told.text, list(told.about)] for told in summary.sentences],
            highlights=list(summary.highlights),
            source=summary.source,
            model=summary.model,
            created_at=now,
        )
    )
