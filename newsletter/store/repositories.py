"""The repositories that are followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from sqlalchemy import Row, Text, cast, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.github.record import Repository
from newsletter.store import branches, following, former_names
from newsletter.store.states import Stopped
from newsletter.store.tables import repositories


@dataclass(frozen=True, kw_only=True)
class FollowedRepository:
    """A repository that is followed."""

    #: Our own id, the key in readers' choices.
    id: int
    #: None until GitHub or the first push tells it.
    github_id: int | None
    full_name: str
    #: None until GitHub or the first push tells it.
    default_branch: str | None
    private: bool
    added_at: datetime
    #: Names of the branches that count, or patterns of them; none = the default branch.
    branch_patterns: tuple[str, ...] = ()
    #: How often GitHub is asked for what is new; None = hourly.
    poll: timedelta | None = None
    #: Up to when its branches are known to be complete; None = never compared with GitHub.
    reconciled_at: datetime | None = None
    #: Why GitHub would not tell of it the last time it was asked; None = it did.
    problem: str | None = None
    #: When an operator asked for it; None = it only came through an installation of the App.
    by_hand_at: datetime | None = None
    #: The installation through which it is read; None = with the token, or anonymously.
    installation_id: int | None = None
    #: Why it is not followed any more; None = it is.
    stopped: Stopped | None = None

    @property
    def followed(self) -> bool:
        """Whether what reaches it is collected."""
        return self.stopped is None

    def watches(self, branch: str) -> bool:
        """Whether a branch counts; in a pattern ``*`` stands for any characters, also for ``/``."""
        if not self.branch_patterns:
            return branch == self.default_branch
        return any(fnmatchcase(branch, pattern) for pattern in self.branch_patterns)

    @property
    def key(self) -> str:
        """The opaque key that readers' choices hold."""
        return str(self.id)


async def add(
    connection: AsyncConnection, full_name: str, *, known: Repository | None, now: datetime, by_hand: bool = True
) -> tuple[FollowedRepository, bool]:
    """Follow a repository; returns it and whether it is new. One that is followed already is left as it is.

    One that was followed once begins anew: what it had meanwhile is nobody's news any more.

    :param known: what GitHub says of it; None where GitHub could not be asked. Then it counts as private until a push
        says otherwise: nothing that may be private is ever shown to everybody.
    :param by_hand: whether an operator asks for it; then it stays when the App goes.
    """
    if known is None:
        found = await by_name(connection, full_name)
    else:
        # GitHub answers to an old name with the repository as it is called now.
        found = await _identify(connection, known) or await _unidentified(connection, full_name)
        if found is not None:
            found = await _learn(connection, found, known, asked=True)
        else:
            await _free_name(connection, known.full_name)
    if found is not None:
        return await _follow_on(connection, found, now=now, by_hand=by_hand), not found.followed
    name = known.full_name if known else full_name
    result = await connection.execute(
        insert(repositories)
        .values(
            github_id=known.github_id if known else None,
            full_name=name,
            name_key=name.lower(),
            default_branch=known.default_branch if known else None,
            private=known.private if known else True,
            added_at=now,
            by_hand_at=now if by_hand else None,
        )
        .returning(repositories)
    )
    return _record(result.one()), True


async def _follow_on(
    connection: AsyncConnection, found: FollowedRepository, *, now: datetime, by_hand: bool
) -> FollowedRepository:
    if by_hand and found.by_hand_at is None:
        await following.take_by_hand(connection, found.id, now=now)
        found = replace(found, by_hand_at=now)
    if found.followed:
        return found
    await following.resume(connection, found.id)
    return replace(found, stopped=None, reconciled_at=None, problem=None)


async def recognise(connection: AsyncConnection, told: Repository, *, asked: bool) -> FollowedRepository | None:
    """Return the followed repository that GitHub means, and take over what it says of it.

    None where the repository is not followed.

    :param asked: whether GitHub was asked just now. An event may be of hours ago and delivered again: it makes a
        repository private, but not public.
    """
    found = await _identify(connection, told)
    return None if found is None else await _learn(connection, found, told, asked=asked)


async def recognised(
    connection: AsyncConnection, told: Repository, *, asked: bool
) -> tuple[FollowedRepository | None, bool]:
    """Return the followed repository that GitHub means, and whether :func:`recognise` would learn nothing new of it."""
    found = await _identify(connection, told)
    if found is None:
        return None, True
    named = await by_name(connection, told.full_name)
    return found, found == _learnt(found, told, asked=asked) and named == found


async def _identify(connection: AsyncConnection, known: Repository) -> FollowedRepository | None:
    """Return the followed repository that GitHub means.

    The id decides: a repository keeps it when it is renamed or transferred, and its name may be given to another. The
    name decides only while the id is not known yet.
    """
    found = await by_github_id(connection, known.github_id)
    return found or await _unidentified(connection, known.full_name)


async def _unidentified(connection: AsyncConnection, full_name: str) -> FollowedRepository | None:
    named = await by_name(connection, full_name)
    return named if named is not None and named.github_id is None else None


