"""What the App's webhook did not get is asked for again: GitHub does not repeat a delivery by itself.

It only complements the comparison of branches, which finds the commits as well: the event itself knows when they
arrived, and events about repositories and installations are in no branch.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from newsletter.github.app import GitHubApp
from newsletter.github.faults import GitHubRefused, GitHubUnavailable, NotOnGitHub, RateLimited
from newsletter.github.hooks import LOG_KEPT, LookedThrough, begin_of_round, looked_through, next_asking
from newsletter.github.record import HookDelivery
from newsletter.logs import get_logger
from newsletter.metrics import redeliveries
from newsletter.pipeline.limits import waiting_for_limits
from newsletter.pipeline.port import Job, RetryAfter
from newsletter.store import missed_hooks
from newsletter.store.engine import Store

log = get_logger("redeliver")

#: Key of the one job there is.
APP = "app"
#: Pages of the log; an App that is sent more within three days has the rest left out.
MOST_PAGES = 500
#: Events noted in one transaction: GitHub's deliveries wait meanwhile.
SLICE = 50


@dataclass(frozen=True, kw_only=True)
class Round:
    """What looking through the log came to."""

    #: Attempts that were looked at.
    attempts: int
    #: Events among them that did not come.
    missed: int
    #: Events that GitHub was asked to deliver again.
    asked: int


async def redeliver_job(job: Job, *, store: Store, app: GitHubApp, now: datetime) -> None:
    """Look for what the App's webhook did not get, and ask for it.

    :raises RetryAfter: GitHub is away, or does not accept the App's key.
    :raises NotYet: its limit is reached.
    """
    try:
        with waiting_for_limits(job):
            await redeliver(store=store, app=app, now=now)
    except GitHubUnavailable as error:
        raise RetryAfter(str(error), after=error.retry_after) from error
    except GitHubRefused as error:
        raise RetryAfter(str(error)) from error


async def redeliver(*, store: Store, app: GitHubApp, now: datetime) -> Round | None:
    """Look through what is new in GitHub's log of deliveries, and ask for each event that did not come.

    None where there is no App, or it has no webhook.

    :raises GitHubError: GitHub cannot be asked; what was asked for by then is remembered.
    """
    app_id = await app.id()
    if app_id is None:
        return None
    async with store.read() as connection:
        since = begin_of_round(now, seen_until=await missed_hooks.seen_until(connection, app_id))
    try:
        attempts = await _attempts(app, since=since)
    except NotOnGitHub as error:
        log.info("the App has no webhook", action="redeliver.none", reason=str(error))
        return None
    missed = await _note(app_id, looked_through(attempts), store=store, now=now)
    asked = await _ask(app_id, store=store, app=app, now=now)
    log.info("deliveries were looked through", action="redeliver.round", seen=len(attempts), missed=missed, asked=asked)
    return Round(attempts=len(attempts), missed=missed, asked=asked)


async def _note(app_id: int, found: LookedThrough, *, store: Store, now: datetime) -> int:
    """Keep what a part of the log says; returns how many events are missing."""
    async with store.read() as connection:
        stored = await missed_hooks.stored(connection, [attempt.hook_id for attempt in found.missed])
    missed = [attempt for attempt in found.missed if attempt.hook_id not in stored]
    for start in range(0, len(missed), SLICE):
        async with store.write() as transaction:
            await missed_hooks.note(transaction.connection, app_id, missed[start : start + SLICE])
    async with store.write() as transaction:
        connection = transaction.connection
        await missed_hooks.forget(connection, before=now - LOG_KEPT)
        await missed_hooks.settle(connection, app_id, found.came)
        # From here on the rows know what is left to ask for, so that nobody has to look at this part again.
        await missed_hooks.mark_seen(connection, app_id, until=now)
    return len(missed)


async def _attempts(app: GitHubApp, *, since: datetime) -> list[HookDelivery]:
    """Return GitHub's attempts since a moment, newest first."""
    found: list[HookDelivery] = []
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page, following = await app.deliveries(cursor)
        found += [attempt for attempt in page if attempt.at >= since]
        if not page or page[-1].at < since or following is None or following == cursor:
            return found
        cursor = following
    log.warning("the log of deliveries is too long", action="redeliver.cut_off", attempts=len(found))
    return found


async def _ask(app_id: int, *, store: Store, app: GitHubApp, now: datetime) -> int:
    """Ask for each event whose time has come; returns for how many."""
    async with store.read() as connection:
        due = await missed_hooks.due(connection, app_id, now=now, since=now - LOG_KEPT)
        stored = await missed_hooks.stored(connection, [missed.hook_id for missed in due])
    asked = 0
    for missed in due:
        if missed.hook_id in stored:
            await _settle(app_id, missed.hook_id, store=store)
            continue
        async with store.write() as transaction:
            next_at = next_asking(now, asked=missed.asked + 1)
            await missed_hooks.count_asking(transaction.connection, app_id, missed.hook_id, next_at=next_at)
        try:
            await app.redeliver(missed.delivery_id)
        except RateLimited:
            async with store.write() as transaction:
                await missed_hooks.take_back_asking(transaction.connection, app_id, missed, next_at=now)
            raise
        except NotOnGitHub:
            redeliveries.labels(result="forgotten").inc()
            await _settle(app_id, missed.hook_id, store=store)
            continue
        redeliveries.labels(result="asked").inc()
        asked += 1
    return asked


async def _settle(app_id: int, hook_id: str, *, store: Store) -> None:
    async with store.write() as transaction:
        await missed_hooks.settle(transaction.connection, app_id, [hook_id])
