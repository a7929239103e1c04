"""When commits reached their branch: exactly where GitHub kept a record, nearly where it did not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.github.arrival import arrivals
from newsletter.github.record import ListedCommit, Movement
from tests.support.clock import NOON
from tests.support.graph import Graph
from tests.support.records import sha

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def moved(before: int, after: int, at: datetime) -> Movement:
    return Movement(before=sha(before), after=sha(after), at=at)


def dated(
    graph: Graph,
    head: int,
    *movements: Movement,
    after: datetime | None = NOON - 30 * DAY,
    until: datetime = NOON,
) -> dict[int, datetime]:
    listed = [graph.listed(int(name, 16)) for _, name in graph.commits]
    times = arrivals(listed, head=sha(head), movements=movements, after=after, until=until)
    return {int(name, 16): at for name, at in times.items()}


def test_nothing_arrived_where_nothing_is_listed() -> None:
    assert arrivals([], head=sha(1), after=None, until=NOON) == {}


def test_a_record_of_movements_dates_each_commit_exactly() -> None:
    graph = Graph()
    graph.line([1, 2, 3], after=99, at=NOON - 20 * DAY)
    times = dated(graph, 3, moved(99, 2, NOON - 2 * HOUR), moved(2, 3, NOON - HOUR))
    assert times == {1: NOON - 2 * HOUR, 2: NOON - 2 * HOUR, 3: NOON - HOUR}


def test_what_a_merge_brought_arrived_with_it() -> None:
    graph = Graph()
    graph.add(1, 99, at=NOON - 5 * HOUR)
    graph.line([2, 3], after=99, at=NOON - 20 * DAY)
    graph.add(4, 1, 3, at=NOON - 2 * HOUR)
    graph.add(5, 4, at=NOON - HOUR)
    assert dated(graph, 5) == {
        1: NOON - 5 * HOUR,
        2: NOON - 2 * HOUR,
        3: NOON - 2 * HOUR,
        4: NOON - 2 * HOUR,
        5: NOON - HOUR,
    }


def test_what_a_merge_within_a_merge_brought_arrived_with_the_first_on_the_branch() -> None:
    graph = Graph()
    graph.add(1, 99, at=NOON - 9 * HOUR)
    graph.add(2, 99, at=NOON - 8 * HOUR)
    graph.add(3, 1, 2, at=NOON - 7 * HOUR)
    graph.add(4, 99, at=NOON - 6 * HOUR)
    graph.add(5, 4, 3, at=NOON - HOUR)
    assert dated(graph, 5) == {1: NOON - HOUR, 2: NOON - HOUR, 3: NOON - HOUR, 4: NOON - 6 * HOUR, 5: NOON - HOUR}


def test_a_commit_older_than_the_one_before_it_arrived_no_earlier() -> None:
    graph = Graph()
    graph.add(1, 99, at=NOON - HOUR)
    graph.add(2, 1, at=NOON - 20 * DAY)
    assert dated(graph, 2) == {1: NOON - HOUR, 2: NOON - HOUR}


def test_nothing_arrived_before_the_last_known_head_or_after_the_look() -> None:
    graph = Graph()
    graph.add(1, 99, at=NOON - 20 * DAY)
    graph.add(2, 1, at=NOON + DAY)
    assert dated(graph, 2, after=NOON - HOUR) == {1: NOON - HOUR, 2: NOON}
    assert dated(graph, 2, moved(99, 1, NOON - DAY), moved(1, 2, NOON + DAY), after=NOON - HOUR) == {
        1: NOON - HOUR,
        2: NOON,
    }


def test_without_a_known_head_there_is_no_earliest_moment() -> None:
    graph = Graph()
    graph.add(1, at=NOON - 4000 * DAY)
    assert dated(graph, 1, after=None) == {1: NOON - 4000 * DAY}


def test_what_was_there_before_the_oldest_movement_on_record_arrived_earlier() -> None:
    graph = Graph()
    graph.add(1, 99, at=NOON - 9 * HOUR)
    graph.add(2, 1, at=NOON - 8 * HOUR)
    graph.add(3, 2, at=NOON - 7 * HOUR)
    assert dated(graph, 3, moved(2, 3, NOON - HOUR)) == {1: NOON - 9 * HOUR, 2: NOON - 8 * HOUR, 3: NOON - HOUR}


def test_what_was_there_before_the_record_is_not_dated_by_a_later_merge_of_a_branch_from_it() -> None:
    graph = Graph()
    graph.add(1, 99, at=NOON - 20 * DAY)
    graph.add(2, 1, at=NOON - 9 * DAY)
    graph.add(3, 1, at=NOON - 8 * DAY)
    graph.add(4, 2, 3, at=NOON - HOUR)
    times = dated(graph, 4, moved(1, 2, NOON - 9 * DAY), moved(2, 4, NOON - HOUR))
    assert times == {1: NOON - 20 * DAY, 2: NOON - 9 * DAY, 3: NOON - HOUR, 4: NOON - HOUR}


def test_what_was_there_before_the_oldest_movement_is_not_dated_after_it() -> None:
    """Its own clock went wrong."""
    graph = Graph()
    graph.add(1, 99, at=NOON - HOUR)
    graph.add(2, 1, at=NOON - 3 * HOUR)
    assert dated(graph, 2, moved(1, 2, NOON - 2 * HOUR)) == {1: NOON - 2 * HOUR, 2: NOON - 2 * HOUR}


def test_a_gap_in_the_record_is_filled_from_the_history() -> None:
    graph = Graph()
    for number in (1, 2, 3):
        graph.add(number, number - 1 or 99, at=NOON - (9 - number) * HOUR)
    times = dated(graph, 3, moved(99, 1, NOON - 8 * HOUR), moved(2, 3, NOON - HOUR))
    assert times == {1: NOON - 8 * HOUR, 2: NOON - 7 * HOUR, 3: NOON - HOUR}


def test_movements_of_one_moment_may_come_in_any_order() -> None:
    graph = Graph()
    graph.line([1, 2, 3], after=99, at=NOON - 20 * DAY)
    movements = [moved(1, 2, NOON - HOUR), moved(2, 3, NOON - HOUR)]
    expected = {1: NOON - 20 * DAY, 2: NOON - HOUR, 3: NOON - HOUR}
    assert dated(graph, 3, *movements) == expected
    assert dated(graph, 3, *movements[::-1]) == expected


def test_a_commit_that_came_twice_arrived_the_first_time() -> None:
    """A forced push took it away, and a later one brought it back."""
    graph = Graph()
    graph.add(1, 99)
    graph.add(2, 1)
    movements = [moved(99, 2, NOON - 5 * HOUR), moved(2, 1, NOON - 4 * HOUR), moved(1, 2, NOON - 3 * HOUR)]
    assert dated(graph, 2, *movements) == {1: NOON - 5 * HOUR, 2: NOON - 5 * HOUR}


def test_movements_of_other_branches_commits_say_nothing() -> None:
    graph = Graph()
    graph.add(1, 99, at=NOON - HOUR)
    assert dated(graph, 1, moved(50, 51, NOON - 5 * HOUR)) == {1: NOON - HOUR}


@pytest.mark.parametrize("movements", [[], [moved(3, 1, NOON - HOUR)]], ids=["no record", "a record"])
def test_a_circle_of_parents_ends(movements: list[Movement]) -> None:
    graph = Graph()
    graph.add(1, 3, at=NOON - 3 * HOUR)
    graph.add(2, 1, at=NOON - 2 * HOUR)
    graph.add(3, 2, 3, at=NOON - HOUR)
    assert set(dated(graph, 3, *movements)) == {1, 2, 3}


def test_a_head_that_is_not_listed_leaves_each_commit_its_own_date() -> None:
    graph = Graph()
    graph.add(1, 99, at=NOON - 2 * HOUR)
    assert dated(graph, 7) == {1: NOON - 2 * HOUR}


def test_what_is_not_on_the_branch_says_nothing_of_what_is() -> None:
    graph = Graph()
    graph.add(1, 99)
    graph.add(2, 1, at=NOON - DAY)
    assert dated(graph, 1, moved(99, 1, NOON - HOUR)) == {1: NOON - HOUR, 2: NOON - DAY}


def test_five_thousand_commits_and_a_hundred_movements_take_no_time_to_speak_of() -> None:
    graph = Graph()
    graph.line(range(1, 5001), after=99_999)
    movements = [moved(number - 1, number, NOON - DAY + number * timedelta(seconds=1)) for number in range(4901, 5001)]
    times = dated(graph, 5000, *movements)
    assert times[5000] == NOON - DAY + timedelta(seconds=5000)
    assert len(times) == 5000


MOMENTS = st.integers(-100, 100).map(lambda hours: NOON + hours * HOUR)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[ListedCommit], list[Movement]]:
    """Return commits of which each has older ones as its parents, the last one being the head, and movements."""
    graph = Graph()
    count = draw(st.integers(1, 12))
    for number in range(1, count + 1):
        # Some parents are not listed: they are older than the last known head.
        older = st.integers(max(1, number - 4), number - 1) | st.just(900) if number > 1 else st.just(900)
        parents = draw(st.lists(older, max_size=3, unique=True))
        graph.add(number, *parents, at=draw(MOMENTS))
    anything = st.integers(0, count + 1)
    movements = draw(st.lists(st.builds(moved, anything, anything, MOMENTS), max_size=6))
    return [graph.listed(number) for number in range(1, count + 1)], movements


def ancestors(commits: Sequence[ListedCommit], of: str) -> set[str]:
    parents = {commit.sha: commit.parents for commit in commits}
    found: set[str] = set()
    waiting = [of]
    while waiting:
        for parent in parents.get(waiting.pop(), ()):
            if parent in parents and parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


@given(history=histories(), after=st.none() | MOMENTS, span=st.integers(0, 100), data=st.data())
def test_whatever_the_history_every_commit_arrived_within_bounds_and_after_its_ancestors(
    history: tuple[list[ListedCommit], list[Movement]], after: datetime | None, span: int, data: st.DataObject
) -> None:
    commits, movements = history
    head = commits[-1].sha
    until = (after or NOON) + span * HOUR
    times = arrivals(commits, head=head, movements=movements, after=after, until=until)
    assert set(times) == {commit.sha for commit in commits}
    assert all((after is None or after <= at) and at <= until for at in times.values())
    for name in (head, *ancestors(commits, head)):
        assert all(times[older] <= times[name] for older in ancestors(commits, name))
    shuffled, mixed = data.draw(st.permutations(commits)), data.draw(st.permutations(movements))
    assert arrivals(shuffled, head=head, movements=mixed, after=after, until=until) == times


@given(history=histories(), data=st.data())
def test_a_complete_record_is_believed_to_the_letter(
    history: tuple[list[ListedCommit], list[Movement]], data: st.DataObject
) -> None:
    commits, _ = history
    head = commits[-1].sha
    reached = [*sorted(ancestors(commits, head), key=[commit.sha for commit in commits].index), head]
    stops = sorted(data.draw(st.sets(st.sampled_from(range(len(reached))))) | {len(reached) - 1})
    movements = []
    expected: dict[str, datetime] = {}
    before = sha(900)
    for step, stop in enumerate(stops):
        at = NOON + step * HOUR
        movements.append(Movement(before=before, after=reached[stop], at=at))
        for name in (*ancestors(commits, reached[stop]), reached[stop]):
            expected.setdefault(name, at)
        before = reached[stop]
    times = arrivals(commits, head=head, movements=movements, after=NOON, until=NOON + 50 * HOUR)
    assert {name: times[name] for name in reached} == expected
