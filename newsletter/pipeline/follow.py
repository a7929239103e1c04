"""A repository is followed: what GitHub says of it, and from which commit on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.github.client import GitHubClient
from newsletter.github.faults import NotOnGitHub
from newsletter.github.record import Repository
from newsletter.store import branches, repositories
from newsletter.store.branches import Branch
from newsletter.store.engine import Store
from newsletter.store.repositories import FollowedRepository


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
    for name in branch_patterns or [repository.default_branch]:
        try:
            heads[name] = await github.head(repository.full_name, name)
        except NotOnGitHub:
            # A pattern, a branch that is still to come, or a repository without any commit.
            continue
    return Introduction(repository=repository, heads=heads)


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

    One that is followed already keeps its heads, and whatever of its settings is not given.

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
        for name, head in introduction.heads.items() if introduction else ():
            await branches.begin(connection, repository.id, Branch(name=name, head=head, head_at=now))
        followed = await repositories.by_id(connection, repository.id)
    return followed or repository, new
