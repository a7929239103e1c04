"""The client's manners: conditions, one pause for everybody, and the end of an outage."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web

from newsletter.demo.github import StandInGitHub
from newsletter.github.client import GitHubClient
from newsletter.github.faults import GitHubError, GitHubRefused, GitHubUnavailable, NotOnGitHub, RateLimited
from newsletter.metrics import REGISTRY
from tests.support.drawn_answers import sends
from tests.support.graph import NAME, Graph
from tests.support.records import sha


async def test_a_head_that_did_not_move_is_asked_for_under_its_condition(
    server: StandInGitHub, client: GitHubClient
) -> None:
    conditions: list[str | None] = []

    def note(request: web.Request) -> None:
        conditions.append(request.headers.get("If-None-Match"))

    server.faults = note
    server.history.move(NAME, "main", sha(1))
    assert [await client.head(NAME, "main") for _ in range(3)] == [sha(1)] * 3
    assert conditions[0] is None
    assert conditions[1] is not None
    assert conditions[1] == conditions[2]
    server.history.move(NAME, "main", sha(2))
    assert await client.head(NAME, "main") == sha(2)
    assert await client.head(NAME, "main") == sha(2)
    assert conditions[3] == conditions[1] != conditions[4]


async def test_what_one_token_saw_is_not_told_to_another(graph: Graph, server: StandInGitHub) -> None:
    asked: list[tuple[str | None, str | None]] = []

    def gate(request: web.Request) -> web.Response | None:
        token = request.headers.get("Authorization")
        asked.append((token, request.headers.get("If-None-Match")))
        return None if token == "token first" else web.json_response({"message": "Not Found"}, status=404)

    server.history.move(NAME, "main", sha(1))
    server.faults = gate
    async with aiohttp.ClientSession() as session:
        first, second = (
            GitHubClient(session, api_url=server.url, token=token, pauses=()) for token in ("first", "second")
        )
        assert await first.head(NAME, "main") == sha(1)
        with pytest.raises(NotOnGitHub):
            await second.head(NAME, "main")
    assert asked == [("token first", None), ("token second", None)]


async def test_nothing_but_heads_is_kept(graph: Graph, server: StandInGitHub, client: GitHubClient) -> None:
    graph.line([1, 2])
    server.faults = lambda request: conditions.append(request.headers.get("If-None-Match"))
    conditions: list[str | None] = []
    for _ in range(2):
        await client.compare(NAME, sha(1), sha(2))
        await client.log(NAME, sha(2), page=1)
        await client.repository(NAME)
    assert conditions == [None] * 6


@pytest.mark.parametrize("status", [403, 429])
async def test_while_a_limit_lasts_no_request_leaves(server: StandInGitHub, client: GitHubClient, status: int) -> None:
    server.history.move(NAME, "main", sha(1))
    server.faults = sends({"message": "You have exceeded a secondary rate limit."}, status, Retry_After="60")
    with pytest.raises(RateLimited):
        await client.head(NAME, "main")
    server.faults = None
    for ask in (client.head(NAME, "main"), client.repository(NAME), client.commit(NAME, sha(1))):
        with pytest.raises(RateLimited) as caught:
            await ask
        assert caught.value.retry_after is not None
        assert timedelta(seconds=50) < caught.value.retry_after <= timedelta(seconds=60)
    assert len(server.requests) == 1
    assert REGISTRY.get_sample_value("newsletter_github_paused") == 1


async def test_each_fault_is_counted(server: StandInGitHub, client: GitHubClient) -> None:
    def count(fault: str) -> float:
        return REGISTRY.get_sample_value("newsletter_github_faults_total", {"fault": fault}) or 0

    before = {fault: count(fault) for fault in ("GitHubUnavailable", "GitHubRefused", "NotOnGitHub")}
    for status, kind in ((502, GitHubUnavailable), (401, GitHubRefused), (404, NotOnGitHub), (404, NotOnGitHub)):
        server.faults = sends({"message": "no"}, status)
        with pytest.raises(kind):
            await client.head(NAME, "main")
    assert [count(fault) - times for fault, times in before.items()] == [1, 1, 2]


@dataclass
class Seconds:
    """A clock that stands still."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("status", "told"),
    [
        pytest.param(200, 1, id="what was asked for"),
        pytest.param(404, 1, id="that there is none"),
        pytest.param(403, 1, id="that the token may not"),
        pytest.param(502, 0, id="that it is away still"),
    ],
)
async def test_an_outage_is_over_with_the_first_answer(server: StandInGitHub, status: int, told: int) -> None:
    recovered: list[float] = []
    clock = Seconds()
    server.history.move(NAME, "main", sha(1))
    async with aiohttp.ClientSession() as session:
        client = GitHubClient(
            session, api_url=server.url, pauses=(), recovered=lambda: recovered.append(clock.now), clock=clock
        )
        server.faults = sends({"message": "away"}, 502)
        with pytest.raises(GitHubUnavailable):
            await client.head(NAME, "main")
        clock.now += 61
        server.faults = None if status == 200 else sends({"message": "no"}, status)
        with suppress(GitHubError):
            await client.head(NAME, "main")
    assert len(recovered) == told


async def test_a_limit_is_no_outage(server: StandInGitHub) -> None:
    recovered: list[float] = []
    clock = Seconds()
    server.history.move(NAME, "main", sha(1))
    async with aiohttp.ClientSession() as session:
        client = GitHubClient(
            session, api_url=server.url, pauses=(), recovered=lambda: recovered.append(clock.now), clock=clock
        )
        for away in (False, True):
            if away:
                server.faults = sends({"message": "away"}, 502)
                with pytest.raises(GitHubUnavailable):
                    await client.head(NAME, "main")
                clock.now += 61
            server.faults = sends({"message": "no"}, 429, Retry_After="3600")
            with pytest.raises(RateLimited):
                await client.head(NAME, "main")
            clock.now += 3601
            server.faults = None
            assert await client.head(NAME, "main") == sha(1)
            # It is an answer, so that an outage is over with it.
            assert recovered == ([clock.now - 3601] if away else [])
