"""Who reads a digest: cohorts of readers with equal preferences, found in SQL and never loaded all at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from sqlalchemy import ColumnElement, Select, and_, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from subscribers.preferences import Choice, Preferences
from subscribers.record import Status
from subscribers.rhythm import Cadence, Hour, Weekday
from subscribers.tables import choices, subscribers


@dataclass(frozen=True, kw_only=True)
class Audience:
    """Which of the active readers a digest is for; None = whatever they chose."""

    cadence: Cadence | None = None
    #: Of those who read weekly.
    weekday: Weekday | None = None
    at_once: bool | None = None

    @property
    def condition(self) -> ColumnElement[bool]:
        """What says so of a row of readers, in SQL."""
        wanted: list[ColumnElement[bool]] = [subscribers.c.status == Status.ACTIVE]
        if self.cadence is not None:
            wanted.append(subscribers.c.cadence == self.cadence)
        if self.weekday is not None:
            wanted.append(subscribers.c.weekday == self.weekday)
        if self.at_once is not None:
            wanted.append(subscribers.c.at_once if self.at_once else ~subscribers.c.at_once)
        return and_(*wanted)


EVERYBODY = Audience()


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


async def active_cohorts(connection: AsyncConnection, audience: Audience = EVERYBODY) -> tuple[Cohort, ...]:
    """Return every cohort that has readers in an audience; as many rows as there are different preferences."""
    groups = (
        select(subscribers.c.cohort_key, func.count().label("size"), func.min(subscribers.c.id).label("representative"))
        .where(audience.condition)
        .group_by(subscribers.c.cohort_key)
        .subquery()
    )
    rows = await connection.execute(
        select(
            groups.c.cohort_key,
            groups.c.size,
            subscribers.c.language,
            subscribers.c.timezone,
            subscribers.c.at_once,
            choices.c.repository,
            choices.c.threshold,
        )
        .join(subscribers, subscribers.c.id == groups.c.representative)
        .join(choices, choices.c.subscriber_id == groups.c.representative)
        .order_by(groups.c.cohort_key)
    )
    found: dict[str, tuple[str, str, bool, int, list[Choice]]] = {}
    for row in rows:
        *_, chosen = found.setdefault(row.cohort_key, (row.language, row.timezone, row.at_once, row.size, []))
        chosen.append(Choice(repository=row.repository, threshold=row.threshold))
    return tuple(
        Cohort(preferences=Preferences.of(language, chosen, timezone=timezone, at_once=at_once), size=size)
        for language, timezone, at_once, size, chosen in found.values()
    )


def members(cohort_key: str, audience: Audience, *, send_at: time | None) -> Select[int]:
    """Return the statement that finds the ids of a cohort's readers who want their mail at one hour.

    It is made part of another statement: nobody's row has to leave the database.
    """
    at = subscribers.c.send_at.is_(None) if send_at is None else subscribers.c.send_at == send_at
    return select(subscribers.c.id).where(audience.condition, subscribers.c.cohort_key == cohort_key, at)


async def batch_end(connection: AsyncConnection, readers: Select[int], *, after: int, size: int) -> int | None:
    """Return the last id of the next so many readers of a statement; None where there are no more."""
    part = readers.where(subscribers.c.id > after).order_by(subscribers.c.id).limit(size).subquery()
    found: int | None = (await connection.execute(select(func.max(part.c.id)))).scalar_one()
    return found


async def hours_of(connection: AsyncConnection, cohort_key: str, audience: Audience) -> tuple[time | None, ...]:
    """Return the hours at which readers of a cohort want their mail; None = the newsletter's."""
    rows = await connection.execute(
        select(subscribers.c.send_at).where(audience.condition, subscribers.c.cohort_key == cohort_key).distinct()
    )
    return tuple(rows.scalars())


async def send_hours(connection: AsyncConnection) -> frozenset[Hour]:
    """Return every hour at which some active reader wants a digest."""
    rows = await connection.execute(
        select(subscribers.c.timezone, subscribers.c.send_at).where(EVERYBODY.condition).distinct()
    )
    return frozenset(Hour(timezone=row.timezone, send_at=row.send_at) for row in rows)


async def weekdays_wanted(connection: AsyncConnection) -> frozenset[Weekday]:
    """Return the weekdays on which some active reader wants a weekly digest."""
    weekly = Audience(cadence=Cadence.WEEKLY)
    rows = await connection.execute(select(subscribers.c.weekday).where(weekly.condition).distinct())
    return frozenset(rows.scalars())


async def anybody(connection: AsyncConnection, audience: Audience) -> bool:
    """Whether an audience has any reader."""
    found: bool = (await connection.execute(select(exists().where(audience.condition)))).scalar_one()
    return found


async def languages_read(connection: AsyncConnection) -> tuple[str, ...]:
    """Return the languages that some active reader reads, in alphabetical order."""
    rows = await connection.execute(
        select(subscribers.c.language).where(subscribers.c.status == Status.ACTIVE).distinct()
    )
    return tuple(sorted(rows.scalars()))
