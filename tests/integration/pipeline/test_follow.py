"""A repository is followed from its present heads on, and ``repositories add`` says how."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from newsletter.demo.github import StandInGitHub
from newsletter.github.client import GitHubClient
from newsletter.github.faults import GitHubUnavailable, NotOnGitHub
from newsletter.pipeline.follow import follow, introduce
from newsletter.pipeline.reconcile import reconcile
from newsletter.store import branches, repositories
from newsletter.store.engine import Store
from newsletter.store.repositories import FollowedRepository
from tests.support.background import Background
from tests.support.clock import NOON, FrozenClock
from tests.support.command_line import CommandLine
from tests.support.graph import NAME, REPOSITORY, Graph, lookout_over, on_github
from tests.support.records import sha

QUARTER = timedelta(minutes=15)


@pytest.fixture
async def github() -> AsyncIterator[tuple[StandInGitHub, GitHubClient]]:
    graph = Graph()
    graph.line([1, 2, 3])
    async with on_github(graph) as (server, client):
        server.history.move(NAME, "main", sha(2))
        server.history.move(NAME, "release/1", sha(3))
        yield server, client


async def heads(store: Store, repository: FollowedRepository) -> dict[str, int]:
    async with store.read() as connection:
        found = await branches.of_repository(connection, repository.id)
    return {branch.name: int(branch.head, 16) for branch in found}


async def followed(
    store: Store,
    client: GitHubClient | None,
    *patterns: str,
    given: bool = True,
    poll: timedelta | None = None,
) -> tuple[FollowedRepository, bool]:
    """Follow the repository, asking GitHub where there is a client; ``given``: whether branches are named at all."""
    introduction = await introduce(NAME, branch_patterns=patterns, github=client) if client else None
    return await follow(
        NAME,
        introduction=introduction,
        branch_patterns=patterns if given else None,
        poll=poll,
        store=store,
        now=NOON,
    )


async def test_a_repository_begins_with_the_present_head_of_its_default_branch(
    store: Store, github: tuple[StandInGitHub, GitHubClient]
) -> None:
    repository, new = await followed(store, github[1])
    assert new
    assert (repository.github_id, repository.default_branch, repository.private) == (100, "main", False)
    assert (repository.branch_patterns, repository.poll) == ((), None)
    assert await heads(store, repository) == {"main": 2}


async def test_named_branches_begin_and_patterns_and_those_to_come_wait(
    store: Store, github: tuple[StandInGitHub, GitHubClient]
) -> None:
    repository, _ = await followed(store, github[1], "main", "release/1", "release/*", "to-come")
    assert repository.branch_patterns == ("main", "release/1", "release/*", "to-come")
    assert await heads(store, repository) == {"main": 2, "release/1": 3}


async def test_following_again_keeps_heads_and_whatever_is_not_given(
    store: Store, github: tuple[StandInGitHub, GitHubClient]
) -> None:
    server, client = github
    await followed(store, client, "main", poll=QUARTER)
    server.history.move(NAME, "main", sha(3))
    again, new = await followed(store, client, given=False)
    assert not new
    assert (again.branch_patterns, again.poll) == (("main",), QUARTER)
    assert await heads(store, again) == {"main": 2}
    changed, _ = await followed(store, client, "release/*", poll=timedelta(0))
    assert (changed.branch_patterns, changed.poll) == (("release/*",), None)
    default, _ = await followed(store, client, poll=2 * QUARTER)
    assert (default.branch_patterns, default.poll) == ((), 2 * QUARTER)


async def test_where_github_is_not_asked_nothing_begins(store: Store) -> None:
    repository, new = await followed(store, None, "main", poll=QUARTER)
    assert new
    assert (repository.github_id, repository.private, repository.poll) == (None, True, QUARTER)
    assert await heads(store, repository) == {}


@pytest.mark.parametrize(("status", "kind"), [(404, NotOnGitHub), (502, GitHubUnavailable)])
async def test_who_cannot_be_introduced_is_not_followed(
    github: tuple[StandInGitHub, GitHubClient], status: int, kind: type[Exception]
) -> None:
    server, client = github
    server.faults = lambda _: web.json_response({}, status=status)
    with pytest.raises(kind):
        await introduce(NAME, branch_patterns=(), github=client)


async def test_one_of_which_only_the_name_is_known_is_introduced_when_it_is_compared(
    store: Store, clock: FrozenClock
) -> None:
    async with lookout_over(store, clock) as lookout:
        async with store.write() as transaction:
            flood, _ = await repositories.add(transaction.connection, "acme/flood", known=None, now=NOON)
        assert isinstance(lookout.server.repositories, dict)
        lookout.server.repositories["acme/flood"] = {**REPOSITORY, "id": 7, "full_name": "Acme/Flood"}
        lookout.server.history.move("Acme/Flood", "main", f"{5:040x}")
        await reconcile(flood, store=store, jobs=lookout.newsroom.jobs, github=lookout.github, now=NOON)
        async with store.read() as connection:
            known = await repositories.by_id(connection, flood.id)
        assert known is not None
        assert (known.github_id, known.full_name, known.default_branch, known.private) == (
            7,
            "Acme/Flood",
            "main",
            False,
        )
        assert known.reconciled_at == NOON


@pytest.fixture
def server() -> Iterator[StandInGitHub]:
    graph = Graph()
    graph.add(1)
    background = Background()
    stand_in = StandInGitHub(repositories={NAME: REPOSITORY}, commits=graph.commits)
    stand_in.history.move(NAME, "main", sha(1))
    with background.serving(stand_in) as started:
        yield started
    background.close()


@pytest.fixture
def newsletter(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], server: StandInGitHub, tmp_path: Path
) -> CommandLine:
    monkeypatch.chdir(tmp_path)
    environment = {
        "NEWSLETTER_DATABASE_URL": f"sqlite:///{tmp_path}/newsletter.db",
        "NEWSLETTER_GITHUB__API_URL": server.url,
    }
    return CommandLine(monkeypatch, capsys, environment)


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("15m", "15m"),
        ("1h", "1h"),
        ("60m", "1h"),
        ("90s", "90s"),
        ("60s", "1m"),
        ("24h", "1d"),
        ("1d", "1d"),
        ("90m", "90m"),
    ],
)
def test_a_poll_is_a_duration_between_a_minute_and_a_day(newsletter: CommandLine, told: str, shown: str) -> None:
    added = newsletter("repositories", "add", NAME, "--poll", told)
    assert (added.code, added.out) == (
        0,
        f"Following {NAME} (public).\nGitHub is asked every {shown} for what is new.\n",
    )
    (row,) = newsletter("repositories", "list", "--json").json()
    assert row["poll"] == shown


@pytest.mark.parametrize(
    "told", ["10s", "59s", "2d", "25h", "0m", "-5m", "15", "m", "", "15M", "1.5h", "1h30m", "9999999d", "١٥m", "never"]
)
def test_any_other_poll_is_a_wrong_call_that_changes_nothing(
    newsletter: CommandLine, server: StandInGitHub, told: str
) -> None:
    refused = newsletter("repositories", "add", NAME, f"--poll={told}")
    assert refused.code == 2
    assert "15m or 1h, or off" in refused.err
    assert server.requests == []
    assert newsletter("repositories", "list", "--json").json() == []


def test_a_poll_is_ended_and_kept_as_told(newsletter: CommandLine) -> None:
    def poll() -> object:
        (row,) = newsletter("repositories", "list", "--json").json()
        return row["poll"]

    newsletter("repositories", "add", NAME, "--poll", "15m")
    kept = newsletter("repositories", "add", NAME)
    assert kept.out == f"Already following {NAME} (public).\n"
    assert poll() == "15m"
    assert newsletter("repositories", "add", NAME, "--poll", "off").code == 0
    assert poll() is None


def test_branches_are_named_one_by_one_and_replaced_together(newsletter: CommandLine) -> None:
    def shown() -> object:
        (row,) = newsletter("repositories", "list", "--json").json()
        return row["branches"]

    assert newsletter("repositories", "add", NAME).code == 0
    assert shown() == "main"
    assert newsletter("repositories", "add", NAME, "--branch", "main", "--branch", "release/*").code == 0
    assert shown() == "main, release/*"
    assert newsletter("repositories", "add", NAME, "--poll", "1h").code == 0
    assert shown() == "main, release/*"
    assert newsletter("repositories", "add", NAME, "--branch", "develop").code == 0
    assert shown() == "develop"


def test_the_list_for_programs_has_every_field(newsletter: CommandLine) -> None:
    newsletter("repositories", "add", NAME, "--poll", "15m")
    (row,) = newsletter("repositories", "list", "--json").json()
    assert {**row, "added": ""} == {
        "repository": NAME,
        "private": False,
        "default_branch": "main",
        "branches": "main",
        "followed": "by hand",
        "poll": "15m",
        "compared": None,
        "problem": None,
        "added": "",
    }
    newsletter("digests", "close", "--day", "2026-01-20")
    (row,) = newsletter("repositories", "list", "--json").json()
    assert row["compared"] >= row["added"]


def test_the_list_says_why_a_repository_is_not_compared(newsletter: CommandLine, server: StandInGitHub) -> None:
    newsletter("repositories", "add", NAME)
    server.faults = lambda _: web.json_response({"message": "Bad credentials"}, status=401)
    newsletter("digests", "close", "--day", "2026-01-20")
    (row,) = newsletter("repositories", "list", "--json").json()
    assert row["compared"] is None
    assert "the token is wrong" in row["problem"]


def test_closing_a_day_asks_github_first_and_says_where_it_cannot(
    newsletter: CommandLine, server: StandInGitHub
) -> None:
    newsletter("repositories", "add", NAME)
    server.requests.clear()
    assert newsletter("digests", "close", "--day", "2026-01-19", "--no-reconcile").code == 0
    assert server.requests == []
    server.faults = lambda _: web.json_response({}, status=502)
    closed = newsletter("digests", "close", "--day", "2026-01-20")
    assert (closed.code, closed.out.partition(":")[0]) == (0, "Closed 2026-01-20")
    assert f"{NAME}: a missed push would not be noticed (GitHub answered 502)." in closed.err
