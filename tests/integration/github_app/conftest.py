"""A GitHub App with two installations, and a client that asks through them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from newsletter.demo.github import StandInGitHub
from newsletter.github.client import GitHubClient
from newsletter.store.engine import Store
from tests.support.app_house import AppHouse, about, app_house
from tests.support.app_keys import CREDENTIALS, present
from tests.support.clock import FrozenClock
from tests.support.github_app import AppOnGitHub
from tests.support.graph import Graph
from tests.support.records import sha

FIRST, SECOND = 11, 22


@pytest.fixture
async def app(clock: FrozenClock) -> AsyncIterator[AppOnGitHub]:
    """An App on GitHub: one installation has a private repository, the other a public one."""
    repositories = {"acme/tide": about(100, "acme/tide", private=True), "lark/song": about(200, "lark/song")}
    commits: dict[tuple[str, str], dict[str, Any]] = {}
    for name in repositories:
        graph = Graph(name)
        graph.line([1, 2, 3])
        commits |= graph.commits
    async with StandInGitHub(repositories=repositories, commits=commits) as server:
        app = AppOnGitHub(server=server, clock=clock)
        app.install(FIRST, repositories["acme/tide"], account="acme")
        app.install(SECOND, repositories["lark/song"], account="lark")
        for name in repositories:
            server.history.move(name, "main", sha(1))
        yield app


@pytest.fixture
def routes() -> dict[str, int]:
    """Through which installation each repository is read."""
    return {"acme/tide": FIRST, "lark/song": SECOND}


@pytest.fixture
async def client(app: AppOnGitHub, clock: FrozenClock, routes: dict[str, int]) -> AsyncIterator[GitHubClient]:
    async def installation_of(full_name: str) -> int | None:
        return routes.get(full_name)

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield GitHubClient(
            session,
            api_url=app.server.url,
            token="ghp_" + "h" * 36,
            credentials=present(CREDENTIALS),
            installation_of=installation_of,
            now=clock,
            pauses=(),
        )


@pytest.fixture
async def house(store: Store, clock: FrozenClock) -> AsyncIterator[AppHouse]:
    """A newsroom whose App is installed nowhere yet."""
    async with app_house(store, clock) as house:
        yield house
