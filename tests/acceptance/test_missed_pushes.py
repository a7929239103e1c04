"""What no webhook told of reaches the same digest: after an outage of ours, through faults of GitHub's, and by polling.

Half of a day's pushes pass unseen. Then the digest has to hold what it holds where every push was seen, each commit at
the same level. The days are our own sample and, where they lie beside the checkout, days of real pushes.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from newsletter.app import Service, open_service, serve
from newsletter.demo.github import Lookup, StandInGitHub
from newsletter.github.replay import StoredDelivery, post_delivery
from newsletter.pipeline.close import close_day, outstanding
from newsletter.pipeline.follow import follow, introduce
from newsletter.settings import SERVING, load_settings
from newsletter.store import branches, digests, repositories
from tests.support.corpus import FilesOnDisk, real_days
from tests.support.pushes import SAMPLE
from tests.support.waiting import until

SECRET = "a webhook's own secret"
PATIENCE = 150


@dataclass(frozen=True, kw_only=True)
class Day:
    """A day of pushes to one branch."""

    full_name: str
    about: dict[str, Any]
    commits: Lookup[tuple[str, str]]
    pushes: Sequence[dict[str, Any]]

    @property
    def branch(self) -> str:
        return str(self.about["default_branch"])

    @property
    def last(self) -> date:
        """The day on which the last of them reached the branch, UTC."""
        return datetime.fromtimestamp(self.pushes[-1]["repository"]["pushed_at"], UTC).date()


def sample() -> Day:
    repository = SAMPLE.repositories[0]
    pushes = [json.loads(push.body) for push in SAMPLE.pushes]
    return Day(
        full_name=repository.full_name,
        about=dict(repository.rest),
        commits=SAMPLE.commits,
        pushes=[push for push in pushes if push["repository"]["full_name"] == repository.full_name],
    )


def real(name: str) -> Day:
    found = max((day for day in real_days() if day.repository == name), key=lambda day: day.commits)
    return Day(
        full_name=found.repository, about=found.about(), commits=FilesOnDisk([found.folder]), pushes=found.payloads()
    )


def days() -> list[Any]:
    names = sorted({day.repository for day in real_days()})
    return [
        pytest.param(sample, id="our sample"),
        *(pytest.param(lambda name=name: real(name), id=name) for name in names),
    ]


@asynccontextmanager
async def served(folder: Path, github: StandInGitHub) -> AsyncIterator[tuple[Service, str]]:
    """Run the service until the end of the block, as ``serve`` does."""
    settings = load_settings(
        environment={
            "NEWSLETTER_LISTEN": "127.0.0.1:0",
            "NEWSLETTER_DATABASE_URL": f"sqlite:///{folder}/newsletter.db",
            "NEWSLETTER_SECRET_KEY": "k" * 40,
            "NEWSLETTER_GITHUB__WEBHOOK_SECRETS": SECRET,
            "NEWSLETTER_GITHUB__API_URL": github.url,
            "NEWSLETTER_MAIL__FROM": "digest@newsletter.example",
        },
        required=SERVING,
    )
    async with open_service(settings) as service:
        answering: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(serve(service, with_jobs=True, ready=answering.set_result))
        try:
            yield service, await answering
        finally:
            service.stop.set()
            await task


async def begin(service: Service, day: Day, *, poll: timedelta | None = None) -> None:
    """Follow the repository from where it stood before the day's first push."""
    introduction = await introduce(day.full_name, branch_patterns=(), github=service.github)
    await follow(
        day.full_name,
        introduction=introduction,
        branch_patterns=(),
        poll=poll,
        store=service.store,
        now=datetime.fromtimestamp(day.pushes[0]["repository"]["pushed_at"], UTC) - timedelta(minutes=1),
    )


def happens(day: Day, push: dict[str, Any], github: StandInGitHub, *, recorded: bool) -> None:
    """Let a push reach GitHub."""
    at = datetime.fromtimestamp(push["repository"]["pushed_at"], UTC)
    github.history.move(day.full_name, day.branch, push["after"], at=at if recorded else None)


async def is_told(push: dict[str, Any], url: str) -> None:
    """Let GitHub tell the service of a push."""
    delivery = StoredDelivery(
        body=json.dumps(push).encode(), event="push", hook_id=f"push-{push['after'][:12]}-{random.getrandbits(32)}"
    )
    async with aiohttp.ClientSession() as session:
        status, said = await post_delivery(session, f"{url}/webhooks/github", delivery, secret=SECRET)
    assert status == 202, said


