"""High changes go out at once to those who asked for it: bundled, seldom, and never after a day.

What is high is gathered for a few minutes and becomes a digest of its own; whatever a closing takes first, goes out
with it. A change that was taken back meanwhile is nobody's hurry any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

import subscribers
from newsletter.digest.changes import undone
from newsletter.digest.schedule import local_day
from newsletter.logs import get_logger
from newsletter.pipeline.contents import plain
from newsletter.pipeline.port import Jobs, Kind
from newsletter.store import bundles, digests
from newsletter.store.bundles import Recent
from newsletter.store.engine import Store, Transaction
from newsletter.store.queueing import Cap
from newsletter.store.states import Cadence
from subscribers import Audience

log = get_logger("at-once")

#: Key of the one job.
EVERYTHING = "all"
#: From the first high change on, before the mail: what comes soon after it is in the same one.
LINGER = timedelta(minutes=5)
#: What reached its branch longer ago (a backfill, an outage) is left to the digest.
FRESH = timedelta(days=1)
#: Mails at once that a reader gets in a period.
MOST, PERIOD = 4, timedelta(days=1)

READERS = Audience(at_once=True)


def cap_at(closed_at: datetime) -> Cap:
    """Return how many mails at once a reader may have had when another one is made."""
    return Cap(most=MOST, since=closed_at - PERIOD)


async def announce(transaction: Transaction, *, jobs: Jobs, now: datetime) -> None:
    """Queue the mail about a change that was found to be high, in the transaction that said so."""
    if await subscribers.anybody(transaction.connection, READERS):
        await jobs.put(transaction, Kind.AT_ONCE, EVERYTHING, run_at=now + LINGER)


async def send_at_once(*, store: Store, jobs: Jobs, zone: ZoneInfo, now: datetime) -> None:
    """Do the job: make a digest of what is high, and queue its composition."""
    async with store.write() as transaction:
        await bundle(transaction, jobs=jobs, zone=zone, now=now)


async def bundle(transaction: Transaction, *, jobs: Jobs, zone: ZoneInfo, now: datetime) -> int | None:
    """Make a digest of what is high and nobody was told of; None where there is nothing, or nobody wants it.

    :param zone: the newsletter's: a digest belongs to one of its days.
    :returns: its id; its composition is queued.
    """
    connection = transaction.connection
    if not await subscribers.anybody(connection, READERS):
        return None
    day = local_day(now, zone)
    # Asked for first: whoever makes this part at the same moment has its changes too.
    part = await bundles.next_part(connection, day)
    news = await waiting(connection, now=now)
    if not news:
        return None
    digest = await digests.make(
        connection, Cadence.AT_ONCE, day=day, part=part, timezone=zone.key, keeps_hours=False, now=now
    )
    if digest is None:
        return None
    await bundles.take(connection, digest.id, news)
    await jobs.put(transaction, Kind.COMPOSE, str(digest.id))
    log.info("high changes go out at once", action="digest.at_once", digest=digest.id, changes=len(news))
    return digest.id


async def waiting(connection: AsyncConnection, *, now: datetime) -> tuple[int, ...]:
    """Return the commits that are to go out at once."""
    since = now - FRESH
    if not await bundles.is_news(connection, since=since):
        return ()
    return worth_a_mail(await bundles.recent(connection, since=since))


def worth_a_mail(recent: Sequence[Recent]) -> tuple[int, ...]:
    """Return the commits that are news, without those that were taken back and what took them back. Pure."""
    gone = undone([plain(commit.item) for commit in recent])
    return tuple(
        commit.item.commit_id
        for commit in recent
        if commit.is_news and (commit.item.repository_key, commit.item.sha) not in gone
    )
