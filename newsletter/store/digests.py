"""Closed days, the commits they hold, and the mails rendered from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, false, func, literal, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.delivery.record import OpenMail
from newsletter.digest.record import Rendering, Slots
from newsletter.store.states import Cadence
from newsletter.store.tables import commit_details, commits, digest_items, digests, renderings, repositories
from newsletter.store.upsert import insert_new
from subscribers import Level


@dataclass(frozen=True, kw_only=True)
class StoredDigest:
    """A closed day or week, or what went out at once."""

    id: int
    #: Of a week the last one.
    day: date
    timezone: str
    closed_at: datetime
    composed: bool
    cadence: Cadence = Cadence.DAILY
    #: Of several of one cadence and day, which one it is.
    part: int = 0
    #: Whether each reader gets it at their own hour; else as soon as it is composed.
    keeps_hours: bool = False


@dataclass(frozen=True, kw_only=True)
class DigestItem:
    """A commit of a digest, without its analysis."""

    commit_id: int
    repository_key: str
    repository: str
    private: bool
    sha: str
    message: str
    author: str
    reached_at: datetime
    additions: int
    deletions: int
    level: Level
    late: bool
    #: Object names; empty where GitHub could not be asked.
    parents: tuple[str, ...] = ()


async def close(
    connection: AsyncConnection, *, day: date, timezone: str, keeps_hours: bool = False, now: datetime
) -> StoredDigest | None:
    """Make the daily digest of a day; None where there is one already."""
    return await make(connection, Cadence.DAILY, day=day, timezone=timezone, keeps_hours=keeps_hours, now=now)


async def make(
    connection: AsyncConnection,
    cadence: Cadence,
    *,
    day: date,
    part: int = 0,
    timezone: str,
    keeps_hours: bool,
    now: datetime,
) -> StoredDigest | None:
    """Make an empty digest; None where there is one already.

    :param keeps_hours: whether each reader gets it at their own hour.
    """
    result = await connection.execute(
        insert_new(connection, digests)
        .values(cadence=cadence, day=day, part=part, timezone=timezone, keeps_hours=keeps_hours, closed_at=now)
        .returning(digests)
    )
    row = result.one_or_none()
    return digest_of(row) if row else None


async def take_commits(
    connection: AsyncConnection, digest_id: int, *, before: datetime, late_before: datetime | None
) -> int:
    """Put every analysed commit that reached its branch before an instant, and is in no daily digest, into this one.

    :param late_before: end of the last day closed before this one: what had reached its branch by then is late.
    """
    taken = exists().where(digest_items.c.commit_id == commits.c.id, digest_items.c.cadence == Cadence.DAILY)
    late = false() if late_before is None else commits.c.reached_at < late_before
    wanted = select(
        literal(digest_id), commits.c.id, literal(Cadence.DAILY, digest_items.c.cadence.type), late.label("late")
    ).where(commits.c.reached_at < before, commits.c.level.is_not(None), ~taken)
    # Where another closing takes some of them at the same moment, those are its own.
    result = await connection.execute(
        insert_new(connection, digest_items)
        .from_select(["digest_id", "commit_id", "cadence", "late"], wanted)
        .returning(digest_items.c.commit_id)
    )
    return len(result.all())


async def last_closed(connection: AsyncConnection, *, before: date | None = None) -> date | None:
    """Return the latest closed day, or the latest before a day."""
    wanted = select(func.max(digests.c.day)).where(digests.c.cadence == Cadence.DAILY)
    if before is not None:
        wanted = wanted.where(digests.c.day < before)
    found: date | None = (await connection.execute(wanted)).scalar_one_or_none()
    return found


async def by_id(connection: AsyncConnection, digest_id: int) -> StoredDigest | None:
    """Return a digest."""
    return await _one(connection, digests.c.id == digest_id)


async def by_day(connection: AsyncConnection, day: date) -> StoredDigest | None:
    """Return the daily digest of a day, if that is closed."""
    return await _one(connection, (digests.c.cadence == Cadence.DAILY) & (digests.c.day == day))


async def _one(connection: AsyncConnection, condition: ColumnElement[bool]) -> StoredDigest | None:
    row = (await connection.execute(select(digests).where(condition))).one_or_none()
    return digest_of(row) if row else None


def digest_of(row: Row[Any]) -> StoredDigest:
    """Return the digest of a row."""
    return StoredDigest(
        id=row.id,
        day=row.day,
        timezone=row.timezone,
        closed_at=row.closed_at,
        composed=row.composed_at is not None,
        cadence=row.cadence,
        part=row.part,
        keeps_hours=row.keeps_hours,
    )


#: What is known of a commit as part of a digest, besides whether it was late.
ITEM: tuple[Any, ...] = (
    *(commits.c[name] for name in ("id", "repository_id", "sha", "message", "author", "reached_at", "level")),
    commits.c.additions,
    commits.c.deletions,
    repositories.c.full_name,
    repositories.c.private,
    commit_details.c.parents,
)


async def items(connection: AsyncConnection, digest_id: int) -> tuple[DigestItem, ...]:
    """Return the commits of a digest in the order in which they reached their branches."""
    rows = await connection.execute(
        select(*ITEM, digest_items.c.late)
        .select_from(commits)
        .join(digest_items, digest_items.c.commit_id == commits.c.id)
        .join(repositories, repositories.c.id == commits.c.repository_id)
        .outerjoin(commit_details, commit_details.c.commit_id == commits.c.id)
        .where(digest_items.c.digest_id == digest_id)
        .order_by(commits.c.reached_at, commits.c.push_id, commits.c.position)
    )
    return tuple(item_of(row, level=row.level, late=row.late) for row in rows)


def item_of(row: Any, *, level: Level, late: bool) -> DigestItem:
    """Return a row of :data:`ITEM` as a commit of a digest."""
    return DigestItem(
        commit_id=row.id,
        repository_key=str(row.repository_id),
        repository=row.full_name,
        private=row.private,
        sha=row.sha,
        message=row.message,
        author=row.author,
        reached_at=row.reached_at,
        additions=row.additions or 0,
        deletions=row.deletions or 0,
        level=level,
        late=late,
        parents=tuple(row.parents or ()),
    )


async def add_rendering(
    connection: AsyncConnection, digest_id: int, cohort_key: str, rendering: Rendering, *, slots: Slots
) -> int:
    """Store a cohort's mail and return its id; where there is one already, that stays."""
    await connection.execute(
        insert_new(connection, renderings).values(
            digest_id=digest_id,
            cohort_key=cohort_key,
            subject=rendering.subject,
            text=rendering.text,
            html=rendering.html,
            unsubscribe_slot=slots.unsubscribe_token,
            preferences_slot=slots.preferences_token,
            view_key=rendering.view_key,
        )
    )
    found = await rendering_id(connection, digest_id, cohort_key)
    if found is None:
        raise LookupError(f"rendering of digest {digest_id} vanished")
    return found


