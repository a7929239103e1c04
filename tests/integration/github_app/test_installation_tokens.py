"""Tokens of installations: asked for once, shared, renewed in time, and given up when GitHub does not take them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from newsletter.github.client import GitHubClient
from newsletter.github.credentials import AppCredentials
from newsletter.github.faults import (
    GitHubError,
    GitHubRefused,
    GitHubUnavailable,
    NotOnGitHub,
    RateLimited,
    Unauthorised,
)
from tests.integration.github_app.conftest import FIRST, SECOND
from tests.support.app_keys import APP_ID, CREDENTIALS, pem, present
from tests.support.clock import FrozenClock
from tests.support.drawn_answers import sends
from tests.support.github_app import AppOnGitHub
from tests.support.records import sha

TIDE, SONG = "acme/tide", "lark/song"


async def test_a_token_is_asked_for_once_and_used_until_shortly_before_it_expires(
    app: AppOnGitHub, client: GitHubClient, clock: FrozenClock
) -> None:
    for _ in range(3):
        assert (await client.repository(TIDE)).private
    assert app.times("access_tokens") == 1
    clock.advance(timedelta(minutes=54))
    await client.repository(TIDE)
    assert app.times("access_tokens") == 1
    clock.advance(timedelta(minutes=2))
    await client.repository(TIDE)
    assert app.times("access_tokens") == 2
    assert len(next(iter(app.tokens))) == 520


async def test_those_who_ask_at_once_share_one_token_each_installation(app: AppOnGitHub, client: GitHubClient) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(client.head(TIDE, "main"))
            group.create_task(client.head(SONG, "main"))
    assert app.times("access_tokens") == 2
    assert {who for path, who in app.asked if "/branches/" in path} == {str(FIRST), str(SECOND)}


async def test_whoever_gives_up_waiting_takes_the_token_from_nobody(app: AppOnGitHub, client: GitHubClient) -> None:
    first = asyncio.create_task(client.repository(TIDE))
    second = asyncio.create_task(client.repository(TIDE))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).full_name == TIDE
    assert app.times("access_tokens") == 1


async def test_a_token_that_was_taken_back_is_replaced_once(app: AppOnGitHub, client: GitHubClient) -> None:
    await client.repository(TIDE)
    app.revoke()
    # The stand-in knows no such token any more, so it is nobody's.
    app.faults = _only_known(app)
    assert (await client.repository(TIDE)).full_name == TIDE
    assert app.times("access_tokens") == 2
    app.faults = lambda request: None if "/app/" in request.path else _unauthorised()
    with pytest.raises(Unauthorised):
        await client.head(TIDE, "main")
    assert app.times("access_tokens") == 3


def _unauthorised() -> web.Response:
    return web.json_response({"message": "Bad credentials"}, status=401)


def _only_known(app: AppOnGitHub) -> Any:
    def gate(request: web.Request) -> web.Response | None:
        token = request.headers.get("Authorization", "").partition(" ")[2]
        return _unauthorised() if token.startswith("ghs_") and token not in app.tokens else None

    return gate


async def test_a_token_is_asked_for_with_what_is_needed_and_without_where_that_is_not_given(
    app: AppOnGitHub, client: GitHubClient
) -> None:
    bodies: list[Any] = []

    def gate(request: web.Request) -> None:
        if "access_tokens" in request.path:
            bodies.append(request.content_length)

    app.faults = gate
    await client.repository(TIDE)
    app.installations[SECOND].permissions = frozenset({"contents", "metadata"})
    await client.repository(SONG)
    assert [bool(length) for length in bodies] == [True, True, False]


async def test_the_apps_own_word_is_signed_short_lived_and_of_this_moment(
    app: AppOnGitHub, client: GitHubClient, clock: FrozenClock
) -> None:
    assert {each.id: each.account for each in await client.app.installations()} == {FIRST: "acme", SECOND: "lark"}
    clock.advance(timedelta(hours=5))
    assert (await client.app.installation(FIRST)).account == "acme"
    with pytest.raises(NotOnGitHub):
        await client.app.installation(33)


@pytest.mark.parametrize(
    "credentials",
    [
        pytest.param(AppCredentials(app_id=APP_ID, private_key=pem(1)), id="another key"),
        pytest.param(AppCredentials(app_id=1, private_key=pem()), id="another App"),
        pytest.param(AppCredentials(app_id=APP_ID, private_key="-----BEGIN NONSENSE-----"), id="no key"),
        pytest.param(None, id="no App"),
    ],
)
async def test_who_is_not_the_app_is_refused_and_the_key_is_never_told(
    app: AppOnGitHub, clock: FrozenClock, credentials: AppCredentials | None
) -> None:
    async with aiohttp.ClientSession() as session:
        client = GitHubClient(session, api_url=app.server.url, credentials=present(credentials), now=clock, pauses=())
        with pytest.raises(GitHubRefused) as caught:
            await client.app.installations()
    assert "BEGIN" not in str(caught.value)
    assert "BEGIN" not in repr(credentials)


async def test_through_an_installation_that_is_over_only_what_the_token_may_read_is_read(
    app: AppOnGitHub, client: GitHubClient
) -> None:
    app.installations[SECOND].suspended = True
    assert (await client.repository(SONG)).full_name == SONG
    del app.installations[FIRST]
    assert (await client.repository(TIDE)).private
    assert app.asked[-1][1].startswith("ghp_")


async def test_an_app_that_comes_while_the_service_runs_is_used_and_another_one_begins_anew(
    app: AppOnGitHub, clock: FrozenClock
) -> None:
    given: list[AppCredentials | None] = [None]

    async def present_now() -> AppCredentials | None:
        return given[0]

    async def first(_: str) -> int | None:
        return FIRST

    async with aiohttp.ClientSession() as session:
        client = GitHubClient(
            session, api_url=app.server.url, credentials=present_now, installation_of=first, now=clock, pauses=()
        )
        with pytest.raises(NotOnGitHub):
            await client.repository(TIDE)
        given[0] = CREDENTIALS
        assert (await client.repository(TIDE)).private
        app.app_id, app.key_number = 815, 1
        given[0] = AppCredentials(app_id=815, private_key=pem(1))
        assert (await client.repository(TIDE)).private
    assert app.times("access_tokens") == 2


async def test_two_installations_do_not_see_each_others_answers(
    app: AppOnGitHub, client: GitHubClient, routes: dict[str, int]
) -> None:
    conditions: list[tuple[str, bool]] = []

    def note(request: web.Request) -> None:
        if "/branches/" in request.path:
            token = request.headers["Authorization"].partition(" ")[2]
            conditions.append((str(app.tokens[token][0]), "If-None-Match" in request.headers))

    app.faults = note
    for installation_id in (FIRST, FIRST, SECOND, SECOND, FIRST):
        routes[SONG] = installation_id
        assert await client.head(SONG, "main") == sha(1)
    first, second = str(FIRST), str(SECOND)
    assert conditions == [(first, False), (first, True), (second, False), (second, True), (first, True)]


async def test_a_repository_that_only_one_installation_may_read_is_not_told_to_another(
    app: AppOnGitHub, client: GitHubClient, routes: dict[str, int]
) -> None:
    assert (await client.repository(TIDE)).private
    routes[TIDE] = SECOND
    with pytest.raises(NotOnGitHub):
        await client.repository(TIDE)


async def test_a_limit_of_one_installation_stops_no_other(app: AppOnGitHub, client: GitHubClient) -> None:
    limited = sends({"message": "You have exceeded a secondary rate limit."}, 403, Retry_After="60")
    app.faults = lambda request: limited(request) if request.path.startswith("/repos/acme/") else None
    for _ in range(2):
        with pytest.raises(RateLimited):
            await client.repository(TIDE)
    assert (await client.repository(SONG)).full_name == SONG
    assert (await client.app.installation(FIRST)).account == "acme"


async def test_an_outage_of_the_tokens_is_one_and_nothing_is_asked_without_them(
    app: AppOnGitHub, client: GitHubClient
) -> None:
    app.faults = lambda request: web.Response(status=502) if "access_tokens" in request.path else None
    with pytest.raises(GitHubUnavailable):
        await client.repository(TIDE)
    assert app.times("/repos/") == 0
    app.faults = None
    assert (await client.repository(TIDE)).private


@pytest.mark.parametrize(
    "token",
    [
        pytest.param({}, id="no token"),
        pytest.param({"token": "", "expires_at": "2026-03-02T13:00:00Z"}, id="an empty one"),
        pytest.param({"token": "a\nb", "expires_at": "2026-03-02T13:00:00Z"}, id="one of two lines"),
        pytest.param({"token": "ghs_x", "expires_at": "soon"}, id="one without its end"),
        pytest.param([], id="a list"),
    ],
)
async def test_an_answer_that_is_no_token_is_half_an_answer(
    app: AppOnGitHub, client: GitHubClient, token: object
) -> None:
    app.faults = lambda request: sends(token, 201)(request) if "access_tokens" in request.path else None
    with pytest.raises(GitHubUnavailable, match="token is incomplete"):
        await client.repository(TIDE)


async def test_an_installation_of_thousands_is_listed_whole_or_not_at_all(
    app: AppOnGitHub, client: GitHubClient
) -> None:
    (one,) = app.installations[FIRST].repositories
    many = [one | {"id": number, "full_name": f"acme/r{number}"} for number in range(1, 1051)]
    app.installations[FIRST].repositories = many
    assert len(await client.app.repositories(FIRST)) == 1050
    assert app.times("/installation/repositories") == 11

    def changing(request: web.Request) -> None:
        if "page=2" in request.query_string:
            app.installations[FIRST].repositories = many[200:]

    app.faults = changing
    with pytest.raises(GitHubError, match="changed"):
        await client.app.repositories(FIRST)
