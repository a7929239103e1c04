"""Rows of the ledger for whole cohorts, written where they are: no reader is loaded for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, exists, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

import subscribers
from newsletter.delivery.record import DeliveryStatus, SkipReason
from newsletter.store.digest_tables import deliveries, digests
from newsletter.store.states import Cadence
from newsletter.store.upsert import insert_new
from subscribers import Audience


@dataclass(frozen=True, kw_only=True)
class Share:
    """The readers of a cohort who get a digest at the same moment."""

    digest_id: int
    cohort_key: str
    audience: Audience
    #: The hour that they chose; None = the newsletter's.
    send_at: time | None
    #: Their mail; None where there is nothing to say to them.
    rendering_id: int | None
    due_at: datetime
    #: What their Message-IDs begin and end with.
    message_id: tuple[str, str]
    cap: Cap | None = None


@dataclass(frozen=True, kw_only=True)
class Cap:
    """How many mails at once a reader gets since an instant; whoever had them gets no further one."""

    most: int
    since: datetime


async def queue_part(
    connection: AsyncConnection, share: Share, *, after: int, size: int, now: datetime
) -> tuple[int, int | None]:
    """Write the rows of the next so many readers; those who have one for this digest keep it.

    :param after: the last reader of the part before.
    :returns: how many rows are new, and the last reader; None where there were no more.
    """
    readers = subscribers.members(share.cohort_key, share.audience, send_at=share.send_at)
    last = await subscribers.batch_end(connection, readers, after=after, size=size)
    if last is None:
        return 0, None
    reader = readers.subquery()
    skipped = share.rendering_id is None
    values: dict[str, ColumnElement[Any]] = {
        name: literal(value, deliveries.c[name].type)
        for name, value in (
            ("digest_id", share.digest_id),
            ("rendering_id", share.rendering_id),
            ("status", DeliveryStatus.SKIPPED if skipped else DeliveryStatus.QUEUED),
            ("skip_reason", SkipReason.NOTHING_TO_SAY if skipped else None),
            ("attempts", 0),
            ("next_attempt_at", None if skipped else share.due_at),
            ("due_at", None if skipped else share.due_at),
            ("created_at", now),
            ("updated_at", now),
        )
    }
    if not skipped:
        values["message_id"] = _message_id(connection, *share.message_id)
    rows = select(reader.c.id, *values.values()).where(reader.c.id > after, reader.c.id <= last)
    if share.cap is not None:
        rows = rows.where(_had(reader.c.id, share.cap, besides=share.digest_id) < share.cap.most)
    result = await connection.execute(
        insert_new(connection, deliveries).from_select(["subscriber_id", *values], rows),
        execution_options={"preserve_rowcount": True},
    )
    return result.rowcount, last


async def wants_more(
    connection: AsyncConnection, digest_id: int, cohort_key: str, audience: Audience, cap: Cap
) -> bool:
    """Whether some reader of a cohort has not had all the mails at once that they may get."""
    reader = subscribers.metadata.tables["subscribers"]
    wanted = exists().where(
        audience.condition,
        reader.c.cohort_key == cohort_key,
        _had(reader.c.id, cap, besides=digest_id) < cap.most,
    )
    found: bool = (await connection.execute(select(wanted))).scalar_one()
    return found


def _had(reader: ColumnElement[int], cap: Cap, *, besides: int) -> ColumnElement[int]:
    """Return how many mails at once a reader had since an instant, without those of one digest."""
    return (
        select(func.count())
        .select_from(deliveries.join(digests, digests.c.id == deliveries.c.digest_id))
        .where(
            deliveries.c.subscriber_id == reader,
            deliveries.c.created_at > cap.since,
            deliveries.c.digest_id != besides,
            digests.c.cadence == Cadence.AT_ONCE,
        )
        .scalar_subquery()
    )


def _message_id(connection: AsyncConnection, start: str, end: str) -> ColumnElement[str]:
    """Return what makes a Message-ID of 128 random bits in the database (RFC 5322 §3.6.4)."""
    if connection.dialect.name == "sqlite":
        word: ColumnElement[str] = func.lower(func.hex(func.randomblob(16)))
    else:
        word = func.replace(cast(func.gen_random_uuid(), Text), "-", "")
    return literal(start) + word + literal(end)
