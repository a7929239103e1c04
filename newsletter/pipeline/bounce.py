"""Mails that come in: stored before the server answers for them, and handled by a job."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.delivery.sign import delivery_of
from newsletter.inbound.classify import classify
from newsletter.inbound.record import MailKind
from newsletter.inbound.segments import LONGEST_MAIL
from newsletter.logs import get_logger
from newsletter.metrics import inbound_mails
from newsletter.pipeline.port import Job, Jobs, Kind
from newsletter.pipeline.setbacks import note, setback_of_mail
from newsletter.store import deliveries, inbound
from newsletter.store.engine import Store
from subscribers import Evidence, Purpose, TokenError, Tokens, Way

log = get_logger("inbound")

#: Mailboxes that every domain has (RFC 2142), to which providers send complaints.
MAILBOXES = frozenset({"postmaster", "abuse", "feedback"})
#: A reader's own link in the mail that is returned.
_LINK = re.compile(rb"/unsubscribe/([A-Za-z0-9_.-]{20,200})")
#: Links that are tried.
_MOST_LINKS = 20


@dataclass(frozen=True, kw_only=True)
class Mailroom:
    """Takes mails in."""

    store: Store
    jobs: Jobs
    #: Sign envelope senders.
    keys: tuple[str, ...]
    #: Whose recipients are ours, lower case.
    domains: frozenset[str]
    #: Further mailboxes of ours, lower case.
    mailboxes: frozenset[str]
    clock: Callable[[], datetime]

    def accepts(self, recipient: str) -> bool:
        """Whether a mail may be written to this address: an envelope sender that we signed, or a mailbox of ours."""
        local, _, domain = recipient.rpartition("@")
        if recipient.lower() in self.mailboxes:
            return True
        if domain.lower() not in self.domains:
            return False
        return local.lower() in MAILBOXES or delivery_of(local, keys=self.keys) is not None

    async def take(self, recipients: Sequence[str], body: bytes) -> None:
        """Store a mail for each recipient, all or none; the same one twice is stored once.

        :raises StoreUnavailable: nothing was stored.
        """
        async with self.store.write() as transaction:
            for recipient in dict.fromkeys(recipients):
                added = await inbound.add(transaction.connection, recipient=recipient, body=body, now=self.clock())
                if added is not None:
                    await self.jobs.put(transaction, Kind.INBOUND, str(added))


async def inbound_job(job: Job, *, store: Store, keys: tuple[str, ...], tokens: Tokens, now: datetime) -> None:
    """Say what a stored mail is, note what follows for its reader, and forget what it said.

    A bounce or a complaint is believed only where it proves that it answers a mail of ours: by the signed address it
    was sent to, or by the reader's own link in what it returns. Otherwise anybody could have anybody suppressed.
    """
    async with store.read() as connection:
        mail = await inbound.waiting(connection, int(job.key))
    if mail is None:
        return
    verdict = classify(mail.body)
    found = setback_of_mail(verdict)
    async with store.write() as transaction:
        if found is not None:
            reader = await _reader(transaction.connection, mail, keys=keys, tokens=tokens)
            if reader is not None:
                evidence = Evidence(setback=found[0], way=Way.MAIL, at=mail.received_at, status=found[1])
                await note(transaction, reader, evidence, source=f"mail {mail.digest}")
            elif verdict.kind in {MailKind.BOUNCE, MailKind.COMPLAINT}:
                log.warning("a mail proves no mail of ours", action="inbound.unproven", mail=mail.id)
        await inbound.handled(transaction.connection, mail.id, verdict.kind, now=now)
    inbound_mails.labels(kind=verdict.kind.value).inc()
    log.info("mail handled", action="inbound.handled", mail=mail.id, kind=verdict.kind.value)


async def _reader(
    connection: AsyncConnection, mail: inbound.InboundMail, *, keys: tuple[str, ...], tokens: Tokens
) -> int | None:
    """Return the reader of the mail of ours that this one answers."""
    delivery_id = delivery_of(mail.recipient.rpartition("@")[0], keys=keys)
    if delivery_id is not None:
        return await deliveries.reader_of(connection, delivery_id)
    # Quoted-printable breaks lines in the middle of a link.
    for link in _LINK.findall(mail.body[:LONGEST_MAIL].replace(b"=\r\n", b"").replace(b"=\n", b""))[:_MOST_LINKS]:
        try:
            return tokens.read(Purpose.UNSUBSCRIBE, link.decode("ascii").rstrip("."))
        except TokenError:
            continue
    return None
