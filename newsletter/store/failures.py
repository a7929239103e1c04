"""What a model was asked for and the rules wrote: how much of it there is, and what is to be tried again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Update, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.analysis.record import Analysis, Fallback, Source
from newsletter.store import search_texts
from newsletter.store.analyses import record_of, values_of
from newsletter.store.states import DetailState
from newsletter.store.tables import analyses, commits, pushes


@dataclass(frozen=True, kw_only=True)
class Failed:
    """An analysis that the rules wrote in a model's place."""

    commit_id: int
    language: str


async def outcomes(connection: AsyncConnection, *, since: datetime) -> Mapping[Fallback | None, int]:
    """Return how many analyses a model was asked for since an instant, by why it failed; None = it did not."""
    asked = or_(analyses.c.source == Source.MODEL, analyses.c.fallback.is_not(None))
    rows = await connection.execute(
        select(analyses.c.fallback, func.count().label("number"))
        .where(analyses.c.created_at > since, asked)
        .group_by(analyses.c.fallback)
    )
    return {row.fallback: row.number for row in rows}


async def waiting(connection: AsyncConnection, *, before: datetime) -> int:
    """Return how many changes came before an instant, could be analysed and are not."""
    wanted = (
        select(func.count())
        .select_from(commits)
        .join(pushes, pushes.c.id == commits.c.push_id)
        .where(
            commits.c.level.is_(None),
            commits.c.detail_state != DetailState.WAITING,
            pushes.c.received_at < before,
        )
    )
    return int((await connection.execute(wanted)).scalar_one())


async def to_try_again(
    connection: AsyncConnection, *, since: datetime, version: int, most_retries: int, most: int
) -> tuple[Failed, ...]:
    """Return what failed since an instant and was not tried too often, the newest change first.

    :param most: analyses; of one change they stand in the order in which they were written.
    """
    rows = await connection.execute(
        select(analyses.c.commit_id, analyses.c.language)
        .join(commits, commits.c.id == analyses.c.commit_id)
        .where(
            analyses.c.fallback.is_not(None),
            analyses.c.created_at > since,
            analyses.c.version == version,
            analyses.c.retries < most_retries,
            # What is under way writes all its languages itself.
            commits.c.level.is_not(None),
        )
        .order_by(analyses.c.commit_id.desc(), analyses.c.id)
        .limit(most)
    )
    return tuple(Failed(commit_id=row.commit_id, language=row.language) for row in rows)


async def mend(connection: AsyncConnection, commit_id: int, analysis: Analysis, *, version: int, now: datetime) -> bool:
    """Put a model's analysis in the place of the rules'; False where somebody did so before."""
    mine = _failed(commit_id, analysis.language, version)
    changed = await connection.execute(mine.values(**values_of(analysis), created_at=now).returning(analyses.c.id))
    analysis_id = changed.scalar_one_or_none()
    if analysis_id is None:
        return False
    await search_texts.keep(connection, analysis_id, commit_id, analysis)
    return True


async def note_retry(
    connection: AsyncConnection, commit_id: int, language: str, fallback: Fallback, *, version: int
) -> None:
    """Note that a model failed again, and why this time."""
    mine = _failed(commit_id, language, version)
    await connection.execute(mine.values(retries=analyses.c.retries + 1, fallback=fallback))


async def twin_of(
    connection: AsyncConnection, commit_id: int, *, language: str, version: int, model: str
) -> Analysis | None:
    """Return what a model wrote about the same patch and message in the same repository; None where it did not."""
    mine = commits.alias("mine")
    rows = await connection.execute(
        select(analyses)
        .join(commits, commits.c.id == analyses.c.commit_id)
        .join(mine, (mine.c.repository_id == commits.c.repository_id) & (mine.c.patch_id == commits.c.patch_id))
        .where(
            mine.c.id == commit_id,
            commits.c.id != commit_id,
            analyses.c.language == language,
            analyses.c.version == version,
            analyses.c.source == Source.MODEL,
            analyses.c.model == model,
        )
        .order_by(analyses.c.id.desc())
        .limit(1)
    )
    row = rows.one_or_none()
    return record_of(row) if row else None


def _failed(commit_id: int, language: str, version: int) -> Update:
    return update(analyses).where(
        analyses.c.commit_id == commit_id,
        analyses.c.language == language,
        analyses.c.version == version,
        analyses.c.fallback.is_not(None),
    )
