"""A day is closed: what reached the branch until its end, and is in no earlier digest, is frozen in one digest.

The weeks that end with it are closed in the same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from newsletter.analysis.orders import NO_ORDERS, Orders
from newsletter.digest.schedule import day_bounds, local_day
from newsletter.errors import InputError, StoreUnavailable
from newsletter.github.webhook import BadBody
from newsletter.logs import get_logger
from newsletter.pipeline.analyse import analyse_now
from newsletter.pipeline.at_once import bundle
from newsletter.pipeline.expand import expand
from newsletter.pipeline.port import Job, Jobs, Kind, NotYet
from newsletter.pipeline.weeks import close_weeks
from newsletter.store import commits, digests, pushes, reports, repositories
from newsletter.store.engine import Store

log = get_logger("close")

#: How long a due digest waits for analyses under way before the rules write the rest.
PATIENCE = timedelta(hours=1)
#: Between two looks at what is still missing.
LOOK_AGAIN = timedelta(seconds=2)


@dataclass(frozen=True, kw_only=True)
class Closed:
    """What closing a day came to."""

    digest_id: int
    day: date
    #: Changes in the digest.
    changes: int
    #: Whether this call closed the day; False where it was closed before.
    new: bool
    #: The digests that were made, in the order in which they are to be composed: what goes out at once is marked in
    #: the others.
    made: tuple[int, ...] = ()


async def outstanding(day: date, *, store: Store, zone: ZoneInfo) -> int:
    """Return how many pushes and commits of a day and before are still on their way to an analysis."""
    _, end = day_bounds(day, zone)
    async with store.read() as connection:
        waiting = await pushes.unexpanded(connection, before=end)
        unfinished = await commits.unanalysed(connection, before=end)
    return len(waiting) + len(unfinished)


async def unreconciled(day: date, *, store: Store, zone: ZoneInfo) -> int:
    """Return of how many repositories it is not known yet whether they are complete up to the end of a day."""
    _, end = day_bounds(day, zone)
    async with store.read() as connection:
        followed = await repositories.everything(connection)
    return sum(1 for repository in followed if repository.reconciled_at is None or repository.reconciled_at < end)


async def close_when_ready(
    job: Job,
    *,
    store: Store,
    jobs: Jobs,
    zone: ZoneInfo,
    language: str,
    with_model: bool = False,
    with_reports: bool = False,
    now: datetime,
    orders: Orders = NO_ORDERS,
) -> None:
    """Close the day of a job as soon as every analysis is there, or when waiting any longer would be worse.

    :raises NotYet: something is still on its way.
    """
    day = date.fromisoformat(job.key)
    if now - job.queued_at < PATIENCE:
        if missing := await unreconciled(day, store=store, zone=zone):
            raise NotYet(f"{missing} repositories are still to be compared with GitHub", after=LOOK_AGAIN)
        if missing := await outstanding(day, store=store, zone=zone):
            raise NotYet(f"{missing} analyses are still under way", after=LOOK_AGAIN)
    await close_day(
        day,
        store=store,
        jobs=jobs,
        zone=zone,
        language=language,
        with_model=with_model,
        with_reports=with_reports,
        keeps_hours=True,
        now=now,
        orders=orders,
    )


async def close_day(
    day: date,
    *,
    store: Store,
    jobs: Jobs,
    zone: ZoneInfo,
    language: str,
    with_model: bool = False,
    with_reports: bool = False,
    keeps_hours: bool = False,
    now: datetime,
    orders: Orders = NO_ORDERS,
) -> Closed:
    """Close a day now and queue its composition. A day that is closed already stays as it is.

    With it the weeks are closed that end with it, and what was to go out at once does. What has no analysis yet gets
    one by the rules, so that nothing waits for a model or for GitHub.

    :param orders: the operator's rules for levels.
    :param with_model: whether a model is asked; then an analysis that is missing says that it was not waited for.
    :param with_reports: whether its reports are committed to a repository.
    :param keeps_hours: whether each reader gets their mail at their own hour; else as soon as it is composed.
    :raises InputError: the day has not begun yet.
    """
    start, end = day_bounds(day, zone)
    if start > now:
        raise InputError(f"{day} has not begun yet (today is {local_day(now, zone)} in {zone.key})")
    await _finish_analyses(
        end, store=store, jobs=jobs, language=language, with_model=with_model, orders=orders, now=now
    )
    async with store.write() as transaction:
        connection = transaction.connection
        if await digests.by_day(connection, day) is not None:
            return await _closed_before(day, store=store)
        # Before the day takes it, so that the day says what its readers know already.
        bundled = await bundle(transaction, jobs=jobs, zone=zone, now=now)
        digest = await digests.close(connection, day=day, timezone=zone.key, keeps_hours=keeps_hours, now=now)
        if digest is None:
            return await _closed_before(day, store=store)
        earlier = await digests.last_closed(connection, before=day)
        taken = await digests.take_commits(
            connection, digest.id, before=end, late_before=day_bounds(earlier, zone)[1] if earlier else None
        )
        weeks = await close_weeks(connection, digest, after=earlier, zone=zone)
        await jobs.put_many(transaction, Kind.COMPOSE, [str(each) for each in (digest.id, *weeks)])
        if with_reports:
            await reports.begin_day(connection, digest.id)
            await jobs.put(transaction, Kind.REPORT, str(digest.id))
    log.info("day closed", action="digest.closed", digest=digest.id, day=str(day), changes=taken, weeks=len(weeks))
    made = (*([bundled] if bundled else []), digest.id, *weeks)
    return Closed(digest_id=digest.id, day=day, changes=taken, new=True, made=made)


async def _finish_analyses(
    end: datetime, *, store: Store, jobs: Jobs, language: str, with_model: bool, orders: Orders, now: datetime
) -> None:
    async with store.read() as connection:
        waiting = await pushes.unexpanded(connection, before=end)
    for hook_id in waiting:
        try:
            await expand(hook_id, store=store, jobs=jobs, now=now)
        except BadBody as error:
            # It was read when it came; whatever changed since then must not keep everybody from their mail.
            log.exception("a push cannot be read", action="close.push_left_out", hook_id=hook_id, reason=str(error))
    async with store.read() as connection:
        unfinished = await commits.unanalysed(connection, before=end)
    for commit_id in unfinished:
        try:
            await analyse_now(commit_id, store=store, language=language, with_model=with_model, now=now, orders=orders)
        except StoreUnavailable:
            raise
        except Exception:
            # It stays without a level, and so for the digest after the one that can read it.
            log.exception("a commit cannot be analysed", action="close.commit_left_out", commit=commit_id)


async def _closed_before(day: date, *, store: Store) -> Closed:
    async with store.read() as connection:
        digest = await digests.by_day(connection, day)
        if digest is None:
            raise LookupError(f"the digest of {day} vanished")
        items = await digests.items(connection, digest.id)
    return Closed(digest_id=digest.id, day=day, changes=len(items), new=False, made=(digest.id,))
