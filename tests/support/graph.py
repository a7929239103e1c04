"""A repository whose history a test draws commit by commit, the GitHub it lives on, and whoever follows it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import aiohttp
from sqlalchemy import select

from newsletter.demo.github import StandInGitHub
from newsletter.github import answers
from newsletter.github.client import GitHubClient
from newsletter.github.record import ListedCommit, Push
from newsletter.github.webhook import stored_push
from newsletter.pipeline.port import Job, Kind
from newsletter.pipeline.receive import Intake, Received
from newsletter.pipeline.reconcile import reconcile
from newsletter.store import branches, repositories, tables
from newsletter.store.branches import Branch
from newsletter.store.engine import Store
from newsletter.store.repositories import FollowedRepository
from tests.support.clock import NOON, FrozenClock
from tests.support.newsroom import Newsroom
from tests.support.pushes import body_of, payload
from tests.support.records import follow, sha

NAME = "acme/tide"
REPOSITORY: dict[str, Any] = {"id": 100, "full_name": NAME, "default_branch": "main", "private": False}
#: What stands for "no commit" in a push that makes or removes a branch.
NONE = 0


@dataclass
class Graph:
    """Commits by number, as ``GET /repos/{owner}/{repo}/commits/{sha}`` answers, for a :class:`StandInGitHub`."""

    full_name: str = NAME
    commits: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def add(self, number: int, *parents: int, at: datetime = NOON, message: str = "Lower the gate") -> ListedCommit:
        """Put a commit there: of no parent, of one, or a merge of several."""
        person = {"name": "Ada", "email": "ada@example.org", "date": at.astimezone(UTC).isoformat()}
        self.commits[self.full_name, sha(number)] = {
            "sha": sha(number),
            "commit": {"message": message, "author": person, "committer": person},
            "author": {"login": "ada"},
            "parents": [{"sha": sha(parent)} for parent in parents],
            "stats": {"additions": 1, "deletions": 0},
            "files": [{"filename": "gate.py", "status": "modified", "additions": 1, "deletions": 0}],
        }
        return self.listed(number)

    def line(self, numbers: Iterable[int], *, after: int | None = None, at: datetime = NOON) -> None:
        """Put commits there of which each is the parent of the next."""
        for number in numbers:
            self.add(number, *([] if after is None else [after]), at=at)
            after = number

    def listed(self, number: int) -> ListedCommit:
        """Return a commit as the client reads it in a list."""
        return answers.listed_commit(self.commits[self.full_name, sha(number)])

    def pushed(self, number: int) -> dict[str, Any]:
        """Return a commit as a push lists it."""
        commit = self.commits[self.full_name, sha(number)]["commit"]
        return {
            **payload()["commits"][0],
            "id": sha(number),
            "message": commit["message"],
            "timestamp": commit["committer"]["date"],
        }


@asynccontextmanager
async def on_github(graph: Graph) -> AsyncIterator[tuple[StandInGitHub, GitHubClient]]:
    """Serve a graph, and give a client that asks for it."""
    async with (
        StandInGitHub(repositories={graph.full_name: REPOSITORY}, commits=graph.commits) as server,
        aiohttp.ClientSession() as session,
    ):
        yield server, GitHubClient(session, api_url=server.url, pauses=())


def push_of(
    graph: Graph,
    before: int,
    after: int,
    numbers: Sequence[int],
    *,
    at: datetime = NOON,
    ref: str = "refs/heads/main",
    forced: bool = False,
    **changes: Any,
) -> tuple[Push, bytes]:
    """Return a delivery and its body: what moved a branch of the graph from one commit to another."""
    body = body_of(
        payload(
            ref=ref,
            before=sha(before),
            after=sha(after),
            forced=forced,
            created=before == NONE,
            deleted=after == NONE,
            commits=[graph.pushed(number) for number in numbers],
            repository__id=REPOSITORY["id"],
            repository__full_name=graph.full_name,
            repository__default_branch="main",
            repository__private=False,
            repository__pushed_at=int(at.timestamp()),
            **changes,
        )
    )
    return stored_push(body, hook_id=str(uuid4())), body


@dataclass(frozen=True, kw_only=True)
class Lookout:
    """A newsroom that follows a repository of a stand-in GitHub; nothing runs by itself."""

    newsroom: Newsroom
    graph: Graph
    server: StandInGitHub
    github: GitHubClient
    repository_id: int

    @property
    def store(self) -> Store:
        """The database."""
        return self.newsroom.store

    @property
    def now(self) -> datetime:
        """What the clock says."""
        return self.newsroom.clock()

    async def repository(self) -> FollowedRepository:
        """Return the repository as it is stored at this moment."""
        async with self.store.read() as connection:
            found = await repositories.by_id(connection, self.repository_id)
        assert found is not None
        return found

    def move(self, number: int, branch: str = "main", *, at: datetime | None = None) -> None:
        """Let a branch point at a commit on GitHub; with a moment, GitHub keeps a record of that."""
        self.server.history.move(self.graph.full_name, branch, sha(number), at=at)

    async def begin(self, number: int, branch: str = "main", *, at: datetime = NOON) -> None:
        """Let everything up to a commit be known."""
        async with self.store.write() as transaction:
            begun = Branch(name=branch, head=sha(number), head_at=at)
            assert await branches.begin(transaction.connection, self.repository_id, begun)
        self.move(number, branch)

    async def watch(self, *patterns: str) -> None:
        """Say which branches count."""
        async with self.store.write() as transaction:
            await repositories.configure(
                transaction.connection, self.repository_id, branch_patterns=patterns, poll=None
            )

    def delivery(self, before: int, after: int, numbers: Sequence[int], **told: Any) -> tuple[Push, bytes]:
        """Return a delivery and its body; nobody has it yet."""
        return push_of(self.graph, before, after, numbers, **told)

    async def deliver(self, push: Push, body: bytes) -> Received:
        """Receive a delivery; nothing is done with it yet."""
        return await Intake(store=self.store, jobs=self.newsroom.jobs).receive(push, body, now=self.now)

    async def pushed(self, before: int, after: int, numbers: Sequence[int], **told: Any) -> str:
        """Receive a push, move the branch on GitHub, and store the push's commits; returns its hook_id."""
        push, body = self.delivery(before, after, numbers, **told)
        self.move(after, push.branch)
        await self.deliver(push, body)
        await self.newsroom.expand(push.hook_id)
        return push.hook_id

    async def reconcile(self) -> int:
        """Compare the repository with GitHub now; returns how many commits are new."""
        return await reconcile(
            await self.repository(), store=self.store, jobs=self.newsroom.jobs, github=self.github, now=self.now
        )

    async def head(self, branch: str = "main") -> int | None:
        """Return the commit up to which a branch is known."""
        async with self.store.read() as connection:
            found = await branches.load(connection, self.repository_id, branch)
        return int(found.head, 16) if found else None

    async def stored(self) -> list[int]:
        """Return the commits that are stored, in the order in which they reached their branch."""
        return list(await self.reached())

    async def reached(self) -> dict[int, datetime]:
        """Return when each stored commit reached its branch, in that order."""
        commits, pushes = tables.commits, tables.pushes
        wanted = (
            select(commits.c.sha, commits.c.reached_at)
            .join(pushes, pushes.c.id == commits.c.push_id)
            .order_by(pushes.c.reached_at, pushes.c.id, commits.c.position)
        )
        async with self.store.read() as connection:
            return {int(row.sha, 16): row.reached_at for row in await connection.execute(wanted)}

    async def positions(self) -> dict[int, int]:
        """Return the place of each stored commit within the push that brought it."""
        wanted = select(tables.commits.c.sha, tables.commits.c.position)
        async with self.store.read() as connection:
            return {int(row.sha, 16): row.position for row in await connection.execute(wanted)}

    def asked(self, part: str) -> list[str]:
        """Return the requests to GitHub that have a text in them."""
        return [request for request in self.server.requests if part in request]


@asynccontextmanager
async def lookout_over(store: Store, clock: FrozenClock) -> AsyncIterator[Lookout]:
    """Follow a repository without any commit yet."""
    graph = Graph()
    repository = await follow(store, NAME, github_id=REPOSITORY["id"])
    async with on_github(graph) as (server, client):
        yield Lookout(
            newsroom=Newsroom(store, clock), graph=graph, server=server, github=client, repository_id=repository.id
        )


def job(kind: Kind, key: object, *, last: bool = False, queued_at: datetime = NOON) -> Job:
    """Return an attempt at a job."""
    return Job(kind=kind, key=str(key), attempt=1, last=last, queued_at=queued_at)
