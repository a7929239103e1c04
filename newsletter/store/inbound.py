"""Mails that came in: stored before they are answered for, emptied once they are handled."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.inbound.record import MailKind
from newsletter.store.inbound_tables import inbound_mails
from newsletter.store.upsert import insert_new


@dataclass(frozen=True, kw_only=True)
class InboundMail:
    """A mail that waits to be handled."""

    id: int
    #: Names it, whatever its id.
    digest: str
    recipient: str
    body: bytes
    received_at: datetime


async def add(connection: AsyncConnection, *, recipient: str, body: bytes, now: datetime) -> int | None:
    """Store a mail; None where the same one is known already."""
    named = hashlib.sha256(recipient.encode("utf-8", "surrogateescape") + b"\0" + body).hexdigest()
    new = insert_new(connection, inbound_mails).values(
        digest=named,
        recipient=recipient.encode("utf-8", "replace").decode(),
        body=body,
        received_at=now,
        handled_at=None,
        kind=None,
    )
    found = await connection.execute(new.returning(inbound_mails.c.id))
    added: int | None = found.scalar_one_or_none()
    return added


async def waiting(connection: AsyncConnection, mail_id: int) -> InboundMail | None:
    """Return a mail that waits to be handled; None where it does not."""
    wanted = select(inbound_mails).where(inbound_mails.c.id == mail_id, inbound_mails.c.handled_at.is_(None))
    row = (await connection.execute(wanted)).one_or_none()
    if row is None or row.body is None:
        return None
    return InboundMail(
        id=row.id, digest=row.digest, recipient=row.recipient, body=row.body, received_at=row.received_at
    )


async def all_waiting(connection: AsyncConnection) -> tuple[int, ...]:
    """Return the mails that wait to be handled, the oldest first."""
    wanted = select(inbound_mails.c.id).where(inbound_mails.c.handled_at.is_(None)).order_by(inbound_mails.c.id)
    return tuple((await connection.execute(wanted)).scalars())


async def handled(connection: AsyncConnection, mail_id: int, kind: MailKind, *, now: datetime) -> None:
    """Note what a mail was, and forget what it said."""
    await connection.execute(
        update(inbound_mails).where(inbound_mails.c.id == mail_id).values(handled_at=now, kind=kind.value, body=None)
    )
