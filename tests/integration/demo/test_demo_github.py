"""The stand-in for GitHub answers a real HTTP client as GitHub does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from newsletter.demo.github import StandInGitHub
from newsletter.demo.sample import sample_day

SAMPLE = sample_day(date(2026, 1, 20))
REPOSITORY = SAMPLE.repositories[0]
(HUGE,) = [sha for (_, sha), commit in SAMPLE.commits.items() if len(commit["files"]) > 300]
(SMALL, *_) = [sha for (name, sha) in SAMPLE.commits if name == REPOSITORY.full_name]


@pytest.fixture
async def github() -> AsyncIterator[StandInGitHub]:
    answers = {repository.full_name: repository.rest for repository in SAMPLE.repositories}
    async with StandInGitHub(repositories=answers, commits=SAMPLE.commits) as github:
        yield github


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_a_repository_is_answered_as_json(github: StandInGitHub, client: aiohttp.ClientSession) -> None:
    async with client.get(f"{github.url}/repos/{REPOSITORY.full_name}") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        assert answer.headers["X-GitHub-Request-Id"]
        assert answer.headers["X-RateLimit-Limit"] == "5000"
        assert answer.headers["X-RateLimit-Remaining"] == "4999"
        assert await answer.json() == REPOSITORY.rest
    assert github.requests == [f"GET /repos/{REPOSITORY.full_name}"]


async def test_a_commit_of_one_page_has_no_link(github: StandInGitHub, client: aiohttp.ClientSession) -> None:
    async with client.get(f"{github.url}/repos/{REPOSITORY.full_name}/commits/{SMALL}") as answer:
        assert "Link" not in answer.headers
        assert await answer.json() == SAMPLE.commits[REPOSITORY.full_name, SMALL]


async def test_the_next_links_of_a_huge_commit_lead_to_all_its_files(
    github: StandInGitHub, client: aiohttp.ClientSession
) -> None:
    url: str | None = f"{github.url}/repos/{REPOSITORY.full_name}/commits/{HUGE}"
    pages: list[dict[str, Any]] = []
    relations = []
    while url is not None:
        async with client.get(url) as answer:
            links = dict(reversed(link) for link in re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers["Link"]))
            pages.append(await answer.json())
        relations.append(list(links))
        url = links.get("next")
    assert [len(page["files"]) for page in pages] == [300, 100]
    assert relations == [["next", "last"], ["prev", "first"]]
    whole = SAMPLE.commits[REPOSITORY.full_name, HUGE]
    assert pages[0]["files"] + pages[1]["files"] == whole["files"]
    assert pages[1] | {"files": None} == whole | {"files": None}


async def test_a_smaller_page_may_be_asked_for(github: StandInGitHub, client: aiohttp.ClientSession) -> None:
    url = f"{github.url}/repos/{REPOSITORY.full_name}/commits/{HUGE}?per_page=100&page=3"
    async with client.get(url) as answer:
        assert len((await answer.json())["files"]) == 100
        number = REPOSITORY.rest["id"]
        assert (
            f'<{github.url}/repositories/{number}/commits/{HUGE}?per_page=100&page=4>; rel="next"'
            in (answer.headers["Link"])
        )


async def test_a_page_after_the_last_has_no_files(github: StandInGitHub, client: aiohttp.ClientSession) -> None:
    async with client.get(f"{github.url}/repos/{REPOSITORY.full_name}/commits/{HUGE}?page=9") as answer:
        assert (await answer.json())["files"] == []


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        pytest.param("/repos/nobody/nothing", 404, "Not Found", id="no such repository"),
        pytest.param(f"/repos/nobody/nothing/commits/{SMALL}", 404, "Not Found", id="a commit of no such repository"),
        pytest.param(f"/repositories/1/commits/{SMALL}", 404, "Not Found", id="a number that no link has named"),
        pytest.param("/user", 404, "Not Found", id="a path that it does not know"),
        pytest.param(
            f"/repos/{REPOSITORY.full_name}/commits/{'0' * 40}",
            422,
            f"No commit found for SHA: {'0' * 40}",
            id="no such commit",
        ),
    ],
)
async def test_what_is_not_there_is_refused_in_githubs_words(
    github: StandInGitHub, client: aiohttp.ClientSession, path: str, status: int, message: str
) -> None:
    async with client.get(github.url + path) as answer:
        assert answer.status == status
        body = await answer.json()
    assert body["message"] == message
    assert body["status"] == str(status)
    assert body["documentation_url"].startswith("https://docs.github.com/")


async def test_answers_may_come_from_anything_that_has_a_get(client: aiohttp.ClientSession) -> None:
    asked = []

    class Shelf:
        def get(self, key: tuple[str, str], /) -> dict[str, Any] | None:
            asked.append(key)
            return {"sha": key[1], "files": []}

    async with (
        StandInGitHub(repositories={"o/r": {"id": 7}}, commits=Shelf()) as github,
        client.get(f"{github.url}/repos/o/r/commits/abc") as answer,
    ):
        assert await answer.json() == {"sha": "abc", "files": []}
    assert asked == [("o/r", "abc")]


async def test_a_fault_may_answer_instead_and_then_let_requests_pass(
    github: StandInGitHub, client: aiohttp.ClientSession
) -> None:
    script: list[web.Response | None] = [
        web.Response(status=502, text="Bad Gateway"),
        web.json_response({"message": "secondary rate limit"}, status=403, headers={"Retry-After": "60"}),
        None,
    ]
    github.faults = lambda request: script.pop(0)
    seen = []
    for _ in range(3):
        async with client.get(f"{github.url}/repos/{REPOSITORY.full_name}") as answer:
            seen.append((answer.status, answer.headers.get("Retry-After")))
    assert seen == [(502, None), (403, "60"), (200, None)]
    assert len(github.requests) == 3


async def test_a_fault_may_hang_until_the_client_gives_up(github: StandInGitHub, client: aiohttp.ClientSession) -> None:
    ended = asyncio.Event()

    async def hang(request: web.Request) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    github.faults = hang
    with pytest.raises(TimeoutError):
        await client.get(f"{github.url}/repos/o/r", timeout=aiohttp.ClientTimeout(total=0.05))
    await asyncio.wait_for(ended.wait(), 5)


async def test_closing_ends_a_request_that_still_hangs(client: aiohttp.ClientSession) -> None:
    arrived = asyncio.Event()

    async def hang(request: web.Request) -> None:
        arrived.set()
        await asyncio.Event().wait()

    async with StandInGitHub(repositories={}, commits={}) as github:
        github.faults = hang
        request = asyncio.create_task(client.get(f"{github.url}/repos/o/r"))
        await asyncio.wait_for(arrived.wait(), 5)
    with pytest.raises(aiohttp.ClientError):
        await request
