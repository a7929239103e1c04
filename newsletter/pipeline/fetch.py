"""Each new commit's files and patches, and the pull request it came with, from the REST API."""

from __future__ import annotations

from datetime import datetime, timedelta

from newsletter.digest.report_file import is_report_commit
from newsletter.github.client import GitHubClient
from newsletter.github.faults import GitHubError, GitHubRefused, GitHubUnavailable, NotOnGitHub
from newsletter.github.patch_id import patch_id_of
from newsletter.github.record import CommitDetail, PullRequest
from newsletter.logs import get_logger
from newsletter.pipeline.limits import waiting_for_limits
from newsletter.pipeline.port import Job, Jobs, Kind, RetryAfter
from newsletter.store import commits, pull_requests
from newsletter.store.commits import StoredCommit
from newsletter.store.engine import Store
from newsletter.store.states import DetailState

log = get_logger("fetch")

#: A commit that was pushed this moment may not have reached every server of GitHub's yet.
SECOND_LOOKS = (timedelta(seconds=5), timedelta(seconds=20))


async def fetch(job: Job, *, store: Store, jobs: Jobs, github: GitHubClient, now: datetime) -> None:
    """Fetch a commit and queue its analysis. A commit that cannot be had is analysed from its push alone.

    :raises RetryAfter: GitHub is away and there are attempts left.
    :raises NotYet: its limit is reached.
    """
    commit_id = int(job.key)
    async with store.read() as connection:
        commit = await commits.load(connection, commit_id)
    if commit is None or commit.detail_state is not DetailState.WAITING:
        return
    found = await _ask(github, commit, job)
    if isinstance(found, CommitDetail) and is_report_commit(commit.message, [file.path for file in found.files]):
        async with store.write() as transaction:
            await commits.forget(transaction.connection, commit_id)
        log.info("the commit of a report is no change", action="commit.report", sha=commit.sha)
        return
    described = await _ask_why(github, commit) if isinstance(found, CommitDetail) else None
    async with store.write() as transaction:
        if isinstance(found, CommitDetail):
            patch_id = patch_id_of(commit.message, found)
            await commits.save_detail(transaction.connection, commit_id, found, patch_id=patch_id, now=now)
            if described is not None:
                await pull_requests.add(transaction.connection, commit.repository_id, described, now=now)
        else:
            await commits.give_up_detail(transaction.connection, commit_id, found)
        await jobs.put(transaction, Kind.ANALYSE, job.key)


async def _ask_why(github: GitHubClient, commit: StoredCommit) -> PullRequest | None:
    """Return the pull request that a commit names, unless it is stored; a commit does not wait for it."""
    number = commit.pull_request_number
    if number is None or commit.subject.pull_request is not None:
        return None
    try:
        found = await github.pull_request(commit.repository, number)
    except GitHubError as error:
        log.info("pull request could not be fetched", action="pull_request.missing", number=number, reason=str(error))
        return None
    return found if found.number == number else None


async def _ask(github: GitHubClient, commit: StoredCommit, job: Job) -> CommitDetail | DetailState:
    sha = commit.sha
    try:
        with waiting_for_limits(job):
            return await github.commit(commit.repository, sha)
    except NotOnGitHub as error:
        if job.attempt <= len(SECOND_LOOKS) and not job.last:
            raise RetryAfter(str(error), after=SECOND_LOOKS[job.attempt - 1]) from error
        log.info("commit is gone", action="commit.gone", sha=sha)
        return DetailState.GONE
    except (GitHubUnavailable, GitHubRefused) as error:
        if not job.last:
            raise RetryAfter(str(error), after=getattr(error, "retry_after", None)) from error
        log.warning("commit could not be fetched", action="commit.unavailable", sha=sha, reason=str(error))
        return DetailState.UNAVAILABLE
