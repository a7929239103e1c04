"""The past of a repository: what reached its branches before it was followed, or while nobody could know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from newsletter.github.arrival import arrivals
from newsletter.github.client import MOST_PAGES, PER_PAGE, GitHubClient
from newsletter.github.record import ListedCommit
from newsletter.pipeline.found import add_found
from newsletter.pipeline.port import Jobs
from newsletter.pipeline.reconcile import introduced, movements_of, watched_branches
from newsletter.store.engine import Store
from newsletter.store.repositories import FollowedRepository

#: A branch may have been long in the making before it was merged: so much older may what a merge brought be.
OLDEST_BROUGHT = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Filled:
    """What a backfill came to."""

    #: Commits looked at.
    seen: int
    #: Those that were not known before.
    new: int


async def backfill(
    repository: FollowedRepository,
    *,
    since: datetime,
    store: Store,
    jobs: Jobs,
    github: GitHubClient,
    now: datetime,
    progress: Callable[[str, int], None],
) -> Filled:
    """Store what reached a repository's branches since an instant and is not known; twice is harmless.

    What a digest already had is known, and is never sent again.

    :param progress: called with a branch and how many of its commits are listed so far.
    :raises GitHubError: GitHub cannot be asked; what was found by then is stored.
    """
    seen = new = 0
    repository = await introduced(repository, store=store, github=github)
    for name in await watched_branches(repository, github):
        head = await github.head(repository.full_name, name)
        listed = await _since(github, repository.full_name, head, since - OLDEST_BROUGHT, partial(progress, name))
        times = arrivals(
            listed, head=head, movements=await movements_of(github, repository.full_name, name), after=None, until=now
        )
        wanted = [commit for commit in listed if times[commit.sha] >= since]
        seen += len(wanted)
        new += await add_found(wanted, times, repository_id=repository.id, store=store, jobs=jobs, now=now)
    return Filled(seen=seen, new=new)


async def _since(
    github: GitHubClient, full_name: str, head: str, since: datetime, progress: Callable[[int], None]
) -> list[ListedCommit]:
    listed: dict[str, ListedCommit] = {}
    for page in range(1, MOST_PAGES + 1):
        found = await github.log(full_name, head, page=page, since=since)
        listed.update((commit.sha, commit) for commit in found)
        progress(len(listed))
        if len(found) < PER_PAGE:
            break
    # The newest comes first.
    return list(listed.values())[::-1]
