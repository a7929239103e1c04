"""What everybody may read: closed days with the changes of repositories that are public at this moment."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.analysis.record import Analysis
from newsletter.store.analyses import record_of
from newsletter.store.digests import ITEM, DigestItem, StoredDigest, digest_of, item_of
from newsletter.store.states import Cadence
from newsletter.store.tables import (
    analyses,
    commit_details,
    commits,
    digest_items,
    digests,
    repositories,
)
from subscribers import Level


@dataclass(frozen=True, kw_only=True)
class Written:
    """An analysis, and when it was."""

    analysis: Analysis
    at: datetime


async def days(
    connection: AsyncConnection, *, before: date | None = None, repository_id: int | None = None, limit: int
) -> tuple[StoredDigest, ...]:
    """Return the latest closed days that hold something public, newest first.

    :param before: only earlier ones.
    """
    wanted = public(select(commits.c.id)).where(digest_items.c.digest_id == digests.c.id)
    if repository_id is not None:
        wanted = wanted.where(commits.c.repository_id == repository_id)
    chosen = select(digests).where(digests.c.cadence == Cadence.DAILY, wanted.exists())
    if before is not None:
        chosen = chosen.where(digests.c.day < before)
    rows = await connection.execute(chosen.order_by(digests.c.day.desc()).limit(limit))
    return tuple(digest_of(row) for row in rows)


async def latest(
    connection: AsyncConnection, *, level: Level, repository_id: int | None = None, most_commits: int, most_days: int
) -> tuple[StoredDigest, ...]:
    """Return the latest closed days that hold something public at a level or above, newest first.

    :param most_commits: no further day once there are so many at the level.
    """
    held = (
        public(select(digest_items.c.digest_id, func.count().label("commits")))
        .where(
            digest_items.c.cadence == Cadence.DAILY,
            commits.c.level.in_([each for each in Level if each.reaches(level)]),
        )
        .group_by(digest_items.c.digest_id)
    )
    if repository_id is not None:
        held = held.where(commits.c.repository_id == repository_id)
    counted = held.subquery()
    rows = await connection.execute(
        select(digests, counted.c.commits)
        .join(counted, counted.c.digest_id == digests.c.id)
        .order_by(digests.c.day.desc())
        .limit(most_days)
    )
    found: list[StoredDigest] = []
    for row in rows:
        if most_commits <= 0:
            break
        most_commits -= row.commits
        found.append(digest_of(row))
    return tuple(found)


async def items(
    connection: AsyncConnection, digest_ids: Collection[int], *, repository_id: int | None = None
) -> dict[int, tuple[DigestItem, ...]]:
    """Return the public commits of some digests, in the order in which they reached their branches."""
    wanted = (
        public(select(*ITEM, digest_items.c.late, digest_items.c.digest_id))
        .outerjoin(commit_details, commit_details.c.commit_id == commits.c.id)
        .where(digest_items.c.digest_id.in_(digest_ids))
        .order_by(commits.c.reached_at, commits.c.push_id, commits.c.position)
    )
    if repository_id is not None:
        wanted = wanted.where(commits.c.repository_id == repository_id)
    found: dict[int, list[DigestItem]] = {digest_id: [] for digest_id in digest_ids}
    for row in await connection.execute(wanted):
        found[row.digest_id].append(item_of(row, level=row.level, late=row.late))
    return {digest_id: tuple(own) for digest_id, own in found.items()}


async def texts(
    connection: AsyncConnection,
    digest_ids: Collection[int],
    *,
    languages: Sequence[str],
    repository_id: int | None = None,
) -> dict[int, Written]:
    """Return what is said about each public commit of some digests, by its id.

    :param languages: in order of preference; where there is none of them, another one is taken.
    """
    wanted = (
        public(select(analyses))
        .join(analyses, analyses.c.commit_id == commits.c.id)
        .where(digest_items.c.digest_id.in_(digest_ids))
        .order_by(analyses.c.version, analyses.c.id)
    )
    if repository_id is not None:
        wanted = wanted.where(commits.c.repository_id == repository_id)
    rank = {language: place for place, language in enumerate(dict.fromkeys(languages))}
    last = len(rank)
    found: dict[int, tuple[int, Written]] = {}
    for row in await connection.execute(wanted):
        place = rank.get(row.language, last)
        if row.commit_id not in found or place <= found[row.commit_id][0]:
            found[row.commit_id] = place, Written(analysis=record_of(row), at=row.created_at)
    return {commit_id: written for commit_id, (_, written) in found.items()}


def public(wanted: Select[tuple[Any, ...]]) -> Select[tuple[Any, ...]]:
    """Return a selection from the commits of digests in public repositories."""
    return (
        wanted.select_from(digest_items)
        .join(commits, commits.c.id == digest_items.c.commit_id)
        .join(repositories, repositories.c.id == commits.c.repository_id)
        .where(repositories.c.private.is_(False))
    )
