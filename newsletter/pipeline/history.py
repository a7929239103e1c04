"""What reached a branch between two heads, asked of GitHub."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from newsletter.github.client import PER_PAGE, GitHubClient
from newsletter.github.faults import GitHubUnavailable, NotOnGitHub
from newsletter.github.record import ListedCommit
from newsletter.logs import get_logger

log = get_logger("history")

#: Where GitHub cannot compare, so many pages of a hundred commits are gone through in search of one that is known.
MOST_PAGES_BACK = 30

#: Says which of some commits are stored already, and when they reached their branch.
Known = Callable[[Collection[str]], Awaitable[Mapping[str, datetime]]]


@dataclass(frozen=True, kw_only=True)
class Found:
    """What GitHub lists of a stretch of history."""

    #: Oldest first.
    commits: tuple[ListedCommit, ...]
    #: False where there is more of it than GitHub lists.
    complete: bool


async def reachable(github: GitHubClient, full_name: str, base: str, head: str) -> Found:
    """Return the commits of one head that another has not, oldest first; all that there are where there is no other.

    :raises GitHubError: GitHub does not know one of them (after a forced push), or cannot be asked.
    """
    if not set(base) <= {"0"}:
        comparison = await github.compare(full_name, base, head)
        if not comparison.complete:
            log.warning("a comparison was cut off", action="history.cut_off", commits=len(comparison.commits))
        return Found(commits=comparison.commits, complete=comparison.complete)
    found: dict[str, ListedCommit] = {}
    for page in range(1, MOST_PAGES_BACK + 1):
        listed = await github.log(full_name, head, page=page)
        found.update((commit.sha, commit) for commit in listed)
        if len(listed) < PER_PAGE:
            return Found(commits=tuple(found.values())[::-1], complete=True)
    log.warning("a history was cut off", action="history.cut_off", commits=len(found))
    return Found(commits=tuple(found.values())[::-1], complete=False)


async def walk_back(
    github: GitHubClient, full_name: str, *, last: str, head: str, known: Known, since: datetime
) -> Found:
    """Return what a branch has gained where GitHub cannot compare it with its last known head: down to a known commit.

    It is complete where one was met.

    :param last: that head, of which there may be no row; GitHub may list it and yet not compare it.
    :param since: where none is found, what was committed after this is taken for new.
    :raises GitHubError: GitHub cannot be asked.
    """
    listed: dict[str, ListedCommit] = {}
    new: Sequence[ListedCommit] = ()
    for page in range(1, MOST_PAGES_BACK + 1):
        found = await github.log(full_name, head, page=page)
        listed.update((commit.sha, commit) for commit in found)
        stored = {last, *await known(listed.keys())}
        new, met = gained(head, listed, stored)
        if met:
            return Found(commits=tuple(new)[::-1], complete=True)
        if len(found) < PER_PAGE:
            break
    log.warning("no known commit was met on the way back", action="history.unmet", commits=len(listed))
    younger = tuple(commit for commit in new if commit.commit.committed_at > since)[::-1]
    return Found(commits=younger, complete=False)


def gained(
    head: str, listed: Mapping[str, ListedCommit], stored: Collection[str]
) -> tuple[Sequence[ListedCommit], bool]:
    """Return what a head reaches and no stored commit does, and whether the branch's own line ends at what is not new.

    What is older than a stored commit is not stored where the repository was not followed yet, and yet is not new.
    """
    past = _reachable([sha for sha in listed if sha in stored], listed)
    new = _reachable([head], listed) - past
    line = head
    seen: set[str] = set()
    while line in new and line not in seen:
        seen.add(line)
        line = next(iter(listed[line].parents), "")
    return [commit for sha, commit in listed.items() if sha in new], line in past


def _reachable(tips: Collection[str], listed: Mapping[str, ListedCommit]) -> set[str]:
    found: set[str] = set()
    waiting = list(tips)
    while waiting:
        sha = waiting.pop()
        if sha in listed and sha not in found:
            found.add(sha)
            waiting += listed[sha].parents
    return found


async def missing(
    github: GitHubClient, full_name: str, *, last: str, head: str, known: Known, since: datetime
) -> Found:
    """Return what reached a branch since its last known head, oldest first.

    :raises GitHubError: GitHub cannot be asked.
    """
    walk = partial(walk_back, github, full_name, last=last, head=head, known=known, since=since)
    try:
        found = await reachable(github, full_name, last, head)
    except NotOnGitHub:
        try:
            # Nothing better will ever be had.
            return replace(await walk(), complete=True)
        except NotOnGitHub as error:
            raise GitHubUnavailable("GitHub knows the branch and not its commits") from error
    if not found.complete and any(commit.sha == head for commit in found.commits):
        # A server that knows no pages lists the newest commits; one by one it may know them all.
        return await walk()
    return found


def newest_whole(found: Sequence[ListedCommit], *, head: str) -> str | None:
    """Return the commit that stands for most of what a comparison lists before it was cut off.

    GitHub lists the oldest commits first, so that everything before one of them is there. None where it does not.

    :param head: the end of the comparison; where it is listed, something before it is not.
    """
    if any(commit.sha == head for commit in found):
        return None
    # Sets of places in the list as numbers: each commit with everything that is listed before it.
    before: dict[str, int] = {}
    for place, commit in enumerate(found):
        reached = 1 << place
        for parent in commit.parents:
            reached |= before.get(parent, 0)
        before[commit.sha] = reached
    return max(before, key=lambda sha: before[sha].bit_count(), default=None)
