"""What goes out at once: high changes that no digest holds yet, and what readers were told of before."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Text, and_, cast, exists, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.store.digests import ITEM, DigestItem, item_of
from newsletter.store.states import Cadence
from newsletter.store.tables import (
    commit_details,
    commits,
    digest_items,
    digests,
    jobs,
    renderings,
    repositories,
)
from subscribers import Level

_in_any = exists().where(digest_items.c.commit_id == commits.c.id)
_sent = exists().where(digest_items.c.commit_id == commits.c.id, digest_items.c.cadence == Cadence.AT_ONCE)
#: What was frozen as high, and nobody was told of.
_news = and_(commits.c.level == Level.HIGH, ~_in_any)


@dataclass(frozen=True, kw_only=True)
class Recent:
    """A commit of the last hours."""

    #: Its level is the lowest where it has none yet.
    item: DigestItem
    #: Whether it is high, and nobody was told of it.
    is_news: bool


async def is_news(connection: AsyncConnection, *, since: datetime) -> bool:
    """Whether a high change reached its branch since an instant of which nobody was told."""
    wanted = exists().where(commits.c.reached_at >= since, _news)
    found: bool = (await connection.execute(select(wanted))).scalar_one()
    return found


async def recent(connection: AsyncConnection, *, since: datetime) -> tuple[Recent, ...]:
    """Return what reached its branch since an instant and was not sent at once, analysed or not, in that order."""
    rows = await connection.execute(
        select(*ITEM, _news.label("is_news"))
        .join(repositories, repositories.c.id == commits.c.repository_id)
        .outerjoin(commit_details, commit_details.c.commit_id == commits.c.id)
        .where(commits.c.reached_at >= since, ~_sent)
        .order_by(commits.c.reached_at, commits.c.push_id, commits.c.position)
    )
    # Without a level it is no news: unknown is not true.
    return tuple(
        Recent(item=item_of(row, level=row.level or Level.LOW, late=False), is_news=bool(row.is_news)) for row in rows
    )


async def next_part(connection: AsyncConnection, day: date) -> int:
    """Return the number of a day's next digest at once, from 1."""
    wanted = select(func.coalesce(func.max(digests.c.part), 0) + 1).where(
        digests.c.cadence == Cadence.AT_ONCE, digests.c.day == day
    )
    number: int = (await connection.execute(wanted)).scalar_one()
    return number


async def take(connection: AsyncConnection, digest_id: int, commit_ids: Collection[int]) -> None:
    """Put commits into a digest at once."""
    rows = [
        {"digest_id": digest_id, "commit_id": commit_id, "cadence": Cadence.AT_ONCE, "late": False}
        for commit_id in commit_ids
    ]
    await connection.execute(insert(digest_items), rows)


async def told(connection: AsyncConnection, digest_id: int, cohort_key: str) -> dict[tuple[str, str], datetime]:
    """Return which commits of a digest a cohort was mailed at once, by key of the repository and sha, and when."""
    # Under its own name a subquery would mean the rows of the outer one.
    of_digest = digest_items.alias("held")
    held = select(of_digest.c.commit_id).where(of_digest.c.digest_id == digest_id)
    rows = await connection.execute(
        select(commits.c.repository_id, commits.c.sha, func.min(digests.c.closed_at).label("at"))
        .join(digest_items, digest_items.c.commit_id == commits.c.id)
        .join(digests, digests.c.id == digest_items.c.digest_id)
        .join(renderings, renderings.c.digest_id == digests.c.id)
        .where(
            digests.c.cadence == Cadence.AT_ONCE,
            renderings.c.cohort_key == cohort_key,
            digest_items.c.commit_id.in_(held),
        )
        .group_by(commits.c.repository_id, commits.c.sha)
    )
    return {(str(row.repository_id), row.sha): row.at for row in rows}


async def jobs_wait(connection: AsyncConnection, kind: str, *, now: datetime) -> bool:
    """Whether a job of this kind is due whose key is a digest at once."""
    at_once = select(cast(digests.c.id, Text)).where(digests.c.cadence == Cadence.AT_ONCE)
    wanted = exists().where(
        jobs.c.failed_at.is_(None), jobs.c.kind == kind, jobs.c.run_at <= now, jobs.c.key.in_(at_once)
    )
    found: bool = (await connection.execute(select(wanted))).scalar_one()
    return found
