"""The reports of a closed day are committed to a repository, each once, and again when it got better.

What is about to be committed is noted before, so that it is known as ours after an interruption; and GitHub is asked
what lies there before anything is written. What somebody edited or deleted is theirs and is left alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.digest.record import Change, Digest
from newsletter.digest.report import report_of
from newsletter.digest.report_file import Step, blob_name, commit_message, folder_of, next_step, path_of
from newsletter.github.client import GitHubClient
from newsletter.github.faults import Conflict, GitHubError, GitHubUnavailable, Unprocessable
from newsletter.github.files import RepositoryFiles
from newsletter.logs import get_logger
from newsletter.pipeline.limits import waiting_for_limits
from newsletter.pipeline.port import Job, Jobs, Kind, NotYet, RetryAfter
from newsletter.pipeline.report_contents import load_day
from newsletter.store import alarms, digests, reports, repositories
from newsletter.store.engine import Store, Transaction
from newsletter.store.reports import ReportKey

log = get_logger("report")

#: Name of the alarm that is raised while nothing can be committed.
ALARM = "reports"
#: Better analyses come in numbers: what came within this time is one correction.
GATHERING = timedelta(minutes=2)
#: How long a report waits for what is said of the day, which is written while the mails are composed.
PATIENCE = timedelta(minutes=15)
LOOK_AGAIN = timedelta(seconds=5)
#: Until whoever refused us may have changed their mind.
REFUSED_PAUSE = timedelta(minutes=15)
#: "Wait at least one second between each request" that changes something (GitHub, best practices for the REST API).
BETWEEN_WRITES = timedelta(seconds=1)
#: Of one file, when others commit to the branch at the same moment.
MOST_CONFLICTS = 5


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Where the reports are put, and how they are written."""

    #: ``owner/name`` of the repository that takes them; None = nothing is committed.
    repository: str | None
    #: None = its default branch.
    branch: str | None
    #: Folder of all reports.
    root: str
    language: str
    #: Where people read the repositories, without a slash at the end.
    github_url: str
    #: Whether a model is asked.
    with_model: bool = False
    between_writes: timedelta = BETWEEN_WRITES

    @property
    def target(self) -> str:
        """What tells this place from others."""
        name = (self.repository or "").lower()
        return name if self.branch is None else f"{name}@{self.branch}"


async def queue_corrections(transaction: Transaction, jobs: Jobs, commit_id: int, *, now: datetime) -> None:
    """Queue the reports that tell of a commit whose analysis got better, in the transaction that made it so."""
    for digest_id in await reports.note_better(transaction.connection, commit_id):
        await jobs.put(transaction, Kind.REPORT, str(digest_id), run_at=now + GATHERING)


async def report(job: Job, *, store: Store, github: GitHubClient, shelf: Shelf, clock: Callable[[], datetime]) -> None:
    """Commit what is to be committed of a day.

    :raises NotYet: the day is still being summed up, or GitHub's limit is reached.
    :raises RetryAfter: GitHub is away, or does not let us.
    """
    digest_id = int(job.key)
    async with store.read() as connection:
        digest = await digests.by_id(connection, digest_id)
        version = await reports.version_of(connection, digest_id)
    if digest is None or version is None:
        return
    if shelf.repository is not None:
        if not digest.composed and clock() - job.queued_at < PATIENCE:
            raise NotYet("the day is still being summed up", after=LOOK_AGAIN)
        told = await load_day(
            digest,
            store=store,
            language=shelf.language,
            github_url=shelf.github_url,
            with_model=shelf.with_model,
        )
        await _put_all(job, told, shelf.repository, store=store, github=github, shelf=shelf, clock=clock)
    async with store.write() as transaction:
        await reports.mark_reported(transaction.connection, digest_id, version=version)


async def _put_all(
    job: Job,
    told: Digest,
    target: str,
    *,
    store: Store,
    github: GitHubClient,
    shelf: Shelf,
    clock: Callable[[], datetime],
) -> None:
    try:
        with waiting_for_limits(job):
            files = await github.files(target, branch=shelf.branch)
            await _Shelving(int(job.key), files, store=store, shelf=shelf, clock=clock).put_all(told)
    except GitHubUnavailable as error:
        raise RetryAfter(str(error), after=error.retry_after) from error
    except GitHubError as error:
        await _raise_alarm(target, error, store=store, now=clock())
        raise RetryAfter(f"{target} takes no report: {error}", after=REFUSED_PAUSE) from error
    async with store.write() as transaction:
        if await alarms.end(transaction.connection, ALARM, now=clock()):
            log.info("reports are committed again", action="report.accepted", target=target)


