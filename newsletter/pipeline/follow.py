"""A repository is followed: what GitHub says of it, and from which commit on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.github.client import GitHubClient
from newsletter.github.faults import NotOnGitHub
from newsletter.github.record import Repository
from newsletter.store import branches, repositories
from newsletter.store.branches import Branch
from newsletter.store.engine import Store
from newsletter.store.repositories import FollowedRepository

_WILDCARDS = frozenset("*?[")


@dataclass(frozen=True, kw_only=True)
class Introduction:
    """What GitHub says of a repository before it is followed."""

    repository: Repository
    #: Head of each watched branch that exists.
    heads: dict[str, str]


async def introduce(full_name: str, *, branch_patterns: Sequence[str], github: GitHubClient) -> Introduction:
    """Ask GitHub about a repository and where its watched branches stand.

    :raises GitHubError: there is none of this name, or GitHub cannot be asked.
    """
    repository = await github.repository(full_name)
    heads = {}
    names = await matching(repository.full_name, branch_patterns, github=github)
    for name in names if branch_patterns else [repository.default_branch]:
        try:
            heads[name] = await github.head(repository.full_name, name)
        except NotOnGitHub:
            # A branch that is still to come, or a repository without any commit.
            continue
    return Introduction(repository=repository, heads=heads)


async def matching(full_name: str, patterns: Sequence[str], *, github: GitHubClient) -> Sequence[str]:
    """Return the branches that are named, be they there or not, and those that a pattern finds.

    :raises GitHubError: GitHub cannot be asked.
    """
    names = dict.fromkeys(pattern for pattern in patterns if not _WILDCARDS & set(pattern))
    if len(names) < len(patterns):
        there = await github.branches(full_name)
        names |= dict.fromkeys(name for name in there if any(fnmatchcase(name, pattern) for pattern in patterns))
    return list(names)


async def follow(
    full_name: str,
    *,
    introduction: Introduction | None,
    branch_patterns: Sequence[str] | None,
    poll: timedelta | None,
    store: Store,
    now: datetime,
) -> tuple[FollowedRepository, bool]:
    """Follow a repository from its present heads on; returns it and whether it is new.

    One that is followed already keeps its heads, and whatever of its settings is not given. A branch that did not count
    before begins with its head of today, or of the day on which GitHub is asked next.

    :param introduction: None where GitHub could not be asked.
    :param branch_patterns: which branches count; empty = the default branch, None = as before.
    :param poll: how often GitHub is asked; zero = only as a safety net, None = as before.
    """
    known = introduction.repository if introduction else None
    async with store.write() as transaction:
        connection = transaction.connection
        repository, new = await repositories.add(connection, full_name, known=known, now=now)
        await repositories.configure(
            connection,
            repository.id,
            branch_patterns=repository.branch_patterns if branch_patterns is None else branch_patterns,
            poll=repository.poll if poll is None else poll or None,
        )
        followed = await repositories.by_id(connection, repository.id) or repository
        await _forget_unwatched(connection, repository, followed)
        if introduction is None and followed.branch_patterns != repository.branch_patterns:
            await repositories.mark_reconciled(connection, repository.id, at=None, problem=repository.problem)
            followed = replace(followed, reconciled_at=None)
        for name, head in introduction.heads.items() if introduction else ():
            await branches.begin(connection, repository.id, Branch(name=name, head=head, head_at=now))
    return followed, new


async def _forget_unwatched(connection: AsyncConnection, before: FollowedRepository, after: FollowedRepository) -> None:
    """Forget where branches stood once that did not count until now: nobody was told what they had meanwhile."""
    for branch in await branches.of_repository(connection, after.id):
        if after.watches(branch.name) and not before.watches(branch.name):
            await branches.forget(connection, after.id, branch.name)
