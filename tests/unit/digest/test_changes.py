"""Commits become changes as readers see them: nothing is lost, and what belongs together stands together."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from newsletter.analysis.record import Kind
from newsletter.digest.changes import grouped, period
from newsletter.digest.record import Bond, Change
from subscribers import Level
from tests.support.clock import NOON
from tests.support.histories import BEFORE, commit
from tests.support.records import sha

HIGH, MEDIUM, LOW = Level.HIGH, Level.MEDIUM, Level.LOW


def numbers(change: Change) -> list[int]:
    return [int(each.sha, 16) for each in change.commits]


def shape(changes: tuple[Change, ...]) -> list[tuple[Bond | None, list[int]]]:
    return [(change.bond, numbers(change)) for change in changes]


def test_a_merge_leads_what_it_brought() -> None:
    day = (
        commit(1, BEFORE),
        commit(2, BEFORE),
        commit(3, 2, level=HIGH, risks=("The lock may open.",)),
        commit(4, 1, 3, title="Merge branch 'lock'"),
    )
    single, merge = grouped(day)
    assert (single.bond, numbers(single)) == (None, [1])
    assert (merge.bond, numbers(merge)) == (Bond.MERGE, [4, 2, 3])
    # What is said is said of the most important commit.
    assert merge.level is HIGH
    assert merge.analysis.risks == ("The lock may open.",)


def test_a_merge_of_the_main_branch_into_another_brings_nothing() -> None:
    day = (
        commit(1, BEFORE),
        commit(2, BEFORE),
        commit(3, 2, 1, title="Merge branch 'main' into lock"),
        commit(4, 3),
        commit(5, 1, 4, title="Add a lock (#7)"),
    )
    assert shape(grouped(day)) == [(None, [1]), (Bond.MERGE, [5, 2, 3, 4])]


def test_a_bare_merge_is_a_line_of_its_own() -> None:
    day = (commit(1, BEFORE), commit(2, 1, 998, title="Merge branch 'main' into lock"))
    assert shape(grouped(day)) == [(None, [1]), (None, [2])]


def test_a_pull_does_not_bring_what_was_on_the_branch_before() -> None:
    later = NOON + timedelta(hours=1)
    day = (
        commit(1, BEFORE),
        commit(2, BEFORE),
        commit(3, 1, 2, title="Add a lock (#7)"),
        commit(4, BEFORE, reached_at=later),
        commit(5, 4, 3, title="Merge branch 'main' of github.com:acme/tide", reached_at=later),
    )
    assert shape(grouped(day)) == [(None, [1]), (Bond.MERGE, [3, 2]), (None, [4]), (None, [5])]


def test_an_octopus_and_merges_within_a_merge_have_one_leader() -> None:
    day = (
        commit(1, BEFORE),
        commit(2, BEFORE),
        commit(3, 1, 2, title="Merge branch 'a' into b"),
        commit(4, BEFORE),
        commit(5, BEFORE, 3, 4, title="Merge branches 'b' and 'c'"),
    )
    assert shape(grouped(day)) == [(Bond.MERGE, [5, 1, 2, 3, 4])]


REVERTS: list[Any] = [
    pytest.param(
        [("Cache routes (#4)", None), ('Revert "Cache routes (#4)" (#5)', None)], Bond.REVERTED, id="by title"
    ),
    pytest.param([("Cache routes (#4)", None), ('Revert "Cache routes" (#5)', None)], Bond.REVERTED, id="no number"),
    pytest.param([("Cache routes", None), ("Take it back", sha(1))], Bond.REVERTED, id="by object name"),
    pytest.param([("Cache routes", None), ("Take it back", sha(1)[:39])], Bond.REVERTED, id="by its beginning"),
    pytest.param([("feat: cache", None), ("revert: feat: cache", None)], Bond.REVERTED, id="by type"),
    pytest.param(
        [("Cache", None), ('Revert "Cache"', None), ('Revert "Revert "Cache""', None)], Bond.REAPPLIED, id="back again"
    ),
    pytest.param(
        [("Cache", None), ('Revert "Cache"', None), ('Reapply "Cache"', None)], Bond.REAPPLIED, id="reapplied"
    ),
    pytest.param([('Revert "Cache"', None), ('Reapply "Cache" (#9)', None)], Bond.RESTORED, id="an older one restored"),
    pytest.param(
        [('Revert "A"', None), ('Reapply "A"', None), ('Revert "Reapply "A""', None)],
        Bond.REVERTED_AGAIN,
        id="an older one out in the end",
    ),
    pytest.param(
        [("A", None), ('Revert "A"', None), ('Reapply "A"', None), ('Revert "A" (#4)', None)],
        Bond.REVERTED,
        id="reverted again",
    ),
]


@pytest.mark.parametrize(("commits", "bond"), REVERTS)
def test_a_revert_and_its_original_are_one_change(commits: list[tuple[str, str | None]], bond: Bond) -> None:
    day = [commit(number, title=title, reverts=named) for number, (title, named) in enumerate(commits, start=1)]
    (change,) = grouped(day)
    assert change.bond is bond
    assert numbers(change) == list(range(1, len(day) + 1))
    assert bool(change.analysis.risks) is (bond in {Bond.REAPPLIED, Bond.REVERTED_AGAIN})


def test_a_revert_has_the_level_of_both_and_tells_of_the_original() -> None:
    day = (
        commit(1, title="Cache routes", level=LOW, summary="Routes are cached."),
        commit(2, title='Revert "Cache routes"', level=MEDIUM, summary="Something else."),
    )
    (change,) = grouped(day)
    assert (change.level, change.analysis.summary) == (MEDIUM, "Routes are cached.")


@pytest.mark.parametrize(
    "titles",
    [
        pytest.param(['Revert "Cache routes"', "Cache routes"], id="it came before what it names"),
        pytest.param(["Cache routes", 'Revert "Cache pages"'], id="of another day"),
        pytest.param(["Cache routes", "Revert to the old cache"], id="not git's words"),
    ],
)
def test_a_revert_without_its_original_stands_alone(titles: list[str]) -> None:
    day = [commit(number, title=title) for number, title in enumerate(titles, start=1)]
    assert [change.bond for change in grouped(day)] == [None, None]


def test_a_revert_of_a_merge_takes_back_all_that_it_brought() -> None:
    day = (
        commit(1, BEFORE),
        commit(2, BEFORE, 1, title="Add a lock (#7)"),
        commit(3, 2, title='Revert "Add a lock" (#8)', reverts=sha(2)),
    )
    assert shape(grouped(day)) == [(Bond.REVERTED, [2, 1, 3])]


def test_the_parts_of_a_series_stand_in_their_order() -> None:
    day = (
        commit(1, title="[Cache][2/N] Use the ring (#2)"),
        commit(2, title="Something else"),
        commit(3, title="[Cache][1/N] Add a ring (#1)"),
        commit(4, title="[Pages][1/N] Add pages"),
        commit(5, title="[Cache][3/N] Drop the list", author="Grace"),
    )
    assert shape(grouped(day)) == [(None, [2]), (Bond.SERIES, [3, 1]), (None, [4]), (None, [5])]


def test_a_number_that_comes_again_begins_another_series() -> None:
    titles = ["(part 1 of 2)", "(part 2 of 2)", "(part 1 of 2)", "(part 2 of 2)"]
    day = [commit(number, title=f"Move gate {number} {part}") for number, part in enumerate(titles, start=1)]
    assert shape(grouped(day)) == [(Bond.SERIES, [1, 2]), (Bond.SERIES, [3, 4])]


def test_dependencies_of_one_level_are_one_change_and_an_urgent_one_is_its_own() -> None:
    day = (
        commit(1, title="Bump aiohttp from 3.9.1 to 3.10.0 (#1)", author="dependabot[bot]"),
        commit(2, title="chore(deps): update dependency ruff to v0.17", kind=Kind.DEPENDENCIES),
        commit(3, title="build(deps): bump the actions group", author="dependabot[bot]", kind=Kind.DEPENDENCIES),
        commit(4, title="Bump openssl from 1.0 to 1.1 [security]", level=MEDIUM),
        commit(5, title="Bump nginx from 1.0 to 1.1", level=HIGH),
        commit(6, title="Bump idna from 3 to 4", level=HIGH),
        commit(7, title="Bump version from 1.0 to 1.1"),
        commit(8, title="Update the guide to reflect the new gate"),
    )
    assert shape(grouped(day)) == [
        (Bond.DEPENDENCIES, [1, 2, 3]),
        *[(None, [number]) for number in (4, 5, 6, 7, 8)],
    ]


def test_what_recurs_is_one_change_with_its_count() -> None:
    nightly = {
        number: commit(number, title=f"Nightly build 2026-03-{number:02} (#{number})", author="Robot")
        for number in range(1, 4)
    }
    assert shape(grouped(tuple(nightly.values()))) == [(Bond.RECURRING, [1, 2, 3])]
    assert shape(grouped((nightly[1], nightly[2]))) == [(None, [1]), (None, [2])]
    by_robot = [commit(number, title="Update translations", author="weblate[bot]") for number in (1, 2)]
    assert shape(grouped(by_robot)) == [(Bond.RECURRING, [1, 2])]
    important = [commit(number, title="Fix gate", level=MEDIUM) for number in (1, 2, 3)]
    assert [change.bond for change in grouped(important)] == [None] * 3


def test_nothing_is_grouped_across_repositories() -> None:
    day = (commit(1, title="Cache"), commit(2, title='Revert "Cache"', repository="b/c"))
    assert [change.bond for change in grouped(day)] == [None, None]


@pytest.mark.parametrize(
    ("commits", "expected"),
    [
        pytest.param([], None, id="nothing"),
        pytest.param([(1, [BEFORE]), (2, [1])], (BEFORE, 2), id="a line"),
        pytest.param([(1, [BEFORE]), (2, [BEFORE]), (3, [1, 2])], (BEFORE, 3), id="with a merge"),
        pytest.param([(1, [BEFORE]), (2, [BEFORE])], None, id="two branches"),
        pytest.param([(1, []), (2, [1])], None, id="the very first commit, or one that GitHub did not tell of"),
        pytest.param([(2, [1]), (1, [BEFORE])], (BEFORE, 2), id="out of order"),
    ],
)
def test_the_period_is_known_where_both_of_its_ends_are(
    commits: list[tuple[int, list[int]]], expected: tuple[int, int] | None
) -> None:
    found = period([commit(number, *parents) for number, parents in commits])
    assert found == (expected and tuple(map(sha, expected)))