@dataclass(frozen=True, kw_only=True)
class _Sheet:
    """One report, written."""

    key: ReportKey
    day: date
    #: ``owner/name``.
    repository: str
    content: bytes

    @property
    def blob(self) -> str:
        """The name that git gives to the content."""
        return blob_name(self.content)


async def _raise_alarm(target: str, refusal: GitHubError, *, store: Store, now: datetime) -> None:
    """Tell the operator, once, that only they can mend it."""
    async with store.write() as transaction:
        new = await alarms.begin(transaction.connection, ALARM, now=now)
    if new:
        log.error("reports cannot be committed", action="report.refused", target=target, reason=str(refusal))


class _Shelving:
    """Puts the reports of one day into their repository, one after the other."""

    def __init__(
        self, digest_id: int, files: RepositoryFiles, *, store: Store, shelf: Shelf, clock: Callable[[], datetime]
    ) -> None:
        self._digest_id, self._files, self._store, self._shelf, self._clock = digest_id, files, store, shelf, clock
        self._written = 0

    async def put_all(self, told: Digest) -> None:
        """Put the report of each repository where it belongs; those of private ones only where nobody else reads."""
        about = await self._files.repository()
        by_repository: dict[str, list[Change]] = {}
        for change in told.changes:
            by_repository.setdefault(change.repository_key, []).append(change)
        for key, changes in by_repository.items():
            if changes[0].private and not about.private:
                log.info(
                    "a private repository is not reported in a public one", action="report.private", repository=key
                )
                continue
            document = await asyncio.to_thread(report_of, replace(told, changes=tuple(changes)))
            if document is not None:
                await self._put(told, changes[0], document.encode())

    async def _put(self, told: Digest, first: Change, content: bytes) -> None:
        key = ReportKey(
            digest_id=self._digest_id,
            repository_id=int(first.repository_key),
            language=told.language,
            target=self._shelf.target,
        )
        sheet = _Sheet(key=key, day=told.day, repository=first.repository, content=content)
        async with self._store.read() as connection:
            stored = await reports.load(connection, key)
            if stored is not None and stored.blob == sheet.blob:
                # Whatever became of it since, there is nothing to correct.
                return
            # What was begun once stays where it is.
            folder = stored.folder if stored is not None else await self._folder(connection, sheet)
            path = stored.path if stored is not None else path_of(self._shelf.root, told.day, folder)
        committed = stored is not None and stored.blob is not None
        for _ in range(MOST_CONFLICTS - 1):
            try:
                await self._bring_up_to_date(sheet, folder, path, committed=committed)
            except (Conflict, Unprocessable):
                # Somebody committed at the same moment: what lies there now is looked at again.
                continue
            else:
                return
        await self._bring_up_to_date(sheet, folder, path, committed=committed)

    async def _folder(self, connection: AsyncConnection, sheet: _Sheet) -> str:
        key = sheet.key
        taken = await reports.folders_of_others(connection, key)
        followed = await repositories.ever_followed(connection)
        earlier = {each.full_name.partition("/")[2] for each in followed if each.id < key.repository_id}
        last = await reports.last_folder(connection, key)
        return folder_of(sheet.repository, key.repository_id, last=last, taken=taken | earlier)

    async def _bring_up_to_date(self, sheet: _Sheet, folder: str, path: str, *, committed: bool) -> None:
        key = sheet.key
        async with self._store.read() as connection:
            ours = await reports.blobs(connection, key.target, path)
        present = await self._files.blob(path)
        step = next_step(present=present, wanted=sheet.blob, ours=ours, committed=committed)
        async with self._store.write() as transaction:
            lying = present if present in ours else None
            await reports.intend(transaction.connection, key, folder=folder, path=path, blob=sheet.blob, present=lying)
            left = step is Step.LEAVE and await reports.leave(transaction.connection, key, now=self._clock())
        if left:
            log.warning(
                "a report was edited or deleted by somebody else and is left alone",
                action="report.left_alone",
                digest=key.digest_id,
                path=path,
            )
        if step is Step.LEAVE:
            return
        if step is not Step.KEEP:
            await self._pause()
            message = commit_message(sheet.day, sheet.repository, corrects=step is Step.REPLACE)
            await self._files.put(path, sheet.content, message=message, replacing=present)
            log.info("report committed", action="report.committed", digest=key.digest_id, path=path, step=step.value)
        async with self._store.write() as transaction:
            await reports.note_committed(transaction.connection, key, blob=sheet.blob, now=self._clock())

    async def _pause(self) -> None:
        if self._written:
            await asyncio.sleep(self._shelf.between_writes.total_seconds())
        self._written += 1
