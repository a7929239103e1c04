"""A closed day becomes one mail for each cohort and one row of the ledger for each reader."""

from __future__ import annotations

import secrets
from datetime import date, datetime
from uuid import uuid4

import subscribers
from newsletter.analysis.analyst import Analyst
from newsletter.delivery.record import SkipReason
from newsletter.digest.record import Rendering, Slots
from newsletter.logs import get_logger
from newsletter.pipeline.editions import Editions, Imprint
from newsletter.pipeline.port import Jobs, Kind
from newsletter.store import deliveries, digests
from newsletter.store.deliveries import NewDelivery
from newsletter.store.digests import StoredDigest
from newsletter.store.engine import Store
from subscribers import Cohort, Preferences

__all__ = ["Imprint", "compose", "preview"]

log = get_logger("compose")

#: Rows of the ledger written in one transaction, so that nobody else waits long for the database.
ROWS_PER_TRANSACTION = 500


async def compose(
    digest_id: int, *, store: Store, jobs: Jobs, imprint: Imprint, now: datetime, analyst: Analyst | None = None
) -> None:
    """Render a digest for every cohort and queue its deliveries. Where it was interrupted, it goes on.

    :param analyst: sums up the day of each repository, where it asks a model.
    """
    async with store.read() as connection:
        digest = await digests.by_id(connection, digest_id)
        cohorts = await subscribers.active_cohorts(connection)
    if digest is None or digest.composed:
        return
    editions = Editions(digest, store=store, imprint=imprint, now=now, analyst=analyst)
    queued = 0
    for cohort in cohorts:
        queued += await _compose_cohort(digest, cohort, editions, store=store, domain=imprint.domain, now=now)
    async with store.write() as transaction:
        await digests.mark_composed(transaction.connection, digest_id, now=now)
        await jobs.put(transaction, Kind.DELIVER, str(digest_id))
    log.info("digest composed", action="digest.composed", digest=digest_id, cohorts=len(cohorts), deliveries=queued)


async def preview(
    day: date, preferences: Preferences, *, store: Store, imprint: Imprint, now: datetime
) -> Rendering | None:
    """Render a closed day as a reader with these preferences gets it, without storing or sending anything.

    :returns: None where nothing of the day reaches their threshold.
    :raises LookupError: the day is not closed.
    """
    async with store.read() as connection:
        digest = await digests.by_day(connection, day)
    if digest is None:
        raise LookupError(f"{day} is not closed yet")
    editions = Editions(digest, store=store, imprint=imprint, now=now, keeps=False)
    return await editions.render(preferences, Slots(unsubscribe_token="preview"))  # noqa: S106 - no token at all


async def _compose_cohort(
    digest: StoredDigest, cohort: Cohort, editions: Editions, *, store: Store, domain: str, now: datetime
) -> int:
    async with store.read() as connection:
        rendering_id = await digests.rendering_id(connection, digest.id, cohort.key)
    if rendering_id is None:
        # Nobody outside can know the word, so no commit can hold it and be filled with somebody's token.
        slots = Slots(unsubscribe_token=f"slot-{secrets.token_hex(16)}")
        rendering = await editions.render(cohort.preferences, slots)
        if rendering is not None:
            async with store.write() as transaction:
                rendering_id = await digests.add_rendering(
                    transaction.connection,
                    digest.id,
                    cohort.key,
                    rendering,
                    unsubscribe_slot=slots.unsubscribe_token,
                )
    queued = after = 0
    while True:
        async with store.read() as connection:
            members = await subscribers.members(connection, cohort.key, after=after, limit=ROWS_PER_TRANSACTION)
        if not members:
            return queued
        rows = [_row(subscriber_id, rendering_id, digest.day, domain) for subscriber_id in members]
        async with store.write() as transaction:
            queued += await deliveries.queue(transaction.connection, digest.id, rows, now=now)
        after = members[-1]


def _row(subscriber_id: int, rendering_id: int | None, day: date, domain: str) -> NewDelivery:
    if rendering_id is None:
        return NewDelivery(
            subscriber_id=subscriber_id, rendering_id=None, message_id=None, skip_reason=SkipReason.NOTHING_TO_SAY
        )
    return NewDelivery(
        subscriber_id=subscriber_id,
        rendering_id=rendering_id,
        message_id=f"<{day:%Y%m%d}.{uuid4().hex}@{domain}>",
    )
