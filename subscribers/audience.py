"""Who reads a digest: cohorts of readers with equal preferences, found in SQL and never loaded all at once."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from subscribers.preferences import Choice, Preferences
from subscribers.record import Status
from subscribers.tables import choices, subscribers


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """Readers for whom every digest reads the same."""

    preferences: Preferences
    #: How many active readers it has.
    size: int

    @property
    def key(self) -> str:
        """Name of the cohort."""
        return self.preferences.key


async def active_cohorts(connection: AsyncConnection) -> tuple[Cohort, ...]:
    """Return every cohort that has active readers; as many rows as there are different preferences."""
    groups = (
        select(subscribers.c.cohort_key, func.count().label("size"), func.min(subscribers.c.id).label("representative"))
        .where(subscribers.c.status == Status.ACTIVE)
        .group_by(subscribers.c.cohort_key)
        .subquery()
    )
    rows = await connection.execute(
        select(groups.c.cohort_key, groups.c.size, subscribers.c.language, choices.c.repository, choices.c.threshold)
        .join(subscribers, subscribers.c.id == groups.c.representative)
        .join(choices, choices.c.subscriber_id == groups.c.representative)
        .order_by(groups.c.cohort_key)
    )
    found: dict[str, tuple[str, int, list[Choice]]] = {}
    for row in rows:
        _, _, chosen = found.setdefault(row.cohort_key, (row.language, row.size, []))
        chosen.append(Choice(repository=row.repository, threshold=row.threshold))
    return tuple(
        Cohort(preferences=Preferences.of(language, chosen), size=size) for language, size, chosen in found.values()
    )


async def members(
    connection: AsyncConnection, cohort_key: str, *, after: int = 0, limit: int = 1000
) -> tuple[int, ...]:
    """Return ids of a cohort's active readers in ascending order, from the first above ``after``."""
    rows = await connection.execute(
        select(subscribers.c.id)
        .where(subscribers.c.status == Status.ACTIVE, subscribers.c.cohort_key == cohort_key, subscribers.c.id > after)
        .order_by(subscribers.c.id)
        .limit(limit)
    )
    return tuple(rows.scalars())


async def languages_read(connection: AsyncConnection) -> tuple[str, ...]:
    """Return the languages that some active reader reads, in alphabetical order."""
    rows = await connection.execute(
        select(subscribers.c.language).where(subscribers.c.status == Status.ACTIVE).distinct()
    )
    return tuple(sorted(rows.scalars()))
