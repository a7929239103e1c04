"""A digest that waits to be sent, and a server to send it to."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from datetime import date, timedelta
from email.headerregistry import Address
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import delete

import subscribers
from newsletter.delivery.message import Letterhead
from newsletter.delivery.pool import Pool
from newsletter.delivery.record import Delivery, DeliveryStatus
from newsletter.delivery.retry import RetryPolicy
from newsletter.digest.record import Rendering, Slots
from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.pipeline.deliver import Postage, deliver
from newsletter.pipeline.port import Kind
from newsletter.store import deliveries, digests, jobs, tables
from newsletter.store.engine import Store
from newsletter.store.migrate import upgrade
from subscribers import EVERY_REPOSITORY, Choice, Level, Preferences, Status, Tokens, parse_address
from tests.support.clock import FrozenClock
from tests.support.delivery_rows import NewDelivery, queue
from tests.support.relays import PATIENT, Listening, relay_to
from tests.support.smtp_server import ScriptedServer

SLOT = "slot-0123456789abcdef"
KEY = "k" * 32
LETTERHEAD = Letterhead(
    sender=Address("Tide tables", "digest", "news.example"),
    title="Tide tables",
    base_url="https://news.example",
    bounce_domain="bounces.news.example",
)


@dataclass
class Ledger:
    """A digest with a delivery for each reader."""

    store: Store
    file: Path
    clock: FrozenClock
    digest_id: int = 0
    rendering_id: int = 0
    tokens: Tokens = field(default_factory=lambda: Tokens([KEY]))
    #: Ids by name; the address of ``ada`` is ``ada@reader.example``.
    readers: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.jobs = EmbeddedJobs(self.store, clock=self.clock)

    async def add(
        self,
        *names: str,
        message_id: str = "<{name}.2026@news.example>",
        without_mail: bool = False,
        domains: Sequence[str] = (),
    ) -> None:
        """Queue deliveries to new readers.

        :param domains: of each; by default all are readers of ``reader.example``.
        """
        preferences = Preferences.of("en", [Choice(repository=EVERY_REPOSITORY, threshold=Level.LOW)])
        now = self.clock()
        async with self.store.write() as transaction:
            new = []
            for name, domain in zip(names, domains or ["reader"] * len(names), strict=True):
                reader = await subscribers.add(
                    transaction.connection,
                    parse_address(f"{name}@{domain}.example"),
                    preferences,
                    status=Status.ACTIVE,
                    now=now,
                )
                self.readers[name] = reader.id
                new.append(
                    NewDelivery(
                        subscriber_id=reader.id,
                        rendering_id=None if without_mail else self.rendering_id,
                        message_id=message_id.format(name=name),
                    )
                )
            await queue(transaction.connection, self.digest_id, new, now=now)

    async def leave(self, name: str, *, store: Store | None = None) -> None:
        """Let a reader unsubscribe."""
        async with (store or self.store).write() as transaction:
            assert await subscribers.change_status(
                transaction.connection, self.readers[name], Status.UNSUBSCRIBED, now=self.clock()
            )

    async def of(self, name: str) -> Delivery:
        """Return the delivery to a reader as it stands."""
        async with self.store.read() as connection:
            lines = await deliveries.listing(connection)
        return next(line.delivery for line in lines if line.delivery.subscriber_id == self.readers[name])

    async def statuses(self) -> dict[str, DeliveryStatus]:
        """Return where each delivery stands."""
        return {name: (await self.of(name)).status for name in self.readers}

    async def run(
        self,
        server: Listening,
        *,
        size: int = 2,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """Run the delivery of the digest over a pool of its own."""
        postage = Postage(
            pool=Pool(relay_to(server), size=size, timeouts=PATIENT),
            letterhead=LETTERHEAD,
            tokens=self.tokens,
            key=KEY,
            policy=RetryPolicy(),
        )
        await deliver(
            self.digest_id, store=self.store, jobs=self.jobs, postage=postage, clock=self.clock, stopping=stopping
        )

    async def anew(self, name: str) -> None:
        """Forget the delivery to a reader and queue another, as the digest of another day has one."""
        async with self.store.write() as transaction:
            await transaction.connection.execute(delete(tables.deliveries))
            new = NewDelivery(
                subscriber_id=self.readers[name], rendering_id=self.rendering_id, message_id=f"<{uuid4()}@news.example>"
            )
            await queue(transaction.connection, self.digest_id, [new], now=self.clock())

    async def next_run(self) -> timedelta | None:
        """Return in how long a further run is queued for."""
        async with self.store.read() as connection:
            due = await jobs.next_due(connection, [Kind.DELIVER.value], running=())
        return None if due is None else due - self.clock()

    async def hurry(self) -> None:
        """Let the writer give up at once when the database is locked."""
        async with self.store.write() as transaction:
            await transaction.connection.exec_driver_sql("PRAGMA busy_timeout = 1")

    def other_program(self) -> AbstractContextManager[sqlite3.Connection]:
        """Open the database as another program does."""
        return closing(sqlite3.connect(self.file, isolation_level=None))


@pytest.fixture
async def ledger(tmp_path: Path, clock: FrozenClock) -> AsyncIterator[Ledger]:
    """A digest without deliveries yet."""
    file = tmp_path / "t.db"
    store = Store(f"sqlite:///{file}")
    await upgrade(store)
    ledger = Ledger(store=store, file=file, clock=clock)
    async with store.write() as transaction:
        digest = await digests.close(transaction.connection, day=date(2026, 3, 1), timezone="UTC", now=clock())
        assert digest is not None
        ledger.digest_id = digest.id
        ledger.rendering_id = await digests.add_rendering(
            transaction.connection,
            digest.id,
            "cohort",
            Rendering(subject="3 changes", text=f"High water.\nLeave: {SLOT}\n", html=f"<a href='{SLOT}'>Leave</a>"),
            slots=Slots(unsubscribe_token=SLOT, preferences_token="choices-0123456789abcdef"),
        )
    yield ledger
    await store.close()


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    """A mail server that does as it is told."""
    async with ScriptedServer() as server:
        yield server
