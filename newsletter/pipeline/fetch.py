"""Each new commit's files and patches, from the REST API."""

from __future__ import annotations

from datetime import datetime

from newsletter.github.client import GitHubClient, GitHubRefused, GitHubUnavailable, NotOnGitHub
from newsletter.github.record import CommitDetail
from newsletter.logs import get_logger
from newsletter.pipeline.port import Job, Jobs, Kind, RetryAfter
from newsletter.store import commits
from newsletter.store.engine import Store
from newsletter.store.states import DetailState

log = get_logger("fetch")


async def fetch(job: Job, *, store: Store, jobs: Jobs, github: GitHubClient, now: datetime) -> None:
    """Fetch a commit and queue its analysis. A commit that cannot be had is analysed from its push alone.

    :raises RetryAfter: GitHub is away and there are attempts left.
    """
    commit_id = int(job.key)
    async with store.read() as connection:
        commit = await commits.load(connection, commit_id)
    if commit is None or commit.detail_state is not DetailState.WAITING:
        return
    found = await _ask(github, commit.repository, commit.sha, last=job.last)
    async with store.write() as transaction:
        if isinstance(found, CommitDetail):
            await commits.save_detail(transaction.connection, commit_id, found, now=now)
        else:
            await commits.give_up_detail(transaction.connection, commit_id, found)
        await jobs.put(transaction, Kind.ANALYSE, job.key)


async def _ask(github: GitHubClient, repository: str, sha: str, *, last: bool) -> CommitDetail | DetailState:
    try:
        return await github.commit(repository, sha)
    except NotOnGitHub:
        log.info("commit is gone", action="commit.gone", sha=sha)
        return DetailState.GONE
    except (GitHubUnavailable, GitHubRefused) as error:
        if not last:
            raise RetryAfter(str(error), after=getattr(error, "retry_after", None)) from error
        log.warning("commit could not be fetched", action="commit.unavailable", sha=sha, reason=str(error))
        return DetailState.UNAVAILABLE
