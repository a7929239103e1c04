"""The stored head of every watched branch against the real one: whatever no webhook told of is fetched.

GitHub does not repeat a delivery by itself, so this is what makes up for an hour in which nobody listened; and for
a repository that has no webhook it is the only source.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from newsletter.github.arrival import arrivals
from newsletter.github.client import GitHubClient
from newsletter.github.faults import GitHubError, GitHubRefused, GitHubUnavailable, NotOnGitHub, RateLimited
from newsletter.github.record import Movement
from newsletter.logs import get_logger
from newsletter.metrics import caught_up as caught_up_commits
from newsletter.pipeline.follow import matching
from newsletter.pipeline.found import add_found, wait_for_pushes
from newsletter.pipeline.history import missing, newest_whole
from newsletter.pipeline.limits import waiting_for_limits
from newsletter.pipeline.port import Job, Jobs, RetryAfter
from newsletter.store import branches, commits, repositories
from newsletter.store.branches import Branch
from newsletter.store.engine import Store
from newsletter.store.repositories import FollowedRepository

log = get_logger("reconcile")


class AnotherRepository(GitHubError):
    """What GitHub has under a name is not the repository that is followed.

    The sentence is logged, so it names none: they may be private.
    """


#: How long a push that is stored and not read yet is waited for.
PATIENCE = timedelta(minutes=5)

#: A branch may be moved by a push while it is looked at, and so often it is looked at again.
MOST_ATTEMPTS = 3


async def reconcile_job(job: Job, *, store: Store, jobs: Jobs, github: GitHubClient, now: datetime) -> None:
    """Reconcile the repository of a job, unless that was done since it was queued.

    :raises NotYet: pushes of the repository are still to be read, or GitHub's limit is reached.
    :raises RetryAfter: GitHub is away.
    """
    async with store.read() as connection:
        repository = await repositories.by_id(connection, int(job.key))
        if repository is None or not repository.followed:
            return
        if repository.reconciled_at is not None and repository.reconciled_at > job.queued_at:
            return
        patient = now - job.queued_at < PATIENCE
        if patient:
            await wait_for_pushes(connection, repository.id)
    try:
        with waiting_for_limits(job):
            await reconcile(repository, store=store, jobs=jobs, github=github, now=now, patient=patient)
    except GitHubUnavailable as error:
        raise RetryAfter(str(error), after=error.retry_after) from error
    except GitHubRefused as error:
        raise RetryAfter(str(error)) from error


async def reconcile(
    repository: FollowedRepository,
    *,
    store: Store,
    jobs: Jobs,
    github: GitHubClient,
    now: datetime,
    patient: bool = False,
) -> int:
    """Fetch what reached a repository's branches unseen; returns how many commits are new. Twice is harmless.

    A repository that GitHub has no more, or does not show to our token, has nothing to compare with.

    :param patient: whether pushes that come meanwhile are waited for.
    :raises GitHubUnavailable: GitHub cannot be asked; what was found by then is stored.
    :raises GitHubRefused: the token is wrong or may not read this.
    :raises NotYet: pushes of the repository are still to be read.
    """
    new, problem = 0, None
    try:
        repository = await introduced(repository, store=store, github=github)
        for name in await watched_branches(repository, github):
            new += await _follow_up(repository, name, store=store, jobs=jobs, github=github, now=now, patient=patient)
    except (AnotherRepository, GitHubRefused) as error:
        await _note(repository, str(error), store=store, wrong=isinstance(error, AnotherRepository))
        if isinstance(error, GitHubRefused):
            raise
        return 0
    except NotOnGitHub as error:
        problem = str(error)
        await _note(repository, problem, store=store)
    async with store.write() as transaction:
        await repositories.mark_reconciled(transaction.connection, repository.id, at=now, problem=problem)
    return new


async def _note(repository: FollowedRepository, problem: str, *, store: Store, wrong: bool = False) -> None:
    """Note why a repository was not compared; told once, for as long as it is the same."""
    if repository.problem == problem:
        return
    tell = log.error if wrong else log.warning
    tell("nothing to compare with", action="reconcile.refused", repository=repository.id, reason=problem)
    async with store.write() as transaction:
        await repositories.note_problem(transaction.connection, repository.id, problem)


async def introduced(repository: FollowedRepository, *, store: Store, github: GitHubClient) -> FollowedRepository:
    """Return a repository as GitHub knows it today: where no webhook tells, nothing else does.

    :raises AnotherRepository: its name belongs to another one now.
    :raises GitHubError: there is none of this name, or GitHub cannot be asked.
    """
    known = await github.repository(repository.full_name)
    if repository.github_id not in {None, known.github_id}:
        raise AnotherRepository("its name belongs to another repository now")
    async with store.read() as connection:
        found, told = await repositories.recognised(connection, known, asked=True)
    if not told:
        async with store.write() as transaction:
            found = await repositories.recognise(transaction.connection, known, asked=True)
    if found is not None and found.id != repository.id:
        raise AnotherRepository("GitHub knows it as another repository that is followed")
    return found or repository


async def watched_branches(repository: FollowedRepository, github: GitHubClient) -> Sequence[str]:
    """Return the names of the branches to look at: those that are named, and those that a pattern finds."""
    if not repository.branch_patterns:
        return [repository.default_branch] if repository.default_branch else []
    return await matching(repository.full_name, repository.branch_patterns, github=github)


async def _follow_up(
    repository: FollowedRepository,
    name: str,
    *,
    store: Store,
    jobs: Jobs,
    github: GitHubClient,
    now: datetime,
    patient: bool,
) -> int:
    """Store what a branch has and we have not, up to its head; returns how many commits are new."""
    new = 0
    for _ in range(MOST_ATTEMPTS):
        found, caught_up = await _catch_up(
            repository, name, store=store, jobs=jobs, github=github, now=now, patient=patient
        )
        new += found
        if caught_up:
            return new
    raise GitHubUnavailable("a branch has more that is new than can be compared at once")


async def _catch_up(
    repository: FollowedRepository,
    name: str,
    *,
    store: Store,
    jobs: Jobs,
    github: GitHubClient,
    now: datetime,
    patient: bool,
) -> tuple[int, bool]:
    """Store what a branch has and we have not; returns how many commits are new, and whether its head is known now.

    It is not where a push was read meanwhile that began from the same head, or where GitHub did not list everything.
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
    end = head if found.complete else newest_whole(found.commits, head=head)
    movements = await movements_of(github, repository.full_name, name)
    times = arrivals(found.commits, head=end or head, movements=movements, after=last.head_at, until=now)
    new = await add_found(
        found.commits, times, repository_id=repository.id, store=store, jobs=jobs, now=now, patient=patient
    )
    if new:
        caught_up_commits.inc(new)
        log.warning("commits had come unseen", action="reconcile.found", repository=repository.id, commits=new)
    if end is None:
        raise GitHubUnavailable("GitHub lists only a part of what is new")
    moved = Branch(name=name, head=end, head_at=times.get(end, last.head_at))
    async with store.write() as transaction:
        advanced = await branches.advance(transaction.connection, repository.id, moved, seen=last.head)
    return new, advanced and end == head


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
    except RateLimited:
        raise
    except GitHubError as error:
        # Not every server has this record, and without it the history itself says nearly as much.
        log.info("no record of movements", action="reconcile.no_activity", reason=str(error))
        return ()
