"""Commits that reached a branch, and what GitHub added to them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.analysis.record import Subject
from newsletter.github.links import pull_request_number
from newsletter.github.message import title_of
from newsletter.github.record import CommitDetail, FileChange, PushedCommit
from newsletter.store import pull_requests
from newsletter.store.states import DetailState
from newsletter.store.tables import commit_details, commits, repositories
from newsletter.store.upsert import insert_new
from subscribers import Level

#: A row has 12 values and SQLite takes 32,766 of them in a statement.
_ROWS_PER_STATEMENT = 1000
_READ_OF_TITLE = 1000


@dataclass(frozen=True, kw_only=True)
class StoredCommit:
    """A commit and everything known about it."""

    id: int
    repository_id: int
    repository: str
    sha: str
    message: str
    author: str
    committed_at: datetime
    #: When it reached its branch.
    reached_at: datetime
    detail_state: DetailState
    #: None until it was analysed.
    level: Level | None
    #: Of the pull request that its title names; whether there is one is known once it was asked for.
    pull_request_number: int | None
    subject: Subject


async def add(
    connection: AsyncConnection,
    pushed: Sequence[PushedCommit],
    *,
    repository_id: int,
    push_id: int,
    reached_at: datetime,
    first_position: int = 0,
) -> tuple[int, ...]:
    """Store commits of a push; returns the ids of those that are new, in the order of the push.

    A commit belongs to the push that brought it first; a later push of the same commit changes nothing.

    :param first_position: place of the first one within the push.
    """
    rows = [
        {
            "repository_id": repository_id,
            "push_id": push_id,
            "position": position,
            "sha": commit.sha,
            "message": commit.message,
            "author": commit.author,
            "author_login": commit.author_login,
            "committed_at": commit.committed_at,
            "reached_at": reached_at,
            "paths": {"added": commit.added, "removed": commit.removed, "modified": commit.modified},
            "detail_state": DetailState.WAITING,
        }
        for position, commit in enumerate(pushed, first_position)
    ]
    found: list[int] = []
    for start in range(0, len(rows), _ROWS_PER_STATEMENT):
        part = rows[start : start + _ROWS_PER_STATEMENT]
        result = await connection.execute(insert_new(connection, commits).values(part).returning(commits.c.id))
        found += result.scalars()
    return tuple(sorted(found))


async def reached(connection: AsyncConnection, repository_id: int, shas: Collection[str]) -> dict[str, datetime]:
    """Return which of some commits are stored, and when they reached their branch."""
    wanted = list(shas)
    found: dict[str, datetime] = {}
    for start in range(0, len(wanted), _ROWS_PER_STATEMENT):
        rows = await connection.execute(
            select(commits.c.sha, commits.c.reached_at).where(
                commits.c.repository_id == repository_id, commits.c.sha.in_(wanted[start : start + _ROWS_PER_STATEMENT])
            )
        )
        found |= {row.sha: row.reached_at for row in rows}
    return found


async def load(connection: AsyncConnection, commit_id: int) -> StoredCommit | None:
    """Return a commit with its files."""
    row = (
        await connection.execute(
            select(commits, repositories.c.full_name, commit_details.c.parents, commit_details.c.files)
            .join(repositories, repositories.c.id == commits.c.repository_id)
            .outerjoin(commit_details, commit_details.c.commit_id == commits.c.id)
            .where(commits.c.id == commit_id)
        )
    ).one_or_none()
    if row is None:
        return None
    number = pull_request_number_of(row.message)
    pull_request = await pull_requests.load(connection, row.repository_id, number) if number else None
    return StoredCommit(
        id=row.id,
        repository_id=row.repository_id,
        repository=row.full_name,
        sha=row.sha,
        message=row.message,
        author=row.author,
        committed_at=row.committed_at,
        reached_at=row.reached_at,
        detail_state=row.detail_state,
        level=row.level,
        pull_request_number=number,
        subject=replace(_subject(row), pull_request=pull_request),
    )


async def save_detail(
    connection: AsyncConnection, commit_id: int, detail: CommitDetail, *, patch_id: str | None = None, now: datetime
) -> None:
    """Store what the REST API added to a commit; once is enough.

    :param patch_id: the same for the same patch and message (:mod:`newsletter.github.patch_id`).
    """
    result = await connection.execute(
        update(commits)
        .where(commits.c.id == commit_id, commits.c.detail_state != DetailState.FETCHED)
        .values(
            detail_state=DetailState.FETCHED,
            additions=detail.additions,
            deletions=detail.deletions,
            patch_id=patch_id,
        )
    )
    if result.rowcount:
        await connection.execute(
            insert(commit_details).values(
                commit_id=commit_id,
                parents=list(detail.parents),
                files=[asdict(file) for file in detail.files],
                complete=detail.complete,
                fetched_at=now,
            )
        )


async def give_up_detail(connection: AsyncConnection, commit_id: int, state: DetailState) -> None:
    """Record that a commit has to be analysed without its files."""
    await connection.execute(
        update(commits)
        .where(commits.c.id == commit_id, commits.c.detail_state == DetailState.WAITING)
        .values(detail_state=state)
    )


async def forget(connection: AsyncConnection, commit_id: int) -> None:
    """Remove a commit that is nobody's change, before anything was made of it."""
    await connection.execute(delete(commits).where(commits.c.id == commit_id, commits.c.level.is_(None)))


async def freeze_level(connection: AsyncConnection, commit_id: int, level: Level) -> Level:
    """Set a commit's level if it has none yet; returns the level it has now."""
    await connection.execute(
        update(commits).where(commits.c.id == commit_id, commits.c.level.is_(None)).values(level=level)
    )
    frozen: Level = (await connection.execute(select(commits.c.level).where(commits.c.id == commit_id))).scalar_one()
    return frozen


async def unanalysed(connection: AsyncConnection, *, before: datetime | None = None) -> tuple[int, ...]:
    """Return the ids of commits without an analysis, in the order in which they reached their branch."""
    wanted = select(commits.c.id).where(commits.c.level.is_(None))
    if before is not None:
        wanted = wanted.where(commits.c.reached_at < before)
    return tuple((await connection.execute(wanted.order_by(commits.c.reached_at, commits.c.id))).scalars())


async def unanalysed_states(connection: AsyncConnection) -> dict[int, DetailState]:
    """Return every commit without an analysis, and what is known of it."""
    rows = await connection.execute(select(commits.c.id, commits.c.detail_state).where(commits.c.level.is_(None)))
    return {row.id: row.detail_state for row in rows}


def pull_request_number_of(message: str) -> int | None:
    """Return the number of the pull request that a message's first line names, as GitHub writes it."""
    return pull_request_number(title_of(message, most=_READ_OF_TITLE))


def _subject(row: Row[Any]) -> Subject:
    detailed = row.detail_state is DetailState.FETCHED
    files = tuple(FileChange(**file) for file in row.files or ()) if detailed else _files_of_push(row.paths)
    return Subject(
        repository=row.full_name,
        sha=row.sha,
        message=row.message,
        author=row.author,
        committed_at=row.committed_at,
        parents=tuple(row.parents or ()) if detailed else (),
        files=files,
        detailed=detailed,
    )


def _files_of_push(paths: dict[str, list[str]]) -> tuple[FileChange, ...]:
    return tuple(
        FileChange(path=path, status=status) for status in ("added", "removed", "modified") for path in paths[status]
    )
