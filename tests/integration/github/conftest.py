"""A stand-in of GitHub with the sample day, and a client that asks it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from newsletter.demo.github import StandInGitHub
from newsletter.github.client import GitHubClient
from tests.support.pushes import SAMPLE


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
