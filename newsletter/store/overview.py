"""What an operator sees at one glance: few statements, each with an end, each answered from an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.analysis.record import Source
from newsletter.delivery.record import DeliveryStatus
from newsletter.store.tables import analyses, commits, deliveries, digests, jobs, pushes, repositories
from subscribers import Level


@dataclass(frozen=True, kw_only=True)
class Followed:
    """A repository that is followed."""

    full_name: str
    private: bool
    branches: tuple[str, ...]
    #: Seconds; None = GitHub tells of its pushes.
    poll_seconds: int | None
    #: Whether it is read through an installation of the GitHub App.
    by_app: bool
    compared_at: datetime | None
    problem: str | None


@dataclass(frozen=True, kw_only=True)
class Received:
    """A push that came in."""

    repository: str
    received_at: datetime
    #: Commits that were new.
    commits: int
    #: Whether its commits are stored.
    expanded: bool


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """The queue of one kind of jobs."""

    kind: str
    waiting: int
    #: Given up.
    failed: int
    #: When the one that has waited longest was due; None where none waits.
    due_at: datetime | None


async def followed(connection: AsyncConnection, *, limit: int) -> tuple[tuple[Followed, ...], int]:
    """Return followed repositories, those with a problem first, and how many there are."""
    is_followed = repositories.c.stopped.is_(None)
    rows = await connection.execute(
        select(repositories)
        .where(is_followed)
        .order_by(repositories.c.problem.is_(None), repositories.c.name_key)
        .limit(limit)
    )
    found = tuple(
        Followed(
            full_name=row.full_name,
            private=row.private,
            branches=tuple(row.branch_patterns or ()) or ((row.default_branch,) if row.default_branch else ()),
            poll_seconds=row.poll_seconds,
            by_app=row.installation_id is not None,
            compared_at=row.reconciled_at,
            problem=row.problem,
        )
        for row in rows
    )
    if len(found) < limit:
        return found, len(found)
    return found, (await connection.execute(select(func.count()).where(is_followed))).scalar_one()


async def not_followed(connection: AsyncConnection) -> int:
    """Return how many repositories were followed once and are not any more."""
    return (await connection.execute(select(func.count()).where(repositories.c.stopped.is_not(None)))).scalar_one()


async def last_pushes(connection: AsyncConnection, *, limit: int) -> tuple[Received, ...]:
    """Return the latest pushes, also those that were found by asking, newest first."""
    size = select(func.count()).where(commits.c.push_id == pushes.c.id).scalar_subquery()
    rows = await connection.execute(
        select(repositories.c.full_name, pushes.c.received_at, pushes.c.expanded_at, size.label("size"))
        .join(repositories, repositories.c.id == pushes.c.repository_id)
        .order_by(pushes.c.id.desc())
        .limit(limit)
    )
    return tuple(
        Received(
            repository=row.full_name,
            received_at=row.received_at,
            commits=row.size,
            expanded=row.expanded_at is not None,
        )
        for row in rows
    )


async def commits_since(connection: AsyncConnection, start: datetime) -> dict[Level | None, int]:
    """Return how many commits reached their branches since an instant, by level; None = not analysed yet."""
    rows = await connection.execute(
        select(commits.c.level, func.count().label("number"))
        .where(commits.c.reached_at >= start)
        .group_by(commits.c.level)
    )
    return {row.level: row.number for row in rows}


async def analyses_since(connection: AsyncConnection, start: datetime) -> dict[Source, int]:
    """Return how many analyses there are of commits that reached their branches since an instant, by their author."""
    rows = await connection.execute(
        select(analyses.c.source, func.count().label("number"))
        .join(commits, commits.c.id == analyses.c.commit_id)
        .where(commits.c.reached_at >= start)
        .group_by(analyses.c.source)
    )
    return {row.source: row.number for row in rows}


async def deliveries_of_last(connection: AsyncConnection, *, limit: int) -> dict[DeliveryStatus, int]:
    """Return where the deliveries of the last digests stand."""
    latest = select(digests.c.id).order_by(digests.c.day.desc(), digests.c.closed_at.desc()).limit(limit)
    ids = tuple((await connection.execute(latest)).scalars())
    # Both columns are given, so that the index alone answers.
    rows = await connection.execute(
        select(deliveries.c.status, func.count().label("number"))
        .where(deliveries.c.status.in_(list(DeliveryStatus)), deliveries.c.digest_id.in_(ids))
        .group_by(deliveries.c.status)
    )
    return {row.status: row.number for row in rows}


async def queues(connection: AsyncConnection, kinds: Sequence[str]) -> tuple[Waiting, ...]:
    """Return the queue of each kind, in the order of the kinds."""
    rows = await connection.execute(
        select(
            jobs.c.kind,
            func.count().filter(jobs.c.failed_at.is_(None)).label("waiting"),
            func.count().filter(jobs.c.failed_at.is_not(None)).label("failed"),
            func.min(jobs.c.run_at).filter(jobs.c.failed_at.is_(None)).label("due_at"),
        ).group_by(jobs.c.kind)
    )
    found = {
        row.kind: Waiting(kind=row.kind, waiting=row.waiting, failed=row.failed, due_at=row.due_at) for row in rows
    }
    return tuple(found[kind] for kind in kinds if kind in found)
