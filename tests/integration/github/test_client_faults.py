"""What the client makes of a stand-in that answers as GitHub sometimes does."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp import web

from newsletter.demo.github import StandInGitHub
from newsletter.github.client import GitHubClient
from newsletter.github.faults import (
    Conflict,
    GitHubError,
    GitHubRefused,
    GitHubUnavailable,
    NotOnGitHub,
    RateLimited,
    Unauthorised,
    Unprocessable,
)
from tests.support.github_answers import NAME, SHA, answers, commit_of, refused, sends


async def test_a_commit_or_repository_that_is_not_there_is_told_apart_from_an_outage(client: GitHubClient) -> None:
    with pytest.raises(NotOnGitHub):
        await client.commit(NAME, "0" * 40)
    with pytest.raises(NotOnGitHub):
        await client.repository("acme/nothing")


MINUTE = timedelta(minutes=1)
MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("fault", "kind", "retry_after"),
    [
        pytest.param(answers(404), NotOnGitHub, None, id="not found"),
        pytest.param(answers(409), Conflict, None, id="an empty repository"),
        pytest.param(answers(410), NotOnGitHub, None, id="gone"),
        pytest.param(answers(422), Unprocessable, None, id="no such sha"),
        pytest.param(answers(451), NotOnGitHub, None, id="taken down"),
        pytest.param(answers(401), Unauthorised, None, id="a wrong token"),
        pytest.param(answers(403), GitHubRefused, None, id="a token that may not"),
        pytest.param(answers(429), RateLimited, MINUTE, id="a limit that does not say how long"),
        pytest.param(answers(429, Retry_After="7"), RateLimited, timedelta(seconds=7), id="a limit of 7 seconds"),
        pytest.param(answers(429, Retry_After="soon"), RateLimited, MINUTE, id="a limit in words"),
        pytest.param(answers(429, Retry_After="999999"), RateLimited, timedelta(hours=1), id="a limit of eleven days"),
        pytest.param(answers(403, Retry_After="7"), RateLimited, timedelta(seconds=7), id="a 403 with a pause"),
        pytest.param(
            answers(403, {"message": "You have exceeded a secondary rate limit."}),
            RateLimited,
            MINUTE,
            id="a secondary limit that does not say how long",
        ),
        pytest.param(answers(408), GitHubUnavailable, None, id="a request that took too long"),
        pytest.param(answers(500), GitHubUnavailable, None, id="broken"),
        pytest.param(answers(502), GitHubUnavailable, None, id="a bad gateway"),
        pytest.param(
            answers(503, Retry_After="30"), GitHubUnavailable, timedelta(seconds=30), id="away for half a minute"
        ),
        pytest.param(answers(418), GitHubUnavailable, None, id="something unheard of"),
        pytest.param(answers(304), GitHubUnavailable, None, id="not modified, which nobody asked"),
        pytest.param(sends(b"Bad", "text/html", 422), GitHubUnavailable, None, id="a proxy's own 422"),
        pytest.param(sends(b'{"errors":[]}', status=422), GitHubUnavailable, None, id="a 422 without a message"),
        pytest.param(sends(b'{"errors":[7]}', status=422), GitHubUnavailable, None, id="a 422 with odd errors"),
        pytest.param(sends(b'{"sha": "abc", "fil'), GitHubUnavailable, None, id="half JSON"),
        pytest.param(sends(b'{"a": "\xff"}'), GitHubUnavailable, None, id="JSON that is not UTF-8"),
        pytest.param(sends(b"[" * 100_000), GitHubUnavailable, None, id="JSON nested too deep"),
        pytest.param(sends(b"{}", "application/json; charset=klingon"), GitHubUnavailable, None, id="no such charset"),
        pytest.param(sends(b"<html>", "text/html"), GitHubUnavailable, None, id="HTML"),
        pytest.param(sends(b""), GitHubUnavailable, None, id="nothing"),
        pytest.param(sends(b"[]"), GitHubUnavailable, None, id="a list"),
        pytest.param(sends(b'{"files": {"a": 1}}'), GitHubUnavailable, None, id="files that are no list"),
        pytest.param(sends(b'{"files": [{}]}'), GitHubUnavailable, None, id="a file without its name"),
        pytest.param(sends(b'{"files": [], "parents": ["x"]}'), GitHubUnavailable, None, id="parents without shas"),
        pytest.param(sends(b'{"stats": {"additions": 1e999}}'), GitHubUnavailable, None, id="endless additions"),
        pytest.param(sends(b'{"stats": []}'), None, None, id="no statistics, which is no fault"),
    ],
)
async def test_each_fault_has_its_meaning(
    github: StandInGitHub,
    client: GitHubClient,
    fault: Callable[[web.Request], web.Response],
    kind: type[GitHubError] | None,
    retry_after: timedelta | None,
) -> None:
    github.faults = fault
    if kind is None:
        assert (await client.commit(NAME, SHA)).files == ()
        return
    error = await refused(client)
    assert type(error) is kind
    assert getattr(error, "retry_after", None) == retry_after
    assert len(github.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"{}", id="nothing"),
        pytest.param(b'{"id": null, "full_name": "a/b", "default_branch": "main"}', id="no id"),
        pytest.param(b'{"id": 1e999, "full_name": "a/b", "default_branch": "main"}', id="an endless id"),
        pytest.param(b"[]", id="a list"),
    ],
)
async def test_a_repository_is_not_believed_with(github: StandInGitHub, client: GitHubClient, body: bytes) -> None:
    github.faults = sends(body)
    with pytest.raises(GitHubUnavailable, match="incomplete"):
        await client.repository(NAME)


async def test_an_exhausted_limit_is_waited_for_until_it_is_reset(github: StandInGitHub, client: GitHubClient) -> None:
    reset = int(datetime.now(UTC).timestamp()) + 600
    github.faults = answers(
        403, X_RateLimit_Limit="60", X_RateLimit_Remaining="0", X_RateLimit_Reset=str(reset), X_RateLimit_Used="60"
    )
    error = await refused(client)
    assert isinstance(error, GitHubUnavailable)
    assert error.retry_after is not None
    assert timedelta(seconds=590) < error.retry_after <= timedelta(seconds=600)


async def test_a_limit_that_was_reset_already_is_waited_for_a_second(
    github: StandInGitHub, client: GitHubClient
) -> None:
    github.faults = answers(
        429, X_RateLimit_Limit="60", X_RateLimit_Remaining="0", X_RateLimit_Reset="1", X_RateLimit_Used="60"
    )
    error = await refused(client)
    assert isinstance(error, GitHubUnavailable)
    assert error.retry_after == timedelta(seconds=1)


async def test_a_second_page_that_fails_fails_the_whole_commit(github: StandInGitHub, client: GitHubClient) -> None:
    listed = [{"filename": f"f{number}"} for number in range(400)]
    sha = commit_of(github, files=listed)
    github.faults = lambda request: answers(502)(request) if "page" in request.query else None
    with pytest.raises(GitHubUnavailable):
        await client.commit(NAME, sha)


async def test_an_answer_that_does_not_come_is_not_waited_for(github: StandInGitHub) -> None:
    async def hang(_: web.Request) -> None:
        await asyncio.Event().wait()

    github.faults = hang
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.05)) as session:
        error = await refused(GitHubClient(session, api_url=github.url, pauses=()))
    assert isinstance(error, GitHubUnavailable)
    assert "cannot be reached" in str(error)


async def test_a_connection_cut_in_the_middle_of_an_answer_is_an_outage(
    github: StandInGitHub, client: GitHubClient
) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"sha": ')
        assert request.transport is not None
        request.transport.close()
        return response

    github.faults = cut
    assert isinstance(await refused(client), GitHubUnavailable)


async def test_a_failure_that_came_fast_is_asked_again(github: StandInGitHub, session: aiohttp.ClientSession) -> None:
    failing = iter([502, 500])

    def hiccup(request: web.Request) -> web.Response | None:
        status = next(failing, None)
        return None if status is None else answers(status)(request)

    github.faults = hiccup
    client = GitHubClient(session, api_url=github.url, pauses=(0, 0))
    assert (await client.commit(NAME, SHA)).sha == SHA
    assert len(github.requests) == 3


async def test_a_limit_is_never_asked_again_by_itself(github: StandInGitHub, session: aiohttp.ClientSession) -> None:
    github.faults = answers(429, Retry_After="7")
    error = await refused(GitHubClient(session, api_url=github.url, pauses=(0, 0)))
    assert isinstance(error, RateLimited)
    assert len(github.requests) == 1


async def test_nobody_listening_is_an_outage(session: aiohttp.ClientSession) -> None:
    async with StandInGitHub(repositories={}, commits={}) as gone:
        url = gone.url
    assert isinstance(await refused(GitHubClient(session, api_url=url, pauses=())), GitHubUnavailable)


@pytest.mark.parametrize("told", [pytest.param(True, id="as its header says"), pytest.param(False, id="unannounced")])
async def test_an_endless_answer_is_not_read_to_its_end(
    github: StandInGitHub, session: aiohttp.ClientSession, *, told: bool
) -> None:
    written = 0

    async def pour(request: web.Request) -> web.StreamResponse:
        nonlocal written
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        if told:
            response.content_length = 64 * MIB
        await response.prepare(request)
        with suppress(ConnectionError):
            for _ in range(64):
                await response.write(b" " * MIB)
                written += 1
        return response

    github.faults = pour
    client = GitHubClient(session, api_url=github.url, pauses=(), largest_answer=MIB)
    error = await refused(client)
    assert type(error) is GitHubUnavailable
    assert "more than" in str(error)
    assert written < 64
    github.faults = None
    assert (await client.commit(NAME, SHA)).sha == SHA


async def test_an_answer_is_measured_as_it_is_when_it_is_unpacked(
    github: StandInGitHub, session: aiohttp.ClientSession
) -> None:
    packed = gzip.compress(b" " * (2 * MIB))
    assert len(packed) < MIB
    github.faults = lambda _: web.Response(
        body=packed, headers={"Content-Type": "application/json", "Content-Encoding": "gzip"}
    )
    error = await refused(GitHubClient(session, api_url=github.url, pauses=(), largest_answer=MIB))
    assert "more than" in str(error)
