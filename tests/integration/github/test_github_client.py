"""The client of the REST API against a stand-in that answers as GitHub does, and as GitHub sometimes does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from newsletter.demo.github import StandInGitHub
from newsletter.github.client import GitHubClient
from newsletter.github.faults import GitHubError, GitHubRefused, GitHubUnavailable, NotOnGitHub, RateLimited
from tests.support.pushes import SAMPLE

NAME = SAMPLE.repositories[0].full_name
REST = SAMPLE.repositories[0].rest
SHA = next(sha for name, sha in SAMPLE.commits if name == NAME)
(HUGE,) = [sha for (_, sha), commit in SAMPLE.commits.items() if len(commit["files"]) > 300]


@pytest.fixture
async def github() -> AsyncIterator[StandInGitHub]:
    answers = {repository.full_name: repository.rest for repository in SAMPLE.repositories}
    async with StandInGitHub(repositories=answers, commits=dict(SAMPLE.commits)) as github:
        yield github


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield session


@pytest.fixture
def client(github: StandInGitHub, session: aiohttp.ClientSession) -> GitHubClient:
    return GitHubClient(session, api_url=github.url, token="ghs_" + "t" * 516, pauses=())


def commit_of(github: StandInGitHub, **changes: Any) -> str:
    """Put a commit there whose answer has been changed; returns its sha."""
    assert isinstance(github.commits, dict)
    github.commits[NAME, SHA] = {**SAMPLE.commits[NAME, SHA], **changes}
    return SHA


def answers(status: int, body: object = None, **headers: str) -> Callable[[web.Request], web.Response]:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: web.json_response({"message": "no"} if body is None else body, status=status, headers=given)


def sends(
    text: bytes, content_type: str = "application/json", status: int = 200
) -> Callable[[web.Request], web.Response]:
    return lambda _: web.Response(body=text, status=status, headers={"Content-Type": content_type})


async def test_a_repository_is_what_github_says(client: GitHubClient) -> None:
    repository = await client.repository(NAME)
    assert repository.github_id == REST["id"]
    assert repository.full_name == NAME
    assert repository.default_branch == REST["default_branch"]
    assert repository.private is False


async def test_a_commit_has_its_parents_files_and_patches(client: GitHubClient) -> None:
    detail = await client.commit(NAME, SHA)
    told = SAMPLE.commits[NAME, SHA]
    assert detail.sha == SHA
    assert detail.parents == tuple(parent["sha"] for parent in told["parents"])
    assert [file.path for file in detail.files] == [file["filename"] for file in told["files"]]
    assert [file.patch for file in detail.files] == [file.get("patch") for file in told["files"]]
    assert (detail.additions, detail.deletions) == (told["stats"]["additions"], told["stats"]["deletions"])
    assert detail.complete


async def test_more_files_than_a_page_holds_are_all_fetched(github: StandInGitHub, client: GitHubClient) -> None:
    detail = await client.commit(next(name for name, sha in SAMPLE.commits if sha == HUGE), HUGE)
    assert len(detail.files) == 400
    assert len({file.path for file in detail.files}) == 400
    assert len(github.requests) == 2


@pytest.mark.parametrize(
    ("files", "requests", "complete"),
    [
        pytest.param(0, 1, True, id="no file"),
        pytest.param(299, 1, True, id="less than a page"),
        pytest.param(300, 2, True, id="exactly a page"),
        pytest.param(2999, 10, True, id="one less than the most"),
        pytest.param(3000, 10, False, id="the most there are"),
        pytest.param(3500, 10, False, id="more than GitHub lists"),
    ],
)
async def test_pages_are_asked_for_until_they_end(
    github: StandInGitHub, client: GitHubClient, files: int, requests: int, complete: bool
) -> None:
    listed = [{"filename": f"f{number}", "status": "added", "additions": 1} for number in range(files)]
    detail = await client.commit(NAME, commit_of(github, files=listed))
    assert len(detail.files) == min(files, 3000)
    assert detail.complete is complete
    assert len(github.requests) == requests


async def test_a_file_may_have_no_patch_and_another_name_before(github: StandInGitHub, client: GitHubClient) -> None:
    files = [
        {"filename": "a.png", "status": "modified", "additions": 0, "deletions": 0},
        {"filename": "new", "previous_filename": "old", "status": "renamed", "patch": None},
        {"filename": "a\0b", "status": "added", "patch": "+\ud83d\x00"},
    ]
    github.faults = sends(json.dumps({"files": files, "stats": None, "parents": []}).encode())
    detail = await client.commit(NAME, SHA)
    image, renamed, odd = detail.files
    assert (image.patch, image.previous_path) == (None, None)
    assert (renamed.status, renamed.previous_path, renamed.patch) == ("renamed", "old", None)
    # Every database has to be able to store it.
    assert (odd.path, odd.patch) == ("a\ufffdb", "+?\ufffd")
    assert (detail.additions, detail.deletions, detail.parents) == (0, 0, ())


async def test_patches_are_kept_up_to_a_limit(github: StandInGitHub, client: GitHubClient) -> None:
    files = [{"filename": f"f{number}", "patch": "+" * 900_000} for number in range(4)]
    detail = await client.commit(NAME, commit_of(github, files=files))
    assert [file.patch is not None for file in detail.files] == [True, True, False, False]


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


async def test_a_commit_or_repository_that_is_not_there_is_told_apart_from_an_outage(client: GitHubClient) -> None:
    with pytest.raises(NotOnGitHub):
        await client.commit(NAME, "0" * 40)
    with pytest.raises(NotOnGitHub):
        await client.repository("acme/nothing")


async def refused(client: GitHubClient) -> GitHubError:
    with pytest.raises(GitHubError) as caught:
        await client.commit(NAME, SHA)
    assert "ghs_" not in str(caught.value)
    return caught.value


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("fault", "kind", "retry_after"),
    [
        pytest.param(answers(404), NotOnGitHub, None, id="not found"),
        pytest.param(answers(409), NotOnGitHub, None, id="an empty repository"),
        pytest.param(answers(410), NotOnGitHub, None, id="gone"),
        pytest.param(answers(422), NotOnGitHub, None, id="no such sha"),
        pytest.param(answers(451), NotOnGitHub, None, id="taken down"),
        pytest.param(answers(401), GitHubRefused, None, id="a wrong token"),
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
