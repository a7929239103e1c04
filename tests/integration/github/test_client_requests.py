"""What the client asks GitHub for, with whose token, and where a redirect may lead it."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from aiohttp import web

from newsletter.demo.github import StandInGitHub
from newsletter.github.client import GitHubClient
from newsletter.github.faults import GitHubUnavailable, NotOnGitHub
from tests.support.github_answers import NAME, SHA, answers, refused


async def test_every_request_names_us_our_token_and_the_version_of_the_api(
    github: StandInGitHub, client: GitHubClient
) -> None:
    seen: list[Any] = []
    github.faults = lambda request: seen.append(request.headers.copy())
    await client.commit(NAME, SHA)
    (headers,) = seen
    assert headers["X-GitHub-Api-Version"] == "2022-11-28"
    assert headers["Authorization"] == "token ghs_" + "t" * 516
    assert headers["User-Agent"] == "newsletter"


async def test_without_a_token_none_is_sent(github: StandInGitHub, session: aiohttp.ClientSession) -> None:
    seen: list[Any] = []
    github.faults = lambda request: seen.append(request.headers.copy())
    await GitHubClient(session, api_url=github.url).repository(NAME)
    assert "Authorization" not in seen[0]


@pytest.mark.parametrize(
    "full_name",
    [
        "",
        "acme",
        "acme/",
        "/rocket",
        "../..",
        "acme/..",
        "acme/.",
        "acme/rocket/..",
        "acme/ro cket",
        "acme/r?x=1",
        "acme/r#x",
        "acme/r%2e%2e",
        "acme/r\n",
        "acme/{sha}",
        "//evil.example/x",
        "http://evil.example/x",
        "аcme/rocket",
    ],
)
async def test_a_hostile_name_never_becomes_a_request(
    github: StandInGitHub, client: GitHubClient, full_name: str
) -> None:
    with pytest.raises(NotOnGitHub):
        await client.repository(full_name)
    with pytest.raises(NotOnGitHub):
        await client.commit(full_name, SHA)
    assert github.requests == []


@pytest.mark.parametrize("sha", ["", "main", "../../../user", "a" * 39, "A" * 40, "a" * 40 + "\n", "a" * 40 + "?x=1"])
async def test_a_hostile_sha_never_becomes_a_request(github: StandInGitHub, client: GitHubClient, sha: str) -> None:
    with pytest.raises(NotOnGitHub):
        await client.commit(NAME, sha)
    assert github.requests == []


async def test_a_renamed_repository_is_followed_to_where_it_went(github: StandInGitHub, client: GitHubClient) -> None:
    def moved(request: web.Request) -> web.Response | None:
        if request.path.startswith("/repos/acme/old"):
            return web.Response(status=301, headers={"Location": f"{github.url}/repos/{NAME}/commits/{SHA}"})
        return None

    github.faults = moved
    assert (await client.commit("acme/old", SHA)).files


async def test_a_redirect_to_another_host_does_not_get_the_token(github: StandInGitHub, client: GitHubClient) -> None:
    seen: list[Any] = []
    async with StandInGitHub(repositories={}, commits={}) as elsewhere:
        elsewhere.faults = lambda request: seen.append(request.headers.copy())
        github.faults = answers(302, Location=f"{elsewhere.url}/repos/a/b")
        assert isinstance(await refused(client), NotOnGitHub)
    assert len(seen) == 1
    assert "Authorization" not in seen[0]


async def test_redirects_in_a_circle_are_an_outage(github: StandInGitHub, client: GitHubClient) -> None:
    github.faults = answers(302, Location=f"{github.url}/round")
    assert isinstance(await refused(client), GitHubUnavailable)
