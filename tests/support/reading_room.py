"""A newsroom whose closed days are reported in a repository on a stand-in of GitHub; nothing runs by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from sqlalchemy import update

from newsletter.analysis.prompt import VERSION
from newsletter.analysis.record import Analysis, Fallback, Source
from newsletter.demo.github import StandInGitHub
from newsletter.github.client import GitHubClient
from newsletter.pipeline.close import close_day
from newsletter.pipeline.port import Job, Kind
from newsletter.pipeline.report import Shelf, queue_corrections, report
from newsletter.store import failures, tables
from newsletter.store import jobs as rows
from newsletter.store.engine import Store
from newsletter.store.repositories import FollowedRepository
from subscribers import Level
from tests.support.clock import FrozenClock
from tests.support.contents_github import ContentsOnGitHub
from tests.support.newsroom import Newsroom
from tests.support.records import DAY, analysis_of

REPORTS = "acme/reports"
#: In the afternoon of DAY.
AFTERNOON = datetime(2026, 3, 1, 15, tzinfo=UTC)
#: What the rules wrote in a model's place.
FAILED = replace(analysis_of(level=Level.LOW, summary="By the rules."), fallback=Fallback.TIMEOUT)
BETTER = replace(FAILED, summary="By the model.", source=Source.MODEL, model="m", fallback=None)


@dataclass
class ReadingRoom:
    """Closes days and puts their reports where they belong."""

    newsroom: Newsroom
    github: GitHubClient
    contents: ContentsOnGitHub
    shelf: Shelf = field(
        default_factory=lambda: Shelf(
            repository=REPORTS,
            branch=None,
            root="reports",
            language="en",
            github_url="https://github.com",
            between_writes=timedelta(0),
        )
    )
    _number: int = 0

    @property
    def store(self) -> Store:
        """The database."""
        return self.newsroom.store

    async def change(self, repository: FollowedRepository, *texts: Analysis, message: str = "Lower the gate") -> None:
        """Let a commit reach a repository on DAY, with what the rules wrote of it in a model's place."""
        self._number += 1
        await self.newsroom.analysed(repository, self._number, AFTERNOON, *(texts or (FAILED,)), message=message)

    async def close(self, *, composed: bool = True, with_reports: bool = True) -> int:
        """Close DAY; returns the id of its digest."""
        room = self.newsroom
        closed = await close_day(
            DAY,
            store=self.store,
            jobs=room.jobs,
            zone=room.zone,
            language="en",
            with_reports=with_reports,
            now=room.clock(),
        )
        if composed:
            await room.compose(DAY)
        return closed.digest_id

    async def mend(self, commit_id: int, analysis: Analysis = BETTER) -> None:
        """Put a better analysis in the place of the rules', as the second try of a model does."""
        now = self.newsroom.clock()
        async with self.store.write() as transaction:
            # However often it was mended before.
            await transaction.connection.execute(
                update(tables.analyses).where(tables.analyses.c.commit_id == commit_id).values(fallback=FAILED.fallback)
            )
            assert await failures.mend(transaction.connection, commit_id, analysis, version=VERSION, now=now)
            await queue_corrections(transaction, self.newsroom.jobs, commit_id, now=now)

    async def report(self, digest_id: int, *, queued_at: datetime | None = None) -> None:
        """Do what the job does."""
        job = Job(
            kind=Kind.REPORT,
            key=str(digest_id),
            attempt=1,
            last=False,
            queued_at=queued_at or self.newsroom.clock(),
        )
        await report(job, store=self.store, github=self.github, shelf=self.shelf, clock=self.newsroom.clock)

    async def forget_jobs(self) -> None:
        """Lose every job, as a crash of the machine that kept them would."""
        async with self.store.write() as transaction:
            far = self.newsroom.clock() + timedelta(days=9)
            for job in await rows.due(transaction.connection, Kind.REPORT.value, now=far, limit=99, running=()):
                await rows.finish(transaction.connection, job.id)


def about(full_name: str, *, private: bool = False) -> dict[str, Any]:
    """Return what GitHub says of a repository."""
    return {"id": 900, "full_name": full_name, "default_branch": "main", "private": private}


@asynccontextmanager
async def reading_room(store: Store, clock: FrozenClock) -> AsyncIterator[ReadingRoom]:
    """Open a newsroom whose reports go to a public repository."""
    async with (
        StandInGitHub(repositories={REPORTS: about(REPORTS)}, commits={}) as server,
        aiohttp.ClientSession() as session,
    ):
        client = GitHubClient(session, api_url=server.url, token="ghp_" + "w" * 36, pauses=())
        yield ReadingRoom(newsroom=Newsroom(store, clock), github=client, contents=ContentsOnGitHub(server=server))
