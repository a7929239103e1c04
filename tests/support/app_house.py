"""A newsroom with a GitHub App; nothing runs by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from newsletter.demo.github import StandInGitHub
from newsletter.github.client import GitHubClient
from newsletter.github.credentials import PresentCredentials
from newsletter.pipeline.installations import PATIENCE, installation_job
from newsletter.pipeline.notices import Notices
from newsletter.pipeline.port import Job, Kind
from newsletter.pipeline.receive import Received
from newsletter.pipeline.reconcile import reconcile_job
from newsletter.store import branches, following, repositories
from newsletter.store import jobs as rows
from newsletter.store.engine import Store
from newsletter.store.repositories import FollowedRepository
from newsletter.store.states import Stopped
from tests.support.app_keys import CREDENTIALS, present
from tests.support.clock import FrozenClock
from tests.support.github_app import AppOnGitHub
from tests.support.graph import Graph
from tests.support.newsroom import Newsroom
from tests.support.records import sha


def about(github_id: int, full_name: str, *, private: bool = False) -> dict[str, Any]:
    """Return what GitHub says of a repository."""
    return {"id": github_id, "full_name": full_name, "default_branch": "main", "private": private}


@dataclass(frozen=True, kw_only=True)
class AppHouse:
    """The App on GitHub, and those who follow what it may read."""

    newsroom: Newsroom
    app: AppOnGitHub
    github: GitHubClient
    notices: Notices
    clock: FrozenClock

    @property
    def store(self) -> Store:
        """The database."""
        return self.newsroom.store

    def create(self, github_id: int, full_name: str, *, private: bool = False, head: int = 1) -> dict[str, Any]:
        """Put a repository with a line of ten commits on GitHub; its branch points at one of them."""
        told = about(github_id, full_name, private=private)
        graph = Graph(full_name)
        graph.line(range(1, 11))
        server = self.app.server
        assert isinstance(server.repositories, dict)
        assert isinstance(server.commits, dict)
        server.repositories[full_name] = told
        server.commits.update(graph.commits)
        server.history.move(full_name, "main", sha(head))
        return told

    async def told(self, *installation_ids: int) -> list[Received]:
        """Let GitHub tell of installations, and let what that queues be done."""
        answers = [await self.notices.installation(each) for each in installation_ids]
        await self.work()
        return answers

    async def work(self) -> None:
        """Do every job about installations and comparisons that waits."""
        while True:
            async with self.store.write() as transaction:
                waiting = [
                    (kind, job)
                    for kind in (Kind.INSTALLATION, Kind.RECONCILE)
                    for job in await rows.due(
                        transaction.connection, kind.value, now=self.clock(), limit=9999, running=()
                    )
                ]
                for _, job in waiting:
                    await rows.finish(transaction.connection, job.id)
            if not waiting:
                return
            for kind, found in waiting:
                # Nobody waits here for what GitHub may only not know yet.
                queued_at = found.created_at - PATIENCE if kind is Kind.INSTALLATION else found.created_at
                await self.do(Job(kind=kind, key=found.key, attempt=1, last=False, queued_at=queued_at))

    async def do(self, job: Job) -> None:
        """Do one job."""
        jobs, now = self.newsroom.jobs, self.clock()
        if job.kind is Kind.INSTALLATION:
            await installation_job(job, store=self.store, jobs=jobs, app=self.github.app, now=now)
        else:
            await reconcile_job(job, store=self.store, jobs=jobs, github=self.github, now=now)

    async def repository(self, full_name: str) -> FollowedRepository:
        """Return a repository as it is stored."""
        async with self.store.read() as connection:
            found = await repositories.by_name(connection, full_name)
        assert found is not None
        return found

    async def followed(self) -> dict[str, int | None]:
        """Return the installation of each repository that is followed, by its name."""
        async with self.store.read() as connection:
            found = await repositories.everything(connection)
        return {repository.full_name: repository.installation_id for repository in found}

    async def stopped(self) -> dict[str, Stopped]:
        """Return why each repository is not followed any more, by its name."""
        async with self.store.read() as connection:
            found = await repositories.ever_followed(connection)
        return {repository.full_name: repository.stopped for repository in found if repository.stopped is not None}

    async def head(self, full_name: str) -> int | None:
        """Return up to which commit a repository is known."""
        async with self.store.read() as connection:
            found = await branches.load(connection, (await self.repository(full_name)).id, "main")
        return int(found.head, 16) if found else None


@asynccontextmanager
async def app_house(
    store: Store, clock: FrozenClock, *, credentials: PresentCredentials | None = None
) -> AsyncIterator[AppHouse]:
    """Open a newsroom whose App is installed nowhere yet.

    :param credentials: the App's, where it is not always the same.
    """

    async def installation_of(full_name: str) -> int | None:
        async with store.read() as connection:
            return await following.installation_of(connection, full_name)

    credentials = credentials or present(CREDENTIALS)
    async with (
        StandInGitHub(repositories={}, commits={}) as server,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
    ):
        newsroom = Newsroom(store, clock)
        yield AppHouse(
            newsroom=newsroom,
            app=AppOnGitHub(server=server, clock=clock),
            github=GitHubClient(
                session,
                api_url=server.url,
                credentials=credentials,
                installation_of=installation_of,
                now=clock,
                pauses=(),
            ),
            notices=Notices(store=store, jobs=newsroom.jobs, credentials=credentials),
            clock=clock,
        )
