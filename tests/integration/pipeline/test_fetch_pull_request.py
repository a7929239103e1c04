"""The pull request behind a commit: asked for once, stored, given to the analysis, and never waited for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from newsletter.analysis.rules import analyse_by_rules
from newsletter.demo.github import StandInGitHub
from newsletter.github.client import GitHubClient
from newsletter.github.record import PullRequest
from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.pipeline.fetch import fetch
from newsletter.pipeline.port import Job, Kind
from newsletter.store import commits, pull_requests
from newsletter.store.commits import StoredCommit
from newsletter.store.engine import Store
from newsletter.store.states import DetailState
from tests.support.clock import NOON, FrozenClock
from tests.support.records import follow, pushed_commit, sha, store_push

NAME = "acme/tide"
WHY = "The gate stood above the water at every spring tide."
TOLD: dict[str, Any] = {
    "number": 7,
    "title": "Lower the gate",
    "body": f"### Why\r\n\r\n{WHY}",
    "labels": [{"name": "kind/bug"}],
    "user": {"login": "ada"},
}
ASKED = f"GET /repos/{NAME}/pulls/7"


@asynccontextmanager
async def github(
    numbers: Sequence[int], told: Mapping[str, Any] | None = TOLD
) -> AsyncIterator[tuple[StandInGitHub, GitHubClient]]:
    known = {
        (NAME, sha(number)): {
            "sha": sha(number),
            "parents": [{"sha": sha(99)}],
            "stats": {"additions": 1, "deletions": 1},
            "files": [{"filename": "gate.py", "status": "modified", "additions": 1, "deletions": 1}],
        }
        for number in numbers
    }
    async with (
        StandInGitHub(
            repositories={NAME: {"id": 100, "full_name": NAME, "default_branch": "main", "private": False}},
            commits=known,
            pull_requests={(NAME, 7): told} if told is not None else {},
        ) as server,
        aiohttp.ClientSession() as session,
    ):
        yield server, GitHubClient(session, api_url=server.url, pauses=())


async def fetched(store: Store, clock: FrozenClock, client: GitHubClient, *messages: str) -> list[StoredCommit]:
    """Store commits with these messages, numbered from 1, and fetch each; returns them as they are then."""
    repository = await follow(store)
    push_id = await store_push(store, repository)
    async with store.write() as transaction:
        ids = await commits.add(
            transaction.connection,
            [pushed_commit(number, message=message) for number, message in enumerate(messages, start=1)],
            repository_id=repository.id,
            push_id=push_id,
            reached_at=NOON,
        )
    found = []
    for commit_id in ids:
        job = Job(kind=Kind.FETCH, key=str(commit_id), attempt=1, last=False, queued_at=NOON)
        await fetch(job, store=store, jobs=EmbeddedJobs(store, clock=clock), github=client, now=clock())
        async with store.read() as connection:
            commit = await commits.load(connection, commit_id)
        assert commit is not None
        found.append(commit)
    return found


@pytest.mark.parametrize(
    "message", ["Lower the gate (#7)", "Merge pull request #7 from ada/gate\n\nLower the gate"], ids=["squash", "merge"]
)
async def test_a_commit_is_analysed_with_its_pull_request(store: Store, clock: FrozenClock, message: str) -> None:
    async with github([1]) as (server, client):
        (commit,) = await fetched(store, clock, client, message)
        assert server.requests.count(ASKED) == 1
    assert commit.subject.pull_request == PullRequest(
        number=7, title="Lower the gate", body=TOLD["body"], labels=("kind/bug",), author_login="ada"
    )
    assert analyse_by_rules(commit.subject, language="en").summary == WHY


async def test_a_pull_request_is_asked_for_once(store: Store, clock: FrozenClock) -> None:
    async with github([1, 2]) as (server, client):
        first, second = await fetched(store, clock, client, "Lower the gate (#7)", "Lower it more (#7)")
        assert server.requests.count(ASKED) == 1
    assert first.subject.pull_request == second.subject.pull_request is not None


async def test_where_no_number_is_known_nothing_is_asked(store: Store, clock: FrozenClock) -> None:
    async with github([1]) as (server, client):
        (commit,) = await fetched(store, clock, client, "Lower the gate")
        assert server.requests == [f"GET /repos/{NAME}/commits/{sha(1)}"]
    assert commit.subject.pull_request is None


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(None, id="it is an issue"),
        pytest.param({}, id="half an answer"),
        pytest.param({**TOLD, "number": 8}, id="another one"),
        pytest.param({**TOLD, "labels": 3}, id="no labels"),
        pytest.param({**TOLD, "body": 3}, id="no text"),
    ],
)
async def test_a_commit_does_not_need_its_pull_request(
    store: Store, clock: FrozenClock, told: Mapping[str, Any] | None
) -> None:
    async with github([1], told) as (_, client):
        (commit,) = await fetched(store, clock, client, "Lower the gate (#7)")
    assert commit.detail_state is DetailState.FETCHED
    assert commit.subject.pull_request is None


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 502])
async def test_a_refused_pull_request_stops_no_commit(store: Store, clock: FrozenClock, status: int) -> None:
    async with github([1]) as (server, client):
        server.faults = lambda request: (
            web.json_response({"message": "no"}, status=status) if "/pulls/" in request.path else None
        )
        (commit,) = await fetched(store, clock, client, "Lower the gate (#7)")
    assert (commit.detail_state, commit.subject.pull_request) == (DetailState.FETCHED, None)


async def test_what_is_kept_of_a_pull_request_is_bounded_and_storable(store: Store, clock: FrozenClock) -> None:
    long = {
        **TOLD,
        "title": "x" * 5000,
        "body": "\0" + "é" * 30_000,
        "labels": [{"name": "l" * 500}] * 99,
        "user": None,
    }
    async with github([1], long) as (_, client):
        (commit,) = await fetched(store, clock, client, "Lower the gate (#7)")
    found = commit.subject.pull_request
    assert found is not None
    assert (len(found.title), len(found.body), len(found.labels), len(found.labels[0])) == (1000, 20_000, 50, 100)
    assert found.author_login is None
    assert "\0" not in found.body


async def test_a_stored_pull_request_stays_as_it_is(store: Store) -> None:
    repository = await follow(store)
    first, second = (PullRequest(number=7, title=title, body="") for title in ("first", "second"))
    async with store.write() as transaction:
        await pull_requests.add(transaction.connection, repository.id, first, now=NOON)
        await pull_requests.add(transaction.connection, repository.id, second, now=NOON)
    async with store.read() as connection:
        assert await pull_requests.load(connection, repository.id, 7) == first
        assert await pull_requests.load(connection, repository.id, 8) is None
