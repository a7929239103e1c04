"""A closed day becomes one mail for each cohort and one row of the ledger for each reader."""

from __future__ import annotations

import secrets
from datetime import date, datetime
from zoneinfo import ZoneInfo

import subscribers
from newsletter.analysis.analyst import Analyst
from newsletter.digest.record import Rendering, Slots
from newsletter.digest.schedule import LocalHour, day_bounds, first_send, weekly_send
from newsletter.logs import get_logger
from newsletter.pipeline import at_once
from newsletter.pipeline.editions import Editions, Imprint
from newsletter.pipeline.hours import zone_of
from newsletter.pipeline.operator import Operator
from newsletter.pipeline.port import Jobs, Kind
from newsletter.pipeline.unfit import UnfitMail, end_alarm, hold_back
from newsletter.store import deliveries, digests, queueing
from newsletter.store.digests import StoredDigest
from newsletter.store.engine import Store
from newsletter.store.queueing import Share
from newsletter.store.states import Cadence
from subscribers import Audience, Cohort, Preferences, Weekday

__all__ = ["Imprint", "compose", "preview"]

log = get_logger("compose")

#: Rows of the ledger written in one transaction, so that nobody else waits long for the database.
ROWS_PER_TRANSACTION = 2000
#: In the place of an operator who does not want to be written to.
NOBODY = Operator()
#: In a mail that nobody gets.
PREVIEW = Slots(unsubscribe_token="preview", preferences_token="preview", view_key="preview")  # noqa: S106 - no tokens


async def compose(
    digest_id: int,
    *,
    store: Store,
    jobs: Jobs,
    imprint: Imprint,
    now: datetime,
    analyst: Analyst | None = None,
    operator: Operator = NOBODY,
) -> None:
    """Render a digest for every cohort and queue its deliveries. Where it was interrupted, it goes on.

    :param analyst: sums up the day of each repository, where it asks a model.
    :param operator: is told of mails that must not be sent.
    :raises HeldBack: there are such; the others are on their way, and composing again makes up for them.
    """
    async with store.read() as connection:
        digest = await digests.by_id(connection, digest_id)
        if digest is None or digest.composed:
            return
        audience = audience_of(digest)
        cohorts = await subscribers.active_cohorts(connection, audience)
    editions = Editions(digest, store=store, imprint=imprint, now=now, analyst=analyst)
    queued, unfit = 0, list[UnfitMail]()
    for cohort in cohorts:
        try:
            queued += await _compose_cohort(digest, cohort, audience, editions, store=store, imprint=imprint, now=now)
        except UnfitMail as error:
            # What is wrong is in the alarm below; here, whose mail it is.
            log.warning("a mail is unfit", action="digest.unfit", digest=digest_id, cohort=cohort.key)
            unfit.append(error)
    if unfit:
        raise await hold_back(digest, unfit, store=store, jobs=jobs, operator=operator, now=now)
    await end_alarm(store=store, now=now)
    async with store.write() as transaction:
        await digests.mark_composed(transaction.connection, digest_id, now=now)
        due = await deliveries.next_due(transaction.connection, digest_id)
        await jobs.put(transaction, Kind.DELIVER, str(digest_id), run_at=due)
    log.info("digest composed", action="digest.composed", digest=digest_id, cohorts=len(cohorts), deliveries=queued)


async def preview(
    day: date, preferences: Preferences, *, store: Store, imprint: Imprint, now: datetime
) -> Rendering | None:
    """Render a closed day as a reader with these preferences gets it, without storing or sending anything.

    :returns: None where nothing of the day reaches their threshold.
    :raises LookupError: the day is not closed.
    :raises UnfitMail: it would be held back; the error has the mail, where there is one.
    """
    async with store.read() as connection:
        digest = await digests.by_day(connection, day)
    if digest is None:
        raise LookupError(f"{day} is not closed yet")
    editions = Editions(digest, store=store, imprint=imprint, now=now, keeps=False)
    return await editions.render(preferences, PREVIEW)


def audience_of(digest: StoredDigest) -> Audience:
    """Return which readers a digest is for. Pure."""
    if digest.cadence is Cadence.AT_ONCE:
        return at_once.READERS
    if digest.cadence is Cadence.WEEKLY:
        weekday = Weekday.of(date.fromordinal(digest.day.toordinal() + 1))
        return Audience(cadence=subscribers.Cadence.WEEKLY, weekday=weekday)
    return Audience(cadence=subscribers.Cadence.DAILY)


def due_at(digest: StoredDigest, hour: LocalHour, *, now: datetime) -> datetime:
    """Return when readers who chose an hour get a digest; never before now. Pure."""
    if not digest.keeps_hours:
        return now
    zone = ZoneInfo(digest.timezone)
    if digest.cadence is Cadence.WEEKLY:
        return max(weekly_send(digest.day, zone, hour), now)
    return max(first_send(day_bounds(digest.day, zone)[1], hour), now)


async def _compose_cohort(
    digest: StoredDigest,
    cohort: Cohort,
    audience: Audience,
    editions: Editions,
    *,
    store: Store,
    imprint: Imprint,
    now: datetime,
) -> int:
    cap = at_once.cap_at(digest.closed_at) if digest.cadence is Cadence.AT_ONCE else None
    async with store.read() as connection:
        rendering_id = await digests.rendering_id(connection, digest.id, cohort.key)
        hours = await subscribers.hours_of(connection, cohort.key, audience)
        if cap is not None and not await queueing.wants_more(connection, digest.id, cohort.key, audience, cap):
            return 0
    if rendering_id is None:
        rendering_id = await _render(digest, cohort, editions, store=store)
    if rendering_id is None and cap is not None:
        # Nobody expects a mail at once, so nobody has to be told why none came.
        return 0
    zone = zone_of(cohort.preferences.timezone, ZoneInfo(digest.timezone))
    queued = 0
    for send_at in hours:
        share = Share(
            digest_id=digest.id,
            cohort_key=cohort.key,
            audience=audience,
            send_at=send_at,
            rendering_id=rendering_id,
            due_at=due_at(digest, LocalHour(at=send_at or imprint.send_at, zone=zone), now=now),
            message_id=(f"<{digest.day:%Y%m%d}.", f"@{imprint.domain}>"),
            cap=cap,
        )
        queued += await _queue(share, store=store, now=now)
    return queued


async def _render(digest: StoredDigest, cohort: Cohort, editions: Editions, *, store: Store) -> int | None:
    # Nobody outside can know the words, so no commit can hold one and be filled with somebody's token.
    slots = Slots(
        unsubscribe_token=f"slot-{secrets.token_hex(16)}",
        preferences_token=f"slot-{secrets.token_hex(16)}",
        view_key=secrets.token_urlsafe(24),
    )
    rendering = await editions.render(cohort.preferences, slots)
    if rendering is None:
        return None
    async with store.write() as transaction:
        return await digests.add_rendering(transaction.connection, digest.id, cohort.key, rendering, slots=slots)


async def _queue(share: Share, *, store: Store, now: datetime) -> int:
    queued = after = 0
    while True:
        async with store.write() as transaction:
            new, last = await queueing.queue_part(
                transaction.connection, share, after=after, size=ROWS_PER_TRANSACTION, now=now
            )
        queued += new
        if last is None:
            return queued
        after = last
