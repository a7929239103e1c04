"""What the parents of a day's commits tell: which merge brought which commits, and where the day begins and ends. Pure.

Commits are known by their place in the day. Every walk keeps a list of its own: a history may be longer than the stack.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from newsletter.digest.record import Change

#: How git and GitHub name a merge that brings a branch up to date, or a pull; a pull request's is named otherwise.
_OF_BRANCHES = ("Merge branch", "Merge remote-tracking branch")


class History:
    """The commits of one repository on one day, in the order in which they reached their branches."""

    def __init__(self, commits: Sequence[Change]) -> None:
        self._commits = commits
        places: dict[str, int] = {}
        for place, commit in enumerate(commits):
            places.setdefault(commit.sha, place)
        #: Places of each commit's parents; None for one of another day.
        self._parents = [[places.get(sha) for sha in commit.parents] for commit in commits]
        below = {parent for parents in self._parents for parent in parents}
        self._heads = [place for place in range(len(commits)) if place not in below]

    def brought(self) -> dict[int, list[int]]:
        """Return for each merge the commits it brought, in their order; those of merges within it are its own as well.

        They are what is reachable from its second and further parents and is not on its own line, the one of first
        parents: merging the main branch into another brings nothing. Where a pull made the other branch the main line,
        what had been on the main branch before is not brought by it.
        """
        found: dict[int, list[int]] = {}
        taken: set[int] = set()
        heads = deque(reversed(self._heads))
        while heads:
            line = list(self._line(heads.popleft(), taken))
            taken.update(line)
            for merge in reversed(line):
                mine, others = self._reached_by(merge, taken)
                taken.update(mine)
                heads.extend(others)
                if mine:
                    found[merge] = sorted(mine)
        return found

    def period(self) -> tuple[str, str] | None:
        """Return the commit before the day's first and the day's last, where both are known; several ends are none."""
        if len(self._heads) != 1:
            return None
        first = deque(self._line(self._heads[0], set()), maxlen=1).pop()
        parents = self._commits[first].parents
        return (parents[0], self._commits[self._heads[0]].sha) if parents else None

    def _line(self, place: int | None, taken: set[int]) -> Iterator[int]:
        """Yield a commit and its first parents of this day, the newest first."""
        seen: set[int] = set()
        while place is not None and place not in taken and place not in seen:
            seen.add(place)
            yield place
            parents = self._parents[place]
            place = parents[0] if parents else None

    def _reached_by(self, merge: int, taken: set[int]) -> tuple[set[int], list[int]]:
        """Return what a merge brought, and the commits at which the way went no further as they were there before."""
        commit = self._commits[merge]
        pulls = commit.title.startswith(_OF_BRANCHES)
        mine: set[int] = set()
        earlier: list[int] = []
        waiting = list(self._parents[merge][1:])
        while waiting:
            place = waiting.pop()
            if place is None or place in taken or place in mine:
                continue
            if pulls and self._commits[place].reached_at < commit.reached_at:
                earlier.append(place)
                continue
            mine.add(place)
            waiting += self._parents[place]
        return mine, sorted(earlier, reverse=True)
