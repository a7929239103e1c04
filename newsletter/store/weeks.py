"""Weeks: digests of what seven closed days hold."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import and_, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.digest.schedule import WEEK
from newsletter.store.states import Cadence
from newsletter.store.tables import commits, digest_items, digest_summaries, digests
from newsletter.store.upsert import insert_new

_ONE_WEEK = timedelta(days=WEEK)
#: What another digest holds: under its own name a subquery would mean the rows of the outer one.
_held = digest_items.alias("held")


async def take_days(
    connection: AsyncConnection, digest_id: int, *, first_day: date, last_day: date, closed: date, began_at: datetime
) -> int:
    """Put what the daily digests of a week hold into its own, but nothing that was in the one of the week before.

    Days of the week before are looked through as well: one that was closed late is in no week yet.

    :param closed: the day that was closed now; later than the last one where that was missed, and holds it then.
    :param began_at: what reached its branch before and was late for its day is late for the week.
    """
    # The weeks before that can hold something of what is looked through: a missed one holds a later day.
    ends = [first_day - timedelta(days=1) - number * _ONE_WEEK for number in range(3)]
    before = select(digests.c.id, digests.c.day).where(digests.c.cadence == Cadence.WEEKLY, digests.c.day.in_(ends))
    previous = {row.day: row.id for row in await connection.execute(before)}
    since = first_day - _ONE_WEEK if ends[0] in previous else first_day
    of_days = or_(and_(digests.c.day >= since, digests.c.day <= last_day), digests.c.day == closed)
    known = select(_held.c.commit_id).where(_held.c.digest_id.in_(previous.values()))
    wanted = (
        select(
            literal(digest_id),
            digest_items.c.commit_id,
            literal(Cadence.WEEKLY, digest_items.c.cadence.type),
            and_(digest_items.c.late, commits.c.reached_at < began_at).label("late"),
        )
        .join(digests, digests.c.id == digest_items.c.digest_id)
        .join(commits, commits.c.id == digest_items.c.commit_id)
        .where(digests.c.cadence == Cadence.DAILY, of_days, digest_items.c.commit_id.not_in(known))
    )
    result = await connection.execute(
        insert_new(connection, digest_items)
        .from_select(["digest_id", "commit_id", "cadence", "late"], wanted)
        .returning(digest_items.c.commit_id)
    )
    return len(result.all())


async def highlights(connection: AsyncConnection, digest_id: int, *, language: str) -> dict[str, tuple[str, ...]]:
    """Return the commits that the days of a week pointed at, by the key of their repository, in their order."""
    days = (
        select(digests.c.id)
        .join(digest_items, digest_items.c.digest_id == digests.c.id)
        .where(
            digests.c.cadence == Cadence.DAILY,
            digest_items.c.commit_id.in_(select(digest_items.c.commit_id).where(digest_items.c.digest_id == digest_id)),
        )
        .distinct()
    )
    rows = await connection.execute(
        select(digest_summaries.c.repository_id, digest_summaries.c.highlights)
        .join(digests, digests.c.id == digest_summaries.c.digest_id)
        .where(digest_summaries.c.digest_id.in_(days), digest_summaries.c.language == language)
        .order_by(digests.c.day)
    )
    found: dict[str, tuple[str, ...]] = {}
    for row in rows:
        key = str(row.repository_id)
        found[key] = (*found.get(key, ()), *row.highlights)
    return found


async def days_of(connection: AsyncConnection, digest_id: int) -> dict[int, date]:
    """Return the closed day that holds each commit of a digest."""
    mine = select(_held.c.commit_id).where(_held.c.digest_id == digest_id)
    rows = await connection.execute(
        select(digest_items.c.commit_id, digests.c.day)
        .join(digests, digests.c.id == digest_items.c.digest_id)
        .where(digests.c.cadence == Cadence.DAILY, digest_items.c.commit_id.in_(mine))
    )
    return {row.commit_id: row.day for row in rows}
