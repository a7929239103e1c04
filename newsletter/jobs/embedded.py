"""The engine of jobs inside this process: a table in the service's own database, and one loop.

What is running is known only here and never stored, so a restart is the recovery: whatever was under way is simply
due. An attempt is counted before it is begun, so a job that kills its process is not tried for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.errors import JobsLocked, StoreUnavailable
from newsletter.jobs.draining import LET_GO, let_finish
from newsletter.jobs.lock import Patience, only_runner
from newsletter.jobs.work import BEGUN_ANEW, ONE_IS_ENOUGH, Work
from newsletter.logs import get_logger, redacted
from newsletter.metrics import jobs as jobs_counter
from newsletter.pipeline.port import Handler, Job, Kind, NotYet, Retries, RetryAfter
from newsletter.store import jobs as rows
from newsletter.store.engine import Store, Transaction
from newsletter.store.jobs import StoredJob

log = get_logger("jobs")

#: Jobs that another process queued (a verb of the command line) are noticed after at most so long.
POLL = timedelta(seconds=1)
#: What a graceful stop gives to the attempts under way.
DRAIN = timedelta(seconds=30)
#: How long `serve` and `work` wait for a process that has the jobs: `digests close` waits five minutes unless told
#: otherwise, and half a minute for what it began.
LOCK_PATIENCE = timedelta(minutes=6)
#: Before the next look at a database that is away.
OUTAGE_PAUSE = timedelta(seconds=2)
#: Characters of an error kept with a job.
LONGEST_ERROR = 500


class EmbeddedJobs:
    """Runs jobs in this process. One process a database: :meth:`run` holds a lock.

    :param clock: gives the present time, aware.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], datetime],
        poll: timedelta = POLL,
        drain: timedelta = DRAIN,
        let_go: timedelta = LET_GO,
        outage_pause: timedelta = OUTAGE_PAUSE,
    ) -> None:
        self._store = store
        self._clock = clock
        self._poll = poll
        self._drain_time = drain
        self._let_go_time = let_go
        self._outage_pause = outage_pause
        self._work: dict[Kind, Work] = {}
        self._wake = asyncio.Event()
        self._stop = asyncio.Event()
        self._letting_go = False
        #: Jobs of which this process refused to store the last result.
        self._refused: set[int] = set()

    @property
    def draining(self) -> bool:
        """Whether what is under way has to come to its end: told to stop, or the lock may be somebody else's."""
        return self._letting_go or self._stop.is_set()

    def register(self, kind: Kind, handler: Handler, *, concurrency: int, retries: Retries) -> None:
        """Say who does the jobs of a kind, how many at once and how stubbornly."""
        self._work[kind] = Work(kind=kind, handler=handler, concurrency=concurrency, retries=retries)

    async def put(self, transaction: Transaction, kind: Kind, key: str, *, run_at: datetime | None = None) -> None:
        """Queue a job in the caller's transaction; the loop is woken once that is durable."""
        await self.put_many(transaction, kind, [key], run_at=run_at)

    async def put_many(
        self, transaction: Transaction, kind: Kind, keys: Sequence[str], *, run_at: datetime | None = None
    ) -> None:
        """Queue jobs of one kind in the caller's transaction, in one statement."""
        if not keys:
            return
        now = self._clock()
        at, connection = run_at or now, transaction.connection
        if kind in ONE_IS_ENOUGH:
            sooner = partial(rows.bring_forward, run_at=at, now=now, anew=kind in BEGUN_ANEW)
            keys = [key for key in keys if not await sooner(connection, kind.value, key)]
        if keys:
            await rows.put(connection, kind.value, keys, run_at=at, now=now)
        transaction.on_commit(self._wake.set)

    def put_at_once(self, connection: Connection, kind: Kind, keys: Sequence[str]) -> None:
        """Queue jobs of one kind in a transaction that awaits nothing."""
        now = self._clock()
        rows.put_at_once(connection, kind.value, keys, run_at=now, now=now)

    def queued(self) -> None:
        """Wake the loop: jobs of :meth:`put_at_once` are durable."""
        self._wake.set()

    async def run(
        self,
        stop: asyncio.Event,
        *,
        only: Collection[Kind] | None = None,
        before: Callable[[], Awaitable[None]] | None = None,
        patience: timedelta = timedelta(0),
    ) -> None:
        """Run jobs until told to stop, then let those under way finish.

        :param only: leave jobs of other kinds alone.
        :param before: repairs done under the lock before the first job.
        :param patience: how long a process that has the lock when this one begins is waited for.
        :raises JobsLocked: another process runs the jobs of this database, and does so still.
        """
        held = False
        self._stop = stop
        waiting = Patience(patience)
        active = [work for kind, work in self._work.items() if only is None or kind in only]
        while not stop.is_set():
            try:
                async with only_runner(self._store) as check_lock:
                    held, self._letting_go = True, False
                    await self._name_the_deadly()
                    if before is not None:
                        await before()
                    try:
                        await self._loop(active, stop, check_lock)
                    finally:
                        self._letting_go = True
                        await self._drain(active, stop)
            except (StoreUnavailable, JobsLocked) as outage:
                # After an outage the server may still hold the lock for our own session, which it has not missed yet.
                if isinstance(outage, JobsLocked) and not held:
                    if waiting.over():
                        raise
                    await self._pause_for(self._poll, stop)
                else:
                    await self._rest(outage, stop)

    async def _rest(self, outage: Exception, stop: asyncio.Event) -> None:
        log.warning("the database is away", action="jobs.outage", reason=str(outage))
        await self._pause_for(self._outage_pause, stop)

    async def _pause_for(self, pause: timedelta, stop: asyncio.Event) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause.total_seconds())

    async def _name_the_deadly(self) -> None:
        async with self._store.read() as connection:
            given_up = await rows.buried(connection)
        if deadly := [f"{job.kind}:{job.key}" for job in given_up if job.error == rows.PROCESS_ENDED]:
            log.error("jobs ended their process each time", action="jobs.deadly", jobs=deadly)

    async def _loop(self, active: list[Work], stop: asyncio.Event, check_lock: Callable[[], Awaitable[None]]) -> None:
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self._wake.clear()
                await check_lock()
                try:
                    for work in active:
                        await self._start_due(work, stop)
                    pause = await self._pause(active)
                except StoreUnavailable as outage:
                    # Another program may only have locked it for a moment: while the lock of the jobs is ours,
                    # whatever is under way goes on.
                    await self._rest(outage, stop)
                    continue
                woken = asyncio.create_task(self._wake.wait())
                await asyncio.wait({stopped, woken}, timeout=pause.total_seconds(), return_when="FIRST_COMPLETED")
                woken.cancel()
        finally:
            stopped.cancel()

    async def _pause(self, active: list[Work]) -> timedelta:
        """Return how long there is nothing to do, at most until the next look for what others queued."""
        kinds = [work.kind.value for work in active if work.free > 0]
        running = [job_id for work in active for job_id in work.running]
        async with self._store.read() as connection:
            due = await rows.next_due(connection, kinds, running=running)
        return self._poll if due is None else min(max(due - self._clock(), timedelta(0)), self._poll)

    async def _start_due(self, work: Work, stop: asyncio.Event) -> None:
        if work.free <= 0:
            return
        async with self._store.read() as connection:
            due = await rows.due(
                connection, work.kind.value, now=self._clock(), limit=work.free, running=tuple(work.running)
            )
        if not due or stop.is_set():
            return
        fresh = [job for job in due if job.attempts < work.retries.max_attempts]
        async with self._store.write() as transaction:
            for job in due:
                if job not in fresh:
                    # Nobody could say so when its last attempt ended.
                    error = rows.NOT_STORED if job.id in self._refused else rows.PROCESS_ENDED
                    await rows.bury(transaction.connection, job.id, error=error, now=self._clock())
                    log.error("job given up", action="job.given_up", kind=job.kind, key=job.key, error=error)
            await rows.begin(transaction.connection, [job.id for job in fresh])
        for job in fresh:
            task = asyncio.create_task(self._attempt(work, job), name=f"{job.kind}:{job.key}")
            work.running[job.id] = task
            task.add_done_callback(partial(self._ended, work, job.id))

    def _ended(self, work: Work, job_id: int, task: asyncio.Task[None]) -> None:
        work.running.pop(job_id, None)
        self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            # Ours and not the handler's: the job is run again for as many attempts as it has.
            self._refused.add(job_id)
            log.error("a job's result was refused", action="jobs.fault", kind=work.kind.value, exc_info=error)

    async def _attempt(self, work: Work, stored: StoredJob) -> None:
        """Run one attempt and write down what came of it."""
        attempt = stored.attempts + 1
        last = attempt >= work.retries.max_attempts
        job = Job(kind=work.kind, key=stored.key, attempt=attempt, last=last, queued_at=stored.created_at)
        settle: Callable[[AsyncConnection], Awaitable[None]]
        try:
            await work.handler(job)
        except NotYet as wait:
            result, settle = "not-yet", partial(rows.put_back, job_id=stored.id, until=self._clock() + wait.after)
        except asyncio.CancelledError:
            # The attempt stays counted: whatever had to be cancelled after the drain did not end by itself.
            jobs_counter.labels(kind=job.kind.value, result="interrupted").inc()
            raise
        except Exception as error:  # noqa: BLE001 - whatever a handler does, the other jobs go on
            result, settle = self._after_failure(work, stored, job, error)
        else:
            result, settle = "done", partial(rows.finish, job_id=stored.id)
        jobs_counter.labels(kind=job.kind.value, result=result).inc()
        await self._settle(settle)

    async def _settle(self, settle: Callable[[AsyncConnection], Awaitable[None]]) -> None:
        """Write down what came of an attempt, once the database takes it.

        Told to stop before that, it is left: the job is run again, which is harmless, and its attempt stays counted.
        """
        while True:
            try:
                async with self._store.write() as transaction:
                    await settle(transaction.connection)
            except StoreUnavailable as outage:
                if self._stop.is_set():
                    log.warning("a job's result was not stored", action="jobs.outage", reason=str(outage))
                    return
                await self._rest(outage, self._stop)
            else:
                return

    def _after_failure(
        self, work: Work, stored: StoredJob, job: Job, error: Exception
    ) -> tuple[str, Callable[[AsyncConnection], Awaitable[None]]]:
        words = _storable(redacted(f"{type(error).__name__}: {error}"))[:LONGEST_ERROR]
        expected = isinstance(error, RetryAfter | StoreUnavailable)
        log.warning(
            "job given up" if job.last else "job failed",
            action="job.given_up" if job.last else "job.failed",
            kind=job.kind.value,
            key=job.key,
            attempt=job.attempt,
            error=words,
            exc_info=None if expected else error,
        )
        if job.last:
            return "given-up", partial(rows.bury, job_id=stored.id, error=words, now=self._clock())
        asked = error.after if isinstance(error, RetryAfter) and error.after is not None else timedelta(0)
        until = self._clock() + max(work.retries.pause(job.attempt), asked)
        return "failed", partial(rows.postpone, job_id=stored.id, until=until, error=words)

    async def _drain(self, active: list[Work], stop: asyncio.Event) -> None:
        """Let what is under way finish; what takes too long is cancelled and run again after the next start."""
        running = [task for work in active for task in work.running.values()]
        if not running:
            return
        log.info("finishing what is under way", action="jobs.draining", jobs=len(running))
        await let_finish(running, stop, patience=self._let_go_time, drain=self._drain_time)


def _storable(text: str) -> str:
    """Return text that every database takes: no NUL, and no half surrogate pairs."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
