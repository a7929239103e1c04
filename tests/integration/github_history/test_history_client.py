"""What the client reads of a repository's history, from a stand-in that answers as GitHub does, and from worse ones."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import unquote

import pytest

from newsletter.demo.github import StandInGitHub
from newsletter.github.client import GitHubClient
from newsletter.github.faults import GitHubUnavailable, NotOnGitHub
from newsletter.github.record import Movement
from tests.support.clock import NOON
from tests.support.drawn_answers import sends
from tests.support.graph import NAME, Graph
from tests.support.records import sha

HOUR = timedelta(hours=1)
Asks = Callable[[GitHubClient], Awaitable[object]]


def numbers(commits: Any) -> list[int]:
    return [int(commit.sha, 16) for commit in commits]


async def test_a_comparison_is_what_one_commit_has_and_another_has_not(graph: Graph, client: GitHubClient) -> None:
    graph.line([1, 2])
    graph.add(3, 1, at=NOON - HOUR, message="Side\n\nbody")
    graph.add(4, 2, 3)
    found = await client.compare(NAME, sha(2), sha(4))
    assert (found.status, found.complete, numbers(found.commits)) == ("ahead", True, [3, 4])
    side, merge = found.commits
    assert merge.parents == (sha(2), sha(3))
    assert (side.commit.message, side.commit.committed_at) == ("Side\n\nbody", NOON - HOUR)
    assert (side.commit.author, side.commit.author_login, side.commit.paths) == ("Ada", "ada", ())


async def test_a_comparison_of_several_pages_is_complete_and_in_order(
    graph: Graph, server: StandInGitHub, client: GitHubClient
) -> None:
    graph.line(range(1, 352))
    found = await client.compare(NAME, sha(1), sha(351))
    assert found.complete
    assert numbers(found.commits) == list(range(2, 352))
    assert len(server.requests) == 4


async def test_a_comparison_of_exactly_a_page_takes_one_request(
    graph: Graph, server: StandInGitHub, client: GitHubClient
) -> None:
    graph.line(range(1, 102))
    assert len((await client.compare(NAME, sha(1), sha(101))).commits) == 100
    assert len(server.requests) == 1


@pytest.mark.parametrize(("head", "status"), [(1, "identical"), (3, "diverged")])
async def test_a_comparison_says_how_the_two_lie(graph: Graph, client: GitHubClient, head: int, status: str) -> None:
    graph.add(1, 9)
    graph.line([2, 3], after=9)
    assert (await client.compare(NAME, sha(1), sha(head))).status == status


async def test_a_server_that_knows_no_pages_is_not_asked_for_ever(
    graph: Graph, server: StandInGitHub, client: GitHubClient
) -> None:
    graph.line(range(1, 6))
    entries = [graph.commits[NAME, sha(number)] for number in range(1, 6)]
    server.faults = sends({"status": "ahead", "total_commits": 400, "commits": entries})
    found = await client.compare(NAME, sha(9), sha(5))
    assert (len(found.commits), found.complete) == (5, False)
    assert len(server.requests) == 2


async def test_a_comparison_that_ends_before_what_it_counts_is_half_an_answer(
    server: StandInGitHub, client: GitHubClient
) -> None:
    server.faults = sends({"status": "ahead", "total_commits": 3, "commits": []})
    with pytest.raises(GitHubUnavailable, match="incomplete"):
        await client.compare(NAME, sha(1), sha(2))


async def test_a_log_comes_page_by_page_newest_first(graph: Graph, client: GitHubClient) -> None:
    graph.line(range(1, 131))
    assert numbers(await client.log(NAME, sha(130), page=1)) == list(range(130, 30, -1))
    assert numbers(await client.log(NAME, sha(130), page=2)) == list(range(30, 0, -1))
    assert await client.log(NAME, sha(130), page=3) == ()


async def test_a_log_begins_where_it_is_told_to_in_any_zone(
    graph: Graph, server: StandInGitHub, client: GitHubClient
) -> None:
    for number in (1, 2, 3):
        graph.add(number, *([number - 1] if number > 1 else []), at=NOON + number * HOUR)
    since = (NOON + 2 * HOUR).astimezone(timezone(timedelta(hours=8)))
    assert numbers(await client.log(NAME, sha(3), page=1, since=since)) == [3, 2]
    assert server.requests[-1].endswith("&since=2026-03-02T14:00:00Z")


async def test_movements_are_those_of_the_branch_newest_first(server: StandInGitHub, client: GitHubClient) -> None:
    moves: list[tuple[str, int, datetime]] = [("main", 1, NOON), ("other", 2, NOON), ("main", 3, NOON + HOUR)]
    for branch, number, at in moves:
        server.history.move(NAME, branch, sha(number), at=at)
    assert await client.movements(NAME, "main") == (
        Movement(before=sha(1), after=sha(3), at=NOON + HOUR),
        Movement(before="0" * 40, after=sha(1), at=NOON),
    )


async def test_branches_are_listed_to_the_last_page(server: StandInGitHub, client: GitHubClient) -> None:
    names = [f"topic/{number}" for number in range(230)]
    for name in names:
        server.history.move(NAME, name, sha(1))
    assert list(await client.branches(NAME)) == names
    assert len(server.requests) == 3


ODD_NAMES = [
    "release/1.0/rc",
    "fix#7",
    "50%",
    "50%25",
    "a+b",
    "a&per_page=1",
    "q?page=2",
    "{sha}",
    "käse/奶酪",
    "semi;colon=1",
    "x@y!$'(),",
    "..",
]


@pytest.mark.parametrize("name", ODD_NAMES)
async def test_a_branch_may_be_called_anything(server: StandInGitHub, client: GitHubClient, name: str) -> None:
    server.history.move(NAME, "main", sha(1), at=NOON)
    server.history.move(NAME, name, sha(2), at=NOON)
    if name != "..":
        assert await client.head(NAME, name) == sha(2)
        assert unquote(server.requests[-1]).endswith(f"/branches/{name}")
    assert numbers_moved(await client.movements(NAME, name)) == [2]


def numbers_moved(movements: tuple[Movement, ...]) -> list[int]:
    return [int(movement.after, 16) for movement in movements]


async def test_what_is_not_there_is_told_apart_from_an_outage(
    graph: Graph, server: StandInGitHub, client: GitHubClient
) -> None:
    graph.line([1, 2])
    server.history.forgotten.add(sha(1))
    for ask in (
        client.head(NAME, "main"),
        client.compare(NAME, sha(1), sha(2)),
        client.log(NAME, sha(7), page=1),
        client.movements(NAME, "main"),
    ):
        with pytest.raises(NotOnGitHub):
            await ask


@pytest.mark.parametrize("name", ["", "main", "a" * 39, "../../../user", "a" * 40 + "?x=1"])
async def test_a_hostile_sha_never_becomes_a_request(server: StandInGitHub, client: GitHubClient, name: str) -> None:
    for ask in (
        client.compare(NAME, name, sha(1)),
        client.compare(NAME, sha(1), name),
        client.log(NAME, name, page=1),
    ):
        with pytest.raises(NotOnGitHub):
            await ask
    assert server.requests == []


def commit(**changes: Any) -> dict[str, Any]:
    graph = Graph()
    graph.add(1)
    return {**graph.commits[NAME, sha(1)], **changes}


def dated(date: object) -> dict[str, Any]:
    return commit(commit={"message": "m", "author": {"name": "Ada"}, "committer": {"date": date}})


NO_COMMITS: list[object] = [
    None,
    7,
    "text",
    {},
    {"a": 1},
    [None],
    [7],
    [{}],
    [commit(sha="main")],
    [commit(sha=7)],
    [commit(parents=["x"])],
    [commit(parents=[{"sha": "../.."}])],
    [commit(parents=7)],
    [commit(commit=None)],
    [commit(commit={"message": "m"})],
    [commit(author="ada")],
    [dated(None)],
    [dated(1772452800)],
    [dated("yesterday")],
    [dated("2026-03-02T12:00:00")],
    [dated("0001-01-01T00:00:00+14:00")],
]
MALFORMED: list[tuple[str, Asks, list[object]]] = [
    (
        "head",
        lambda client: client.head(NAME, "main"),
        [None, [], {}, {"commit": None}, {"commit": {"sha": "main"}}, {"commit": {"sha": None}}, "text"],
    ),
    ("log", lambda client: client.log(NAME, sha(1), page=1), NO_COMMITS),
    (
        "compare",
        lambda client: client.compare(NAME, sha(1), sha(2)),
        [
            *(None, [], {}, "text", {"commits": []}, {"commits": [], "total_commits": None}),
            *({"commits": [], "total_commits": "many"}, {"total_commits": 0}),
            *({"commits": entries, "total_commits": 1} for entries in NO_COMMITS),
        ],
    ),
    ("branches", lambda client: client.branches(NAME), [None, 7, "text", {}, {"name": "x"}, [{}], [7], [{"name": 7}]]),
    (
        "movements",
        lambda client: client.movements(NAME, "main"),
        [
            *(None, 7, {}, "text", [7], [{}]),
            [{"before": "x", "after": sha(1), "timestamp": "2026-03-02T12:00:00Z"}],
            [{"before": sha(1), "after": None, "timestamp": "2026-03-02T12:00:00Z"}],
            [{"before": sha(1), "after": sha(2), "timestamp": "2026-03-02T12:00:00"}],
            [{"before": sha(1), "after": sha(2)}],
        ],
    ),
]


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        pytest.param(ask, answer, id=f"{name} {json.dumps(answer)[:60]}")
        for name, ask, answers in MALFORMED
        for answer in answers
    ],
)
async def test_an_answer_that_is_not_as_documented_is_not_believed(
    server: StandInGitHub, client: GitHubClient, ask: Asks, answer: object
) -> None:
    server.faults = sends(answer)
    with pytest.raises(GitHubUnavailable):
        await ask(client)


async def test_an_author_without_name_or_account_is_nobody(server: StandInGitHub, client: GitHubClient) -> None:
    bare = {"message": "a\0b", "author": None, "committer": {"date": "2026-03-02T20:00:00+08:00"}}
    server.faults = sends([commit(commit=bare, author=None, parents=None)])
    (found,) = await client.log(NAME, sha(1), page=1)
    assert (found.commit.author, found.commit.author_login, found.parents) == ("", None, ())
    assert (found.commit.message, found.commit.committed_at) == ("a\ufffdb", NOON)
