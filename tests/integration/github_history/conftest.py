"""A stand-in of GitHub with a history that a test draws, and a client that asks it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from newsletter.demo.github import StandInGitHub
from newsletter.github.client import GitHubClient
from tests.support.graph import Graph, on_github


@pytest.fixture
def graph() -> Graph:
    return Graph()


@pytest.fixture
async def github(graph: Graph) -> AsyncIterator[tuple[StandInGitHub, GitHubClient]]:
    async with on_github(graph) as (server, client):
        yield server, client


@pytest.fixture
def server(github: tuple[StandInGitHub, GitHubClient]) -> StandInGitHub:
    return github[0]


@pytest.fixture
def client(github: tuple[StandInGitHub, GitHubClient]) -> GitHubClient:
    return github[1]
