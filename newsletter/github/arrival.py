"""When commits that no webhook told of reached their branch: as well as that can be known afterwards. Pure.

GitHub's own record of a branch's movements says it exactly, for as long as GitHub keeps it. Without it the history
says it nearly: a merge or squash made on GitHub has its own moment as committer date, and whatever a merge brought
arrived with it. A commit's own date is no answer for the others: a branch that was long in the making brings commits
that are days old.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from newsletter.github.record import ListedCommit, Movement


def arrivals(
    commits: Sequence[ListedCommit],
    *,
    head: str,
    movements: Iterable[Movement] = (),
    after: datetime | None,
    until: datetime,
) -> dict[str, datetime]:
    """Return for each commit when it reached the branch.

    :param commits: everything between the last head that is known and the present one, in any order.
    :param head: what the branch points at now.
    :param movements: of the branch, in any order; those of other commits are passed over.
    :param after: when the last known head was reached; nothing arrived before.
    :param until: when the branch was looked at; nothing arrived later.
    """
    listed = {commit.sha: commit for commit in commits}
    found = {sha: _within(at, after, until) for sha, at in _on_record(movements, listed).items()}
    at = after
    for sha in _first_parents(head, listed):
        # The branch moves forward only: what comes later in its history did not arrive earlier.
        at = found.get(sha) or _within(listed[sha].commit.committed_at, at, until)
        for brought in _newly_reached(sha, listed, found):
            found[brought] = at
    times = {sha: found.get(sha) or _within(commit.commit.committed_at, after, until) for sha, commit in listed.items()}
    return _no_later_than_descendants(times, listed, head)


def _on_record(movements: Iterable[Movement], listed: Mapping[str, ListedCommit]) -> dict[str, datetime]:
    """Return when each commit arrived of which the movements say it exactly."""
    found: dict[str, datetime] = {}
    # What was there before the oldest movement on record, or came in a gap of the record: the record does not say when.
    unsaid: set[str] = set()
    for at, together in groupby(sorted(movements, key=lambda movement: movement.at), key=lambda movement: movement.at):
        moves = list(together)
        befores, afters = {move.before for move in moves}, {move.after for move in moves}
        # Of movements in the same second the first is the one that begins where none of them ended.
        for tip in befores - afters or befores:
            unsaid.update(_newly_reached(tip, listed, found.keys() | unsaid))
        for tip in afters:
            found |= dict.fromkeys(_newly_reached(tip, listed, found.keys() | unsaid), at)
    return found


def _no_later_than_descendants(
    times: Mapping[str, datetime], listed: Mapping[str, ListedCommit], head: str
) -> dict[str, datetime]:
    """Return the times so that nothing on the branch arrived later than what was made from it there."""
    on_branch = _newly_reached(head, listed, ())
    # What is not on the branch says nothing of what is.
    others = times.keys() - set(on_branch)
    settled: dict[str, datetime] = {}
    for sha in [*sorted(on_branch, key=times.__getitem__), *sorted(others, key=times.__getitem__)]:
        settled |= dict.fromkeys(_newly_reached(sha, listed, settled), times[sha])
    return settled


def _within(at: datetime, after: datetime | None, until: datetime) -> datetime:
    return min(at if after is None else max(at, after), until)


def _first_parents(head: str, listed: Mapping[str, ListedCommit]) -> list[str]:
    """Return the branch's own line of history, oldest first."""
    chain: list[str] = []
    seen: set[str] = set()
    sha = head
    while sha in listed and sha not in seen:
        seen.add(sha)
        chain.append(sha)
        sha = next(iter(listed[sha].parents), "")
    return chain[::-1]


def _newly_reached(tip: str, listed: Mapping[str, ListedCommit], found: Container[str]) -> list[str]:
    """Return what is reachable from a commit and was not reached before."""
    reached: list[str] = []
    seen: set[str] = set()
    waiting = [tip]
    while waiting:
        sha = waiting.pop()
        if sha in seen or sha in found or sha not in listed:
            continue
        seen.add(sha)
        reached.append(sha)
        waiting += listed[sha].parents
    return reached