async def _learn(
    connection: AsyncConnection, found: FollowedRepository, known: Repository, *, asked: bool
) -> FollowedRepository:
    learnt = _learnt(found, known, asked=asked)
    # A repository whose name was lent to another meanwhile is not found by it.
    if learnt == found and await by_name(connection, known.full_name) == found:
        return found
    await former_names.note(connection, found.id, found.full_name)
    await _free_name(connection, known.full_name)
    await _begin_new_default(connection, found, known.default_branch)
    await connection.execute(
        update(repositories)
        .where(repositories.c.id == found.id)
        .values(
            github_id=known.github_id,
            full_name=known.full_name,
            name_key=known.full_name.lower(),
            default_branch=known.default_branch,
            private=learnt.private,
        )
    )
    return learnt


async def _begin_new_default(connection: AsyncConnection, found: FollowedRepository, name: str) -> None:
    """Let another default branch begin where the former one is known to: what only the new one has, no reader had."""
    if found.branch_patterns or found.default_branch in {None, name}:
        return
    former = await branches.load(connection, found.id, found.default_branch or "")
    if former is not None:
        await branches.begin(connection, found.id, replace(former, name=name))


def _learnt(found: FollowedRepository, known: Repository, *, asked: bool) -> FollowedRepository:
    # Of one that GitHub could not be asked about nothing is known: its first push is all there is.
    stays_private = found.private and found.github_id is not None and not asked
    return replace(
        found,
        github_id=known.github_id,
        full_name=known.full_name,
        default_branch=known.default_branch,
        private=known.private or stays_private,
    )


async def _free_name(connection: AsyncConnection, full_name: str) -> None:
    """Take a name from whichever repository has it: GitHub has given it to another one meanwhile."""
    await former_names.note_holder(connection, full_name)
    await connection.execute(
        update(repositories)
        .where(repositories.c.name_key == full_name.lower())
        .values(name_key=literal("#") + cast(repositories.c.id, Text))
    )


async def by_id(connection: AsyncConnection, repository_id: int) -> FollowedRepository | None:
    """Return a repository by our own id."""
    row = (await connection.execute(select(repositories).where(repositories.c.id == repository_id))).one_or_none()
    return _record(row) if row else None


async def by_github_id(connection: AsyncConnection, github_id: int) -> FollowedRepository | None:
    """Return a repository by GitHub's id."""
    row = (await connection.execute(select(repositories).where(repositories.c.github_id == github_id))).one_or_none()
    return _record(row) if row else None


async def by_name(connection: AsyncConnection, full_name: str) -> FollowedRepository | None:
    """Return a repository by its present name, in any case."""
    wanted = select(repositories).where(repositories.c.name_key == full_name.lower())
    row = (await connection.execute(wanted)).one_or_none()
    return _record(row) if row else None


async def everything(connection: AsyncConnection) -> tuple[FollowedRepository, ...]:
    """Return all repositories that are followed, by name."""
    wanted = select(repositories).where(repositories.c.stopped.is_(None)).order_by(repositories.c.name_key)
    return tuple(_record(row) for row in await connection.execute(wanted))


async def ever_followed(connection: AsyncConnection) -> tuple[FollowedRepository, ...]:
    """Return also those that are not followed any more, by name."""
    rows = await connection.execute(select(repositories).order_by(repositories.c.name_key))
    return tuple(_record(row) for row in rows)


async def of_installation(connection: AsyncConnection, installation_id: int) -> tuple[FollowedRepository, ...]:
    """Return the repositories that are read through an installation."""
    rows = await connection.execute(select(repositories).where(repositories.c.installation_id == installation_id))
    return tuple(_record(row) for row in rows)


def _record(row: Row[Any]) -> FollowedRepository:
    return FollowedRepository(
        id=row.id,
        github_id=row.github_id,
        full_name=row.full_name,
        default_branch=row.default_branch,
        private=row.private,
        added_at=row.added_at,
        branch_patterns=tuple(row.branch_patterns or ()),
        poll=None if row.poll_seconds is None else timedelta(seconds=row.poll_seconds),
        reconciled_at=row.reconciled_at,
        problem=row.problem,
        by_hand_at=row.by_hand_at,
        installation_id=row.installation_id,
        stopped=row.stopped,
    )


async def configure(
    connection: AsyncConnection, repository_id: int, *, branch_patterns: Sequence[str], poll: timedelta | None
) -> None:
    """Set which branches count and how often GitHub is asked."""
    await connection.execute(
        update(repositories)
        .where(repositories.c.id == repository_id)
        .values(
            branch_patterns=list(branch_patterns) or None,
            poll_seconds=None if poll is None else int(poll.total_seconds()),
        )
    )


async def mark_reconciled(
    connection: AsyncConnection, repository_id: int, *, at: datetime | None, problem: str | None = None
) -> None:
    """Note up to when a repository's branches are complete.

    :param at: None = nobody knows any more.
    :param problem: where there was nothing to compare with, why.
    """
    await connection.execute(
        update(repositories).where(repositories.c.id == repository_id).values(reconciled_at=at, problem=problem)
    )


async def note_problem(connection: AsyncConnection, repository_id: int, problem: str) -> None:
    """Note why GitHub would not tell of a repository; up to when it is complete stays as it was."""
    await connection.execute(update(repositories).where(repositories.c.id == repository_id).values(problem=problem))