async def rendering_id(connection: AsyncConnection, digest_id: int, cohort_key: str) -> int | None:
    """Return the id of a cohort's mail, if it is rendered already."""
    wanted = select(renderings.c.id).where(renderings.c.digest_id == digest_id, renderings.c.cohort_key == cohort_key)
    found: int | None = (await connection.execute(wanted)).scalar_one_or_none()
    return found


async def open_mail(connection: AsyncConnection, rendering: int) -> OpenMail | None:
    """Return a rendered mail."""
    row = (await connection.execute(select(renderings).where(renderings.c.id == rendering))).one_or_none()
    if row is None:
        return None
    return OpenMail(
        subject=row.subject,
        text=row.text,
        html=row.html,
        unsubscribe_slot=row.unsubscribe_slot,
        preferences_slot=row.preferences_slot,
    )


async def uncomposed(connection: AsyncConnection) -> tuple[int, ...]:
    """Return the digests of which some mails are not rendered or queued yet."""
    rows = await connection.execute(select(digests.c.id).where(digests.c.composed_at.is_(None)).order_by(digests.c.id))
    return tuple(rows.scalars())


async def mark_composed(connection: AsyncConnection, digest_id: int, *, now: datetime) -> None:
    """Record that every cohort is rendered and every delivery queued."""
    await connection.execute(
        update(digests).where(digests.c.id == digest_id, digests.c.composed_at.is_(None)).values(composed_at=now)
    )


@dataclass(frozen=True, kw_only=True)
class DigestCount:
    """A digest with how many changes of each level it holds."""

    cadence: Cadence
    day: date
    part: int
    closed_at: datetime
    composed: bool
    late: int
    levels: dict[Level, int]

    @property
    def changes(self) -> int:
        """All changes of the digest."""
        return sum(self.levels.values())


async def recent(connection: AsyncConnection, *, limit: int) -> tuple[DigestCount, ...]:
    """Return the latest digests of every cadence, newest first, each with its counts."""
    newest = (digests.c.day.desc(), digests.c.closed_at.desc(), digests.c.id.desc())
    latest = (await connection.execute(select(digests).order_by(*newest).limit(limit))).all()
    rows = await connection.execute(
        select(
            digest_items.c.digest_id,
            commits.c.level,
            func.count().label("changes"),
            func.count().filter(digest_items.c.late == true()).label("late"),
        )
        .join(commits, commits.c.id == digest_items.c.commit_id)
        .where(digest_items.c.digest_id.in_([row.id for row in latest]))
        .group_by(digest_items.c.digest_id, commits.c.level)
    )
    levels: dict[int, dict[Level, int]] = {row.id: dict.fromkeys(Level, 0) for row in latest}
    late: dict[int, int] = dict.fromkeys(levels, 0)
    for row in rows:
        levels[row.digest_id][row.level] = row.changes
        late[row.digest_id] += row.late
    return tuple(
        DigestCount(
            cadence=row.cadence,
            day=row.day,
            part=row.part,
            closed_at=row.closed_at,
            composed=row.composed_at is not None,
            late=late[row.id],
            levels=levels[row.id],
        )
        for row in latest
    )
