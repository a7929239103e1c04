"""The commits of a stored push become rows, each with its way ahead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.digest.report_file import is_report_commit
from newsletter.github.client import GitHubClient
from newsletter.github.faults import GitHubError, GitHubUnavailable
from newsletter.github.payload import LISTED_COMMITS
from newsletter.github.record import Push, PushedCommit
from newsletter.github.webhook import stored_push
from newsletter.logs import get_logger
from newsletter.pipeline.history import reachable
from newsletter.pipeline.limits import waiting_for_limits
from newsletter.pipeline.port import Job, Jobs, Kind, RetryAfter
from newsletter.store import branches, commits, pushes, repositories
from newsletter.store.branches import Branch
from newsletter.store.engine import Store, Transaction
from newsletter.store.pushes import StoredPush

log = get_logger("expand")

#: Commits stored in one transaction: a tenth of a second on a slow machine, while GitHub's deliveries wait.
SLICE = 200

#: Deliveries overtake each other by moments; a push before this one that has not come by then was missed.
OVERTAKING = timedelta(seconds=30)


async def expand(hook_id: str, *, store: Store, jobs: Jobs, now: datetime) -> int:
    """Store the commits of a push and queue each new one; returns how many are new. Twice is harmless.

    A push that lists as many commits as a payload can hold may have more: it stays open until :func:`complete` has
    asked for the rest.
    """
    async with store.read() as connection:
        stored = await pushes.by_hook_id(connection, hook_id)
    if stored is None or stored.expanded:
        return 0
    push = stored_push(stored.body, hook_id=hook_id)
    new = await _add_in_slices(push.commits, push=stored, store=store, jobs=jobs)
    async with store.write() as transaction:
        if len(push.commits) >= LISTED_COMMITS:
            await jobs.put(transaction, Kind.COMPLETE, hook_id)
        else:
            await _finish(transaction, stored, push, jobs=jobs, now=now)
    log.info("push expanded", action="push.expanded", hook_id=hook_id, commits=new)
    return new


async def complete(job: Job, *, store: Store, jobs: Jobs, github: GitHubClient, now: datetime) -> None:
    """Store the commits of a push that its payload had no room for.

    :raises RetryAfter: GitHub is away and there are attempts left.
    :raises NotYet: its limit is reached.
    """
    async with store.read() as connection:
        stored = await pushes.by_hook_id(connection, job.key)
        if stored is None or stored.expanded:
            return
        repository = await repositories.by_id(connection, stored.repository_id)
    push = stored_push(stored.body, hook_id=job.key)
    # It may have been renamed since, and what it is read with is found by its present name.
    full_name = repository.full_name if repository is not None else push.repository.full_name
    rest: Sequence[PushedCommit] = ()
    whole = True
    try:
        with waiting_for_limits(job):
            found = await reachable(github, full_name, push.before, push.after)
        rest, whole = [listed.commit for listed in found.commits], found.complete
    except GitHubError as error:
        if isinstance(error, GitHubUnavailable) and not job.last:
            raise RetryAfter(str(error), after=error.retry_after) from error
        whole = False
        log.warning("the rest of a push is not to be had", action="push.cut_off", hook_id=job.key, reason=str(error))
    new = await _add_in_slices(rest, push=stored, store=store, jobs=jobs)
    async with store.write() as transaction:
        await _finish(transaction, stored, push, jobs=jobs, now=now, whole=whole)
    log.info("push completed", action="push.completed", hook_id=job.key, commits=new)


async def _add_in_slices(found: Sequence[PushedCommit], *, push: StoredPush, store: Store, jobs: Jobs) -> int:
    """Store commits a slice at a time, so that other pushes come in between; returns how many are new."""
    new = 0
    for start in range(0, len(found), SLICE):
        part = found[start : start + SLICE]
        async with store.write() as transaction:
            new += await add_commits(transaction, part, push=push, jobs=jobs, first_position=start)
    return new


async def add_commits(
    transaction: Transaction, found: Sequence[PushedCommit], *, push: StoredPush, jobs: Jobs, first_position: int = 0
) -> int:
    """Store commits under the push that brought them and queue each new one; returns how many are new.

    One that only puts a report in its place is no change, be it ours or another newsletter's.
    """
    new = await commits.add(
        transaction.connection,
        [commit for commit in found if not is_report_commit(commit.message, commit.paths)],
        repository_id=push.repository_id,
        push_id=push.id,
        reached_at=push.reached_at,
        first_position=first_position,
    )
    await jobs.put_many(transaction, Kind.FETCH, [str(commit_id) for commit_id in new])
    return len(new)


async def _finish(
    transaction: Transaction, stored: StoredPush, push: Push, *, jobs: Jobs, now: datetime, whole: bool = True
) -> None:
    connection, repository_id = transaction.connection, stored.repository_id
    await pushes.mark_expanded(connection, stored.id, now=now)
    moved = Branch(name=push.branch, head=push.after, head_at=stored.reached_at)
    known = await branches.load(connection, repository_id, push.branch)
    if known is None and push.created:
        if whole:
            await branches.begin(connection, repository_id, moved)
            return
    elif known is None:
        known = await _beginning(connection, stored, push)
        await branches.begin(connection, repository_id, known)
    # A head is known together with everything before it; a branch that was made anew may bring what no push lists.
    if known is not None and whole and not push.created and known.head == push.before:
        await branches.advance(connection, repository_id, moved, seen=known.head)
        return
    if known is not None and known.head == push.after:
        return
    # Something before this push's end is missing, or is still on its way: the head stays until that is known.
    await jobs.put(transaction, Kind.RECONCILE, str(repository_id), run_at=now + OVERTAKING)


async def _beginning(connection: AsyncConnection, stored: StoredPush, push: Push) -> Branch:
    """Return where a branch begins whose making nobody told of.

    In a repository that is known well it is new, and brings what the default branch has not; else this push is the
    first thing to be known of it.
    """
    repository = await repositories.by_id(connection, stored.repository_id)
    if repository is not None and repository.reconciled_at is not None and repository.default_branch is not None:
        trunk = await branches.load(connection, repository.id, repository.default_branch)
        if trunk is not None:
            return Branch(name=push.branch, head=trunk.head, head_at=repository.reconciled_at)
    return Branch(name=push.branch, head=push.before, head_at=stored.reached_at)
