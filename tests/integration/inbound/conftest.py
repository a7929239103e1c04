"""A service that takes mails in, with a delivery to answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

import subscribers
from newsletter.delivery.record import Delivery
from newsletter.delivery.sign import envelope_sender
from newsletter.inbound.server import InboundServer
from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.pipeline.bounce import Mailroom, inbound_job
from newsletter.pipeline.port import Job, Kind
from newsletter.store import inbound
from newsletter.store.engine import Store
from subscribers import Status, Tokens
from tests.support.clock import FrozenClock
from tests.support.delivery_rows import queued

KEY = "k" * 32
DOMAIN = "bounces.news.example"


@dataclass
class Incoming:
    """Where mails come in, and what becomes of them."""

    store: Store
    clock: FrozenClock
    room: Mailroom
    delivery: Delivery
    tokens: Tokens

    @property
    def sender(self) -> str:
        """Envelope sender of the delivery."""
        return envelope_sender(self.delivery.id, domain=DOMAIN, key=KEY)

    async def handle(self) -> list[int]:
        """Do the jobs that wait; returns the mails that were handled."""
        async with self.store.read() as connection:
            waiting = await inbound.all_waiting(connection)
        for mail_id in waiting:
            await self.job(mail_id)
        return list(waiting)

    async def job(self, mail_id: int) -> None:
        """Do one job."""
        job = Job(kind=Kind.INBOUND, key=str(mail_id), attempt=1, last=False, queued_at=self.clock())
        await inbound_job(job, store=self.store, keys=(KEY,), tokens=self.tokens, now=self.clock())

    async def status(self) -> Status:
        """Return where the reader of the delivery stands."""
        async with self.store.read() as connection:
            reader = await subscribers.by_id(connection, self.delivery.subscriber_id)
        assert reader is not None
        return reader.status


@pytest.fixture
async def incoming(store: Store, clock: FrozenClock) -> Incoming:
    """A mailroom, and one delivery to a reader."""
    _, (delivery,) = await queued(store)
    room = Mailroom(
        store=store,
        jobs=EmbeddedJobs(store, clock=clock),
        keys=(KEY,),
        domains=frozenset({DOMAIN}),
        mailboxes=frozenset({"digest@news.example"}),
        clock=clock,
    )
    return Incoming(store=store, clock=clock, room=room, delivery=delivery, tokens=Tokens([KEY]))


@pytest.fixture
async def port(incoming: Incoming) -> AsyncIterator[int]:
    """Port of the server in front of the mailroom."""
    server = InboundServer(incoming.room, hostname="news.example")
    yield await server.start("127.0.0.1", 0)
    await server.stop()
