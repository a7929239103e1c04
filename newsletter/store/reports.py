"""Reports: which days are still to be reported, and what of ours lies in which repository."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.store.tables import digest_items, reported_days, reports
from newsletter.store.upsert import insert_new


@dataclass(frozen=True, kw_only=True)
class ReportKey:
    """Which report: of a day and a repository, in a language, in a place."""

    digest_id: int
    repository_id: int
    language: str
    #: The repository, and branch, that it is committed to.
    target: str


@dataclass(frozen=True, kw_only=True)
class StoredReport:
    """A report that was committed, or was about to be."""

    folder: str
    path: str
    #: Object name of what was committed.
    blob: str | None
    #: When somebody else was found to have edited or deleted it.
    left_at: datetime | None


async def begin_day(connection: AsyncConnection, digest_id: int) -> None:
    """Note that a closed day is to be reported."""
    await connection.execute(insert_new(connection, reported_days).values(digest_id=digest_id))


async def note_better(connection: AsyncConnection, commit_id: int) -> tuple[int, ...]:
    """Note that the analysis of a commit got better; returns the digests that are to be reported anew.

    Days from before there were reports, or without them, are left alone.
    """
    holding = select(digest_items.c.digest_id).where(digest_items.c.commit_id == commit_id)
    rows = await connection.execute(
        update(reported_days)
        .where(reported_days.c.digest_id.in_(holding))
        .values(version=reported_days.c.version + 1)
        .returning(reported_days.c.digest_id)
    )
    return tuple(rows.scalars())


async def unreported(connection: AsyncConnection) -> tuple[int, ...]:
    """Return the digests of which something is still to be committed."""
    wanted = select(reported_days.c.digest_id).where(reported_days.c.reported < reported_days.c.version)
    return tuple((await connection.execute(wanted.order_by(reported_days.c.digest_id))).scalars())


async def version_of(connection: AsyncConnection, digest_id: int) -> int | None:
    """Return which version of a day is the present one; None where it is not to be reported at all."""
    wanted = select(reported_days.c.version).where(reported_days.c.digest_id == digest_id)
    found: int | None = (await connection.execute(wanted)).scalar_one_or_none()
    return found


async def mark_reported(connection: AsyncConnection, digest_id: int, *, version: int) -> None:
    """Note that a version of a day lies where it should, or never will."""
    await connection.execute(
        update(reported_days)
        .where(reported_days.c.digest_id == digest_id, reported_days.c.reported < version)
        .values(reported=version)
    )


async def load(connection: AsyncConnection, key: ReportKey) -> StoredReport | None:
    """Return a report; None where it was never begun."""
    row = (await connection.execute(select(reports).where(*_is(key)))).one_or_none()
    return StoredReport(folder=row.folder, path=row.path, blob=row.blob, left_at=row.left_at) if row else None


async def folders_of_others(connection: AsyncConnection, key: ReportKey) -> frozenset[str]:
    """Return every folder that reports of other repositories lie in."""
    others = reports.c.target == key.target, reports.c.repository_id != key.repository_id
    return frozenset((await connection.execute(select(reports.c.folder).where(*others).distinct())).scalars())


async def last_folder(connection: AsyncConnection, key: ReportKey) -> str | None:
    """Return the folder that the last report of the repository lies in; None where there is none."""
    own = reports.c.target == key.target, reports.c.repository_id == key.repository_id
    wanted = select(reports.c.folder).where(*own).order_by(reports.c.digest_id.desc()).limit(1)
    found: str | None = (await connection.execute(wanted)).scalar_one_or_none()
    return found


async def blobs(connection: AsyncConnection, target: str, path: str) -> frozenset[str]:
    """Return the names of all contents that are ours in a place, or may be."""
    rows = await connection.execute(
        select(reports.c.blob, reports.c.intended_blob).where(reports.c.target == target, reports.c.path == path)
    )
    return frozenset(name for row in rows for name in row if name is not None)


async def intend(
    connection: AsyncConnection, key: ReportKey, *, folder: str, path: str, blob: str, present: str | None
) -> None:
    """Note what is about to be committed, so that it is known as ours whatever happens then.

    :param present: what of ours lies there now.
    """
    new = insert_new(connection, reports).values(
        digest_id=key.digest_id,
        repository_id=key.repository_id,
        language=key.language,
        target=key.target,
        folder=folder,
        path=path,
    )
    await connection.execute(new)
    values: dict[str, Any] = {"intended_blob": blob}
    if present is not None:
        values["blob"] = present
    await connection.execute(update(reports).where(*_is(key)).values(**values))


async def note_committed(connection: AsyncConnection, key: ReportKey, *, blob: str, now: datetime) -> None:
    """Note what lies there."""
    lying = update(reports).where(*_is(key))
    await connection.execute(lying.values(blob=blob, intended_blob=None, committed_at=now, left_at=None))


async def leave(connection: AsyncConnection, key: ReportKey, *, now: datetime) -> bool:
    """Note that a report is somebody else's now; False where that is known."""
    found = await connection.execute(
        update(reports).where(*_is(key), reports.c.left_at.is_(None)).values(left_at=now, intended_blob=None)
    )
    return found.rowcount == 1


async def left_alone(connection: AsyncConnection) -> int:
    """Return how many reports are somebody else's now."""
    return (await connection.execute(select(func.count()).where(reports.c.left_at.is_not(None)))).scalar_one()


def _is(key: ReportKey) -> Collection[ColumnElement[bool]]:
    return (
        reports.c.digest_id == key.digest_id,
        reports.c.repository_id == key.repository_id,
        reports.c.language == key.language,
        reports.c.target == key.target,
    )
