"""What a branch has gained over what is stored, told from a list of commits alone."""

from __future__ import annotations

from newsletter.pipeline.history import gained, newest_whole
from tests.support.graph import Graph
from tests.support.records import sha


def gain(graph: Graph, head: int, *stored: int) -> tuple[list[int], bool]:
    """Return what is new, newest first as GitHub lists it, and whether the branch's line ends at a stored commit."""
    listed = {name: graph.listed(int(name, 16)) for _, name in reversed(graph.commits)}
    new, met = gained(sha(head), listed, {sha(number) for number in stored})
    return [int(commit.sha, 16) for commit in new], met


def test_what_lies_above_a_stored_commit_is_new() -> None:
    graph = Graph()
    graph.line([1, 2, 3, 4])
    assert gain(graph, 4, 2) == ([4, 3], True)


def test_a_head_that_is_stored_brings_nothing() -> None:
    graph = Graph()
    graph.line([1, 2])
    assert gain(graph, 2, 2) == ([], True)


def test_a_side_branch_from_a_stored_commit_is_new_and_nothing_below_it() -> None:
    graph = Graph()
    graph.line([1, 2, 3])
    graph.line([4, 5], after=2)
    graph.add(6, 3, 5)
    assert gain(graph, 6, 2) == ([6, 5, 4, 3], True)
    assert gain(graph, 6, 3, 4) == ([6, 5], True)


def test_a_stored_commit_on_a_side_branch_does_not_end_the_branchs_own_line() -> None:
    graph = Graph()
    graph.line([2, 3], after=1)
    graph.add(4, 1)
    graph.add(5, 3, 4)
    assert gain(graph, 5, 4) == ([5, 3, 2], False)


def test_a_line_that_goes_on_beyond_the_list_is_not_at_its_end() -> None:
    graph = Graph()
    graph.line([2, 3], after=1)
    assert gain(graph, 3) == ([3, 2], False)


def test_a_line_that_ends_with_the_first_commit_of_all_has_met_nothing() -> None:
    graph = Graph()
    graph.line([1, 2, 3])
    assert gain(graph, 3) == ([3, 2, 1], False)


def test_a_head_that_is_not_listed_has_met_nothing() -> None:
    graph = Graph()
    graph.add(1)
    assert gain(graph, 7) == ([], False)


def test_what_the_head_does_not_reach_is_not_new() -> None:
    graph = Graph()
    graph.line([1, 2])
    graph.add(3, 1)
    assert gain(graph, 2, 1) == ([2], True)


def test_a_circle_of_parents_ends() -> None:
    graph = Graph()
    graph.add(1, 2)
    graph.add(2, 1, 2)
    assert gain(graph, 2) == ([2, 1], False)


def test_what_is_older_than_a_stored_commit_is_not_new_even_where_a_late_branch_begins_there() -> None:
    """The repository was followed from 3 on: nothing before it is stored."""
    graph = Graph()
    graph.line([1, 2, 3])
    graph.add(4, 1)
    graph.add(5, 3, 4)
    assert gain(graph, 5, 3) == ([5, 4], True)


def stands_for(graph: Graph, head: int) -> int | None:
    """Return which of all commits of a graph, listed oldest first, stands for most of them."""
    listed = [graph.listed(int(name, 16)) for _, name in graph.commits]
    found = newest_whole(listed, head=sha(head))
    return int(found, 16) if found else None


def test_of_a_list_that_is_cut_off_the_commit_that_reaches_most_stands_for_it() -> None:
    graph = Graph()
    graph.line([2, 3], after=1)
    graph.line([4, 5], after=1)
    graph.add(6, 3, 5)
    graph.add(7, 1)
    assert stands_for(graph, 99) == 6


def test_no_commit_stands_for_a_list_that_ends_with_the_head_and_lacks_what_is_before_it() -> None:
    graph = Graph()
    graph.line([5, 6], after=4)
    assert stands_for(graph, 6) is None
    assert stands_for(Graph(), 6) is None
