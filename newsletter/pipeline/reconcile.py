"""The stored head of every watched branch against the real one: whatever no webhook told of is fetched.

GitHub does not repeat a delivery by itself, so this is what makes up for an hour in which nobody listened; and for
a repository that has no webhook it is the only source.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from newsletter.github.arrival import arrivals
from newsletter.github.client import GitHubClient
from newsletter.github.faults import GitHubError, GitHubRefused, GitHubUnavailable, NotOnGitHub
from newsletter.github.record import ListedCommit, Movement, PushedCommit
from newsletter.logs import get_logger
from newsletter.metrics import caught_up as caught_up_commits
from newsletter.pipeline.expand import add_commits
from newsletter.pipeline.history import missing
from newsletter.pipeline.port import Job, Jobs, NotYet, RetryAfter
from newsletter.store import branches, commits, pushes, repositories
from newsletter.store.branches import Branch
from newsletter.store.engine import Store
from newsletter.store.repositories import FollowedRepository

log = get_logger("reconcile")

#: How long a push that is stored and not read yet is waited for.
PATIENCE = timedelta(minutes=5)
LOOK_AGAIN = timedelta(seconds=1)

_WILDCARDS = frozenset("*?[")

#: A branch may be moved by a push while it is looked at, and so often it is looked at again.
MOST_ATTEMPTS = 3
#: Commits stored in one transaction: each may be a push of its own, and GitHub's deliveries wait meanwhile.
SLICE = 50
#: Seconds. A verb of the command line is another process, and on SQLite a process that waits for its turn looks for it
#: only every tenth of a second (sqlite.org/c3ref/busy_timeout.html).
BETWEEN_SLICES = 0.15


async def reconcile_job(job: Job, *, store: Store, jobs: Jobs, github: GitHubClient, now: datetime) -> None:
    """Reconcile the repository of a job, unless that was done since it was queued.

    :raises NotYet: pushes of the repository are still to be read.
    :raises RetryAfter: GitHub is away.
    """
    async with store.read() as connection:
        repository = await repositories.by_id(connection, int(job.key))
        waiting = await pushes.unexpanded(connection, repository_id=int(job.key))
    if repository is None or (repository.reconciled_at is not None and repository.reconciled_at > job.queued_at):
        return
    if waiting and now - job.queued_at < PATIENCE:
        # They know better than any history when their commits arrived.
        raise NotYet(f"{len(waiting)} pushes are still to be read", after=LOOK_AGAIN)
    try:
        await reconcile(repository, store=store, jobs=jobs, github=github, now=now)
    except GitHubUnavailable as error:
        raise RetryAfter(str(error), after=error.retry_after) from error


async def reconcile(
    repository: FollowedRepository, *, store: Store, jobs: Jobs, github: GitHubClient, now: datetime
) -> int:
    """Fetch what reached a repository's branches unseen; returns how many commits are new. Twice is harmless.

    A repository that GitHub has no more, or does not show to our token, has nothing to compare with.

    :raises GitHubUnavailable: GitHub cannot be asked; what was found by then is stored.
    """
    new = 0
    try:
        repository = await introduced(repository, store=store, github=github)
        for name in await watched_branches(repository, github):
            for _ in range(MOST_ATTEMPTS):
                found, caught_up = await _catch_up(repository, name, store=store, jobs=jobs, github=github, now=now)
                new += found
                if caught_up:
                    break
    except (NotOnGitHub, GitHubRefused) as error:
        log.info("nothing to compare with", action="reconcile.refused", repository=repository.id, reason=str(error))
    async with store.write() as transaction:
        await repositories.mark_reconciled(transaction.connection, repository.id, at=now)
    return new


async def introduced(repository: FollowedRepository, *, store: Store, github: GitHubClient) -> FollowedRepository:
    """Return a repository as GitHub names it, where only its name is known.

    :raises GitHubError: there is none of this name, or GitHub cannot be asked.
    """
    if repository.default_branch is not None and repository.github_id is not None:
        return repository
    known = await github.repository(repository.full_name)
    async with store.write() as transaction:
        return await repositories.recognise(transaction.connection, known) or repository


async def watched_branches(repository: FollowedRepository, github: GitHubClient) -> Sequence[str]:
    """Return the names of the branches to look at: those that are named, and those that a pattern finds."""
    if not repository.branch_patterns:
        return [repository.default_branch] if repository.default_branch else []
    names = dict.fromkeys(pattern for pattern in repository.branch_patterns if not _WILDCARDS & set(pattern))
    if len(names) < len(repository.branch_patterns):
        names |= dict.fromkeys(filter(repository.watches, await github.branches(repository.full_name)))
    return list(names)


async def _catch_up(
    repository: FollowedRepository, name: str, *, store: Store, jobs: Jobs, github: GitHubClient, now: datetime
) -> tuple[int, bool]:
    """Store what a branch has and we have not; returns how many commits are new, and whether its head is known now.

    It is not where a push was read meanwhile that began from the same head.
    """
    try:
        head = await github.head(repository.full_name, name)
    except NotOnGitHub:
        log.info("a watched branch is not there", action="reconcile.no_branch", repository=repository.id)
        return 0, True
    async with store.read() as connection:
        last = await branches.load(connection, repository.id, name)
    if last is None:
        last = await _beginning(repository, name, head, store=store, now=now)
    if last.head == head:
        return 0, True

    async def known(shas: Collection[str]) -> Mapping[str, datetime]:
        async with store.read() as connection:
            return await commits.reached(connection, repository.id, shas)

    found = await missing(github, repository.full_name, last=last.head, head=head, known=known, since=last.head_at)
    times = arrivals(
        found,
        head=head,
        movements=await movements_of(github, repository.full_name, name),
        after=last.head_at,
        until=now,
    )
    new = await add_found(found, times, repository_id=repository.id, store=store, jobs=jobs, now=now)
    moved = Branch(name=name, head=head, head_at=times.get(head, last.head_at))
    async with store.write() as transaction:
        advanced = await branches.advance(transaction.connection, repository.id, moved, seen=last.head)
    if new:
        caught_up_commits.inc(new)
        log.warning("commits had come unseen", action="reconcile.found", repository=repository.id, commits=new)
    return new, advanced


async def _beginning(repository: FollowedRepository, name: str, head: str, *, store: Store, now: datetime) -> Branch:
    """Return where a branch of which nothing is known begins.

    A branch that is new in a repository we know well brings what the default branch has not; else everything begins
    with the head of today.
    """
    begins = Branch(name=name, head=head, head_at=now)
    async with store.write() as transaction:
        connection = transaction.connection
        if repository.reconciled_at is not None and repository.default_branch is not None:
            trunk = await branches.load(connection, repository.id, repository.default_branch)
            if trunk is not None:
                begins = Branch(name=name, head=trunk.head, head_at=repository.reconciled_at)
        await branches.begin(connection, repository.id, begins)
    return begins


async def movements_of(github: GitHubClient, full_name: str, branch: str) -> tuple[Movement, ...]:
    """Return GitHub's record of a branch's movements; nothing where there is none to be had."""
    try:
        return await github.movements(full_name, branch)
    except GitHubError as error:
        # Not every server has this record, and without it the history itself says nearly as much.
        log.info("no record of movements", action="reconcile.no_activity", reason=str(error))
        return ()


async def add_found(
    found: Sequence[ListedCommit],
    times: Mapping[str, datetime],
    *,
    repository_id: int,
    store: Store,
    jobs: Jobs,
    now: datetime,
) -> int:
    """Store commits that no webhook told of, those that arrived together as one push; returns how many are new.

    A slice at a time, so that deliveries come in between. Whoever is killed in the middle goes on from there.

    :param found: each after its parents.
    """
    async with store.read() as connection:
        known = await commits.reached(connection, repository_id, [listed.sha for listed in found])
    missing_parts = [part for part in _parts(found, times) if any(commit.sha not in known for commit in part.commits)]
    new = 0
    for number, together in enumerate(_slices(missing_parts)):
        if number:
            await asyncio.sleep(BETWEEN_SLICES)
        async with store.write() as transaction:
            for part in together:
                push = await pushes.add_found(
                    transaction.connection,
                    # No delivery of GitHub has a colon in its id.
                    hook_id=f"found:{repository_id}:{part.arrived[-1]}",
                    repository_id=repository_id,
                    reached_at=part.reached_at,
                    body=json.dumps({"found": part.arrived}).encode(),
                    now=now,
                )
                new += await add_commits(
                    transaction, part.commits, push=push, jobs=jobs, first_position=part.first_position
                )
    return new


@dataclass(frozen=True, kw_only=True)
class _Part:
    """Commits of one slice that arrived together, or some of them."""

    reached_at: datetime
    #: Every commit that arrived with them.
    arrived: list[str]
    commits: list[PushedCommit]
    first_position: int


def _parts(found: Sequence[ListedCommit], times: Mapping[str, datetime]) -> Iterator[_Part]:
    in_order = sorted(found, key=lambda listed: times[listed.sha])
    for reached_at, group in groupby(in_order, key=lambda listed: times[listed.sha]):
        together = list(group)
        arrived = [listed.sha for listed in together]
        for start in range(0, len(together), SLICE):
            part = [listed.commit for listed in together[start : start + SLICE]]
            yield _Part(reached_at=reached_at, arrived=arrived, commits=part, first_position=start)


def _slices(parts: Sequence[_Part]) -> Iterator[list[_Part]]:
    together: list[_Part] = []
    for part in parts:
        if sum(len(other.commits) for other in together) + len(part.commits) > SLICE:
            yield together
            together = []
        together.append(part)
    if together:
        yield together
