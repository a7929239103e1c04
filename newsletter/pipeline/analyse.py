"""Every change is analysed once, in each language that somebody reads.

Its level is frozen together with the last of them: until then it counts as not analysed, and is found again wherever
this was interrupted. What is written by then stays, so that no answer of a model is paid for twice, and has the level
that all the others get.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

import subscribers
from newsletter.analysis.analyst import Analyst, ModelAway
from newsletter.analysis.orders import NO_ORDERS, Orders
from newsletter.analysis.prompt import VERSION
from newsletter.analysis.record import Analysis, Fallback
from newsletter.analysis.rules import analyse_by_rules
from newsletter.digest.schedule import closing_of, local_day, next_closing
from newsletter.languages import supported_languages
from newsletter.logs import get_logger
from newsletter.metrics import analyses as analyses_counter
from newsletter.metrics import fallbacks
from newsletter.pipeline.at_once import announce
from newsletter.pipeline.hours import hours_wanted
from newsletter.pipeline.port import Job, Jobs, NotYet, RetryAfter
from newsletter.pipeline.writing import Turns, write_analysis
from newsletter.store import analyses, commits, digests
from newsletter.store.commits import StoredCommit
from newsletter.store.engine import Store, Transaction
from newsletter.store.states import DetailState
from subscribers import Level

log = get_logger("analyse")

#: How long before a digest is due its changes wait for a model no longer.
MARGIN = timedelta(minutes=5)
#: Attempts that failed while the model answered others: it cannot cope with this change.
MOST_ATTEMPTS = 8


async def analyse_job(
    job: Job,
    *,
    store: Store,
    jobs: Jobs | None = None,
    analyst: Analyst,
    language: str,
    turns: Turns,
    send_at: time,
    zone: ZoneInfo,
    now: datetime,
    orders: Orders = NO_ORDERS,
    also: tuple[str, ...] = (),
) -> None:
    """Analyse the commit of a job. A model that is away is waited for until shortly before the digest is due.

    :raises NotYet: the model is away, for everybody.
    :raises RetryAfter: it gave no answer about this change.
    """
    commit_id = int(job.key)
    work = partial(
        analyse,
        commit_id,
        store=store,
        jobs=jobs,
        analyst=analyst,
        language=language,
        turns=turns,
        now=now,
        orders=orders,
        also=also,
    )
    try:
        await work(waits=True)
    except ModelAway as away:
        async with turns, store.read() as connection:
            commit = await commits.load(connection, commit_id)
            due = await _due(connection, commit, send_at=send_at, zone=zone, now=now) if commit else now
        left = due - MARGIN - now
        if job.last or job.attempt >= MOST_ATTEMPTS or left <= timedelta(0):
            await work(waits=False)
            return
        after = min(timedelta(seconds=away.after), left)
        log.debug("an analysis waits for the model", action="analysis.waiting", commit=commit_id)
        if away.outage:
            raise NotYet(str(away), after=after) from away
        raise RetryAfter(str(away), after=after) from away


async def analyse(
    commit_id: int,
    *,
    store: Store,
    jobs: Jobs | None = None,
    analyst: Analyst,
    language: str,
    waits: bool,
    turns: Turns,
    now: datetime,
    orders: Orders = NO_ORDERS,
    also: tuple[str, ...] = (),
) -> None:
    """Analyse a commit in the newsletter's language and in every other that an active reader chose.

    :param jobs: where the mail about a high change is queued; None = it waits for the digest.
    :param language: the newsletter's own: it is analysed first and sets the level.
    :param orders: the operator's rules for levels.
    :param also: further languages that are wanted whoever reads them.
    :param waits: whether a model that is away can be waited for; else the rules write.
    :param turns: at the database; many changes wait for a model together, and are told together.
    :raises ModelAway: it can, and is.
    """
    async with turns, store.read() as connection:
        commit = await commits.load(connection, commit_id)
        level = await analyses.level_of(connection, commit_id)
        done = await analyses.languages_of(connection, commit_id, version=VERSION)
        read = await subscribers.languages_read(connection)
    if commit is None:
        return
    missing = [wanted for wanted in languages_wanted(language, (*read, *also)) if wanted not in done]
    subject = orders.attached(commit.subject)
    for wanted in missing:
        analysis = await write_analysis(
            commit_id,
            subject,
            language=wanted,
            own=language,
            level=level,
            store=store,
            analyst=analyst,
            turns=turns,
            waits=waits,
        )
        async with turns:
            is_last = wanted == missing[-1]
            level = await _save(store, commit_id, analysis, is_last=is_last, jobs=jobs, now=now)
    if not missing and commit.level is None and level is not None:
        # Who read the language that was missing has left.
        async with turns, store.write() as transaction:
            await _freeze(transaction, commit_id, level, jobs=jobs, now=now)


async def _due(
    connection: AsyncConnection, commit: StoredCommit, *, send_at: time, zone: ZoneInfo, now: datetime
) -> datetime:
    """Return when the digest is closed that a commit will be in."""
    hours = await hours_wanted(connection, send_at=send_at, zone=zone)
    day = local_day(commit.reached_at, zone)
    if await digests.by_day(connection, day) is not None:
        return next_closing(now, zone, hours)
    return closing_of(day, zone, hours)


def languages_wanted(own: str, read: tuple[str, ...]) -> tuple[str, ...]:
    """Return the languages to analyse in, the newsletter's own first; unsupported ones are read in its own."""
    return tuple(dict.fromkeys((own, *(tag for tag in read if tag in supported_languages()))))


async def analyse_now(
    commit_id: int,
    *,
    store: Store,
    language: str,
    with_model: bool = False,
    now: datetime,
    orders: Orders = NO_ORDERS,
) -> None:
    """Analyse a commit by rules from what is stored: for a digest that will not wait any longer.

    :param with_model: whether a model would have been asked.
    """
    async with store.read() as connection:
        commit = await commits.load(connection, commit_id)
        level = await analyses.level_of(connection, commit_id)
    if commit is not None:
        # What GitHub has not told of yet, no model was asked about.
        fallback = Fallback.DUE if with_model and commit.detail_state is not DetailState.WAITING else None
        analysis = analyse_by_rules(orders.attached(commit.subject), language=language, level=level, fallback=fallback)
        await _save(store, commit_id, analysis, is_last=True, now=now)


async def _save(
    store: Store, commit_id: int, analysis: Analysis, *, is_last: bool, jobs: Jobs | None = None, now: datetime
) -> Level:
    """Store an analysis under the level that the commit has, or gets by it; returns that level.

    :param is_last: whether no language is missing any more.
    """
    async with store.write() as transaction:
        connection = transaction.connection
        level = await analyses.level_of(connection, commit_id) or analysis.level
        new = await analyses.add(connection, commit_id, replace(analysis, level=level), version=VERSION, now=now)
        if not new:
            # Another process was faster: what it wrote counts.
            level = await analyses.level_of(connection, commit_id) or level
        if is_last:
            level = await _freeze(transaction, commit_id, level, jobs=jobs, now=now)
    if new:
        analyses_counter.labels(source=analysis.source.value).inc()
        if analysis.fallback is not None:
            fallbacks.labels(reason=analysis.fallback.value).inc()
    return level


async def _freeze(transaction: Transaction, commit_id: int, level: Level, *, jobs: Jobs | None, now: datetime) -> Level:
    """Set a commit's level if it has none yet, and let those who asked hear of a high one at once."""
    frozen = await commits.freeze_level(transaction.connection, commit_id, level)
    if frozen is Level.HIGH and jobs is not None:
        await announce(transaction, jobs=jobs, now=now)
    return frozen
