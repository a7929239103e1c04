"""Commits with their parents, and days of them drawn at random."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from newsletter.digest.record import Change
from subscribers import Level
from tests.support.clock import NOON
from tests.support.editions import change_of
from tests.support.records import sha

HIGH, MEDIUM, LOW = Level.HIGH, Level.MEDIUM, Level.LOW
BEFORE = 999


def commit(number: int, *parents: int, level: Level = LOW, title: str | None = None, **fields: Any) -> Change:
    """Return a commit; without a title of its own it has one that is like no other."""
    return change_of(
        number,
        level=level,
        sha=sha(number),
        title=f"{chr(96 + number) * 3} gate" if title is None else title,
        parents=tuple(map(sha, parents)),
        **fields,
    )


TITLES = st.sampled_from(
    [
        "Cache routes (#1)",
        'Revert "Cache routes (#1)" (#2)',
        'Revert "Revert "Cache routes""',
        'Reapply "Cache routes"',
        "[1/3] Cut",
        "[2/3] Cut",
        "[x][2/N] Cut",
        "Bump a from 1 to 2",
        "Bump b from 1 to 3",
        "Nightly 1",
        "Nightly 2",
        "Merge branch 'main' into x",
        "",
    ]
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Change, ...]:
    """Draw commits of two repositories with any parents of the same or another day, in any order."""
    count = draw(st.integers(0, 14))
    found = []
    for number in range(1, count + 1):
        parents = draw(st.lists(st.integers(1, max(1, number - 1)) | st.just(BEFORE), max_size=3))
        found.append(
            commit(
                number,
                *(parent for parent in parents if parent != number),
                level=draw(st.sampled_from(Level)),
                title=draw(TITLES),
                author=draw(st.sampled_from(["Ada", "dependabot[bot]"])),
                repository=draw(st.sampled_from(["acme/tide", "acme/tide", "b/c"])),
                reverts=draw(st.none() | st.integers(1, 14).map(sha)),
                reached_at=NOON + timedelta(minutes=draw(st.integers(0, 2))),
            )
        )
    return tuple(draw(st.permutations(found)))
