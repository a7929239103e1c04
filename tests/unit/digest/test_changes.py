"""Commits become changes as readers see them: nothing is lost, and what belongs together stands together."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.analysis.record import Kind
from newsletter.digest.assemble import HIGH_FIRST, assemble
from newsletter.digest.changes import grouped, period
from newsletter.digest.record import EQUALS, Bond, Change
from subscribers import Level
from tests.support.clock import NOON
from tests.support.editions import TITLE, change_of, digest_of
from tests.support.records import preferences_of, sha

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


@settings(deadline=None, max_examples=400)
@given(histories())
def test_every_commit_is_in_exactly_one_change_of_its_repository(day: tuple[Change, ...]) -> None:
    changes = grouped(day)
    assert Counter(each.sha for change in changes for each in change.commits) == Counter(each.sha for each in day)
    for change in changes:
        assert {each.repository for each in change.commits} == {change.repository}
        assert (change.bond is None) is (len(change.commits) == 1)
        assert not any(member.members for member in change.members)
        own = [each for each in day if each.sha in {one.sha for one in change.commits}]
        assert change.level is max((each.level for each in own), key=lambda level: level.rank)
        if change.bond in EQUALS:
            assert {each.level for each in own} == {change.level}


@settings(deadline=None, max_examples=200)
@given(histories())
def test_the_order_is_that_of_the_leading_commits_and_always_the_same(day: tuple[Change, ...]) -> None:
    changes = grouped(day)
    places = {each.sha: place for place, each in enumerate(day)}
    assert [places[change.sha] for change in changes] == sorted(places[change.sha] for change in changes)
    assert grouped(day) == changes


@settings(deadline=None, max_examples=200)
@given(histories())
def test_thresholds_nest_and_whatever_reaches_one_is_there(day: tuple[Change, ...]) -> None:
    shown = {}
    for threshold in HIGH_FIRST:
        edition = assemble(digest_of(grouped(day)), preferences_of(threshold=threshold), title=TITLE)
        shown[threshold] = {each.sha for change in (edition.changes if edition else ()) for each in change.commits}
        assert {each.sha for each in day if each.level.reaches(threshold)} <= shown[threshold]
    assert shown[HIGH] <= shown[MEDIUM] <= shown[LOW] == {each.sha for each in day}


def test_a_history_of_thousands_is_no_deeper_than_the_stack() -> None:
    count = 3000
    day = [
        change_of(n, level=LOW, sha=sha(n), title=f"{n:x} gate", parents=(sha(n - 1 or 9999), sha(max(1, n - 2))))
        for n in range(1, count + 1)
    ]
    assert sum(len(change.commits) for change in grouped(day)) == count
    assert period(day) == (sha(9999), sha(count))