async def digest(service: Service, day: Day) -> dict[str, str]:
    """Close the day once everything that is on the branch is analysed; returns its commits and their levels."""

    async def complete() -> bool | None:
        async with service.store.read() as connection:
            (repository,) = await repositories.everything(connection)
            known = await branches.load(connection, repository.id, day.branch)
        if known is None or known.head != day.pushes[-1]["after"]:
            return None
        return None if await outstanding(day.last, store=service.store, zone=service.settings.zone) else True

    await until(complete, seconds=PATIENCE)
    closed = await close_day(
        day.last,
        store=service.store,
        jobs=service.jobs,
        zone=service.settings.zone,
        language="en",
        now=service.clock(),
    )
    async with service.store.read() as connection:
        items = await digests.items(connection, closed.digest_id)
    return {item.sha: item.level.value for item in items}


@asynccontextmanager
async def github_before(day: Day) -> AsyncIterator[StandInGitHub]:
    async with StandInGitHub(repositories={day.full_name: day.about}, commits=day.commits) as github:
        github.history.heads[day.full_name, day.branch] = day.pushes[0]["before"]
        yield github


async def everything_seen(day: Day, folder: Path) -> dict[str, str]:
    """Return the digest of a service that was up all day."""
    async with github_before(day) as github, served(folder, github) as (service, url):
        await begin(service, day)
        for push in day.pushes:
            happens(day, push, github, recorded=True)
            await is_told(push, url)
        return await digest(service, day)


def half_of_the_time(day: Day) -> Callable[[web.Request], web.StreamResponse | None]:
    """Return faults for half of the requests: bad gateways, limits and answers that are cut off."""
    dice = random.Random(day.full_name)

    def fault(_: web.Request) -> web.StreamResponse | None:
        match dice.randrange(6):
            case 0:
                return web.json_response({"message": "Bad gateway"}, status=502)
            case 1:
                headers = {"Retry-After": "1"}
                return web.json_response({"message": "secondary rate limit"}, status=403, headers=headers)
            case 2:
                return web.Response(body=b'{"sha": "abc', content_type="application/json")
            case _:
                return None

    return fault


@pytest.mark.parametrize("make", days())
@pytest.mark.parametrize("recorded", [True, False], ids=["movements on record", "history only"])
async def test_pushes_that_passed_while_the_service_was_down(
    tmp_path: Path, make: Callable[[], Day], recorded: bool
) -> None:
    day = make()
    (tmp_path / "up").mkdir()
    expected = await everything_seen(day, tmp_path / "up")
    half = len(day.pushes) // 2
    async with github_before(day) as github:
        async with served(tmp_path, github) as (service, url):
            await begin(service, day)
            for push in day.pushes[:half]:
                happens(day, push, github, recorded=recorded)
                await is_told(push, url)
        for push in day.pushes[half:]:
            happens(day, push, github, recorded=recorded)
        async with served(tmp_path, github) as (service, _):
            assert await digest(service, day) == expected
            assert len(expected) >= len(day.pushes)


async def test_pushes_that_passed_while_github_failed_half_of_the_time(tmp_path: Path) -> None:
    day = sample()
    (tmp_path / "up").mkdir()
    expected = await everything_seen(day, tmp_path / "up")
    half = len(day.pushes) // 2
    async with github_before(day) as github:
        async with served(tmp_path, github) as (service, url):
            await begin(service, day)
            github.faults = half_of_the_time(day)
            for push in day.pushes[:half]:
                happens(day, push, github, recorded=False)
                await is_told(push, url)
        for push in day.pushes[half:]:
            happens(day, push, github, recorded=False)
        async with served(tmp_path, github) as (service, _):
            assert await digest(service, day) == expected


async def test_a_repository_without_a_webhook_is_polled(tmp_path: Path) -> None:
    day = sample()
    (tmp_path / "up").mkdir()
    expected = await everything_seen(day, tmp_path / "up")
    async with github_before(day) as github, served(tmp_path, github) as (service, _):
        await begin(service, day, poll=timedelta(seconds=1))
        service.rounds.hurry()
        for push in day.pushes:
            happens(day, push, github, recorded=False)
        assert await digest(service, day) == expected
