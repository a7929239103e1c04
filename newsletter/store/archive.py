"""What everybody may read: closed days with the changes of repositories that are public at this moment."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.analysis.record import Analysis
from newsletter.store.analyses import record_of
from newsletter.store.digests import DigestItem, StoredDigest, digest_of, item_columns, item_of
from newsletter.store.states import Cadence
from newsletter.store.tables import (
    analyses,
    commit_details,
    commits,
    digest_items,
    digest_summaries,
    digests,
    repositories,
)
from subscribers import Level

#: What a page shows is unchanged while this is; it can be compared and has no other use.
Stamp = tuple[object, ...]


@dataclass(frozen=True, kw_only=True)
class Span:
    """The days that a page was made from, both ends included; None = open."""

    first: date | None = None
    last: date | None = None

    def holds(self) -> ColumnElement[bool]:
        """Return the condition for a digest."""
        conditions = [digests.c.cadence == Cadence.DAILY]
        if self.first is not None:
            conditions.append(digests.c.day >= self.first)
        if self.last is not None:
            conditions.append(digests.c.day <= self.last)
        return and_(*conditions)


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
    wanted = _public(select(commits.c.id)).where(digest_items.c.digest_id == digests.c.id)
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
        _public(select(digest_items.c.digest_id, func.count().label("commits")))
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


async def neighbours(connection: AsyncConnection, span: Span) -> tuple[date | None, date | None]:
    """Return the last day before some days, and the first after them, that hold something public."""
    row = (await connection.execute(select(*_neighbours(span)))).one()
    return row.earlier, row.later


async def items(
    connection: AsyncConnection, digest_ids: Collection[int], *, repository_id: int | None = None
) -> dict[int, tuple[DigestItem, ...]]:
    """Return the public commits of some digests, in the order in which they reached their branches."""
    wanted = (
        _public(select(*item_columns(), digest_items.c.digest_id))
        .outerjoin(commit_details, commit_details.c.commit_id == commits.c.id)
        .where(digest_items.c.digest_id.in_(digest_ids))
        .order_by(commits.c.reached_at, commits.c.push_id, commits.c.position)
    )
    if repository_id is not None:
        wanted = wanted.where(commits.c.repository_id == repository_id)
    found: dict[int, list[DigestItem]] = {digest_id: [] for digest_id in digest_ids}
    for row in await connection.execute(wanted):
        found[row.digest_id].append(item_of(row))
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
        _public(select(analyses))
        .join(analyses, analyses.c.commit_id == commits.c.id)
        .where(digest_items.c.digest_id.in_(digest_ids))
        .order_by(analyses.c.version, analyses.c.id)
    )
    if repository_id is not None:
        wanted = wanted.where(commits.c.repository_id == repository_id)
    rank = {language: place for place, language in enumerate(languages)}
    last = len(rank)
    found: dict[int, tuple[int, Written]] = {}
    for row in await connection.execute(wanted):
        place = rank.get(row.language, last)
        if row.commit_id not in found or place <= found[row.commit_id][0]:
            found[row.commit_id] = place, Written(analysis=record_of(row), at=row.created_at)
    return {commit_id: written for commit_id, (_, written) in found.items()}


async def stamp(connection: AsyncConnection, span: Span) -> Stamp:
    """Return what is another one as soon as anything else is to be shown of some days.

    That is: a day is closed; a repository becomes private or public, or gets another name; an analysis is written,
    mended, or tried again in vain; a day is summed up. Counts tell these apart whichever transaction is durable first,
    which an instant would not: analyses are only ever added, those by a fallback become fewer by each one that is
    mended, and the tries of the others only grow.
    """
    public = _public(select(repositories.c.id, repositories.c.full_name, digest_items.c.digest_id)).subquery()
    named = (
        select(public.c.id, public.c.full_name, func.max(digests.c.id).label("digest"))
        .join(digests, digests.c.id == public.c.digest_id)
        .where(span.holds())
        .group_by(public.c.id, public.c.full_name)
        .order_by(public.c.id)
    )
    names = tuple(tuple(row) for row in await connection.execute(named))
    written = (
        select(
            func.count().label("analyses"),
            func.count(analyses.c.fallback).label("fallbacks"),
            func.sum(analyses.c.retries).label("retries"),
            func.max(analyses.c.created_at).label("newest"),
            select(func.count(digests.c.id)).where(span.holds()).scalar_subquery().label("days"),
            _summaries(span),
            *_neighbours(span),
        )
        .select_from(digests)
        .join(digest_items, digest_items.c.digest_id == digests.c.id)
        .join(analyses, analyses.c.commit_id == digest_items.c.commit_id)
        .where(span.holds())
    )
    return names, tuple((await connection.execute(written)).one())


def _public(wanted: Select[tuple[object, ...]]) -> Select[tuple[object, ...]]:
    """Return a selection from the commits of digests in public repositories."""
    return (
        wanted.select_from(digest_items)
        .join(commits, commits.c.id == digest_items.c.commit_id)
        .join(repositories, repositories.c.id == commits.c.repository_id)
        .where(repositories.c.private.is_(False))
    )


def _summaries(span: Span) -> ColumnElement[int]:
    return (
        select(func.count())
        .select_from(digest_summaries)
        .join(digests, digests.c.id == digest_summaries.c.digest_id)
        .where(span.holds())
        .scalar_subquery()
        .label("summaries")
    )


def _neighbours(span: Span) -> tuple[ColumnElement[date], ColumnElement[date]]:
    shows = _public(select(commits.c.id)).where(digest_items.c.digest_id == digests.c.id).exists()
    all_days = select(digests.c.day).where(digests.c.cadence == Cadence.DAILY, shows).limit(1)
    earlier = all_days.where(digests.c.day < (span.first or date.min)).order_by(digests.c.day.desc())
    later = all_days.where(digests.c.day > (span.last or date.max)).order_by(digests.c.day)
    return earlier.scalar_subquery().label("earlier"), later.scalar_subquery().label("later")
