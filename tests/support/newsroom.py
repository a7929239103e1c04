"""A newsroom in which nothing runs by itself: pushes come in and days are closed when a test says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

import subscribers
from newsletter.analysis.prompt import VERSION
from newsletter.analysis.record import Analysis
from newsletter.delivery.record import Delivery, DeliveryStatus, OpenMail
from newsletter.digest.record import Rendering
from newsletter.digest.render import Renderer
from newsletter.github.webhook import stored_push
from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.pipeline.close import Closed, close_day, close_when_ready
from newsletter.pipeline.compose import Imprint, compose, preview
from newsletter.pipeline.expand import expand
from newsletter.pipeline.port import Job, Kind
from newsletter.pipeline.receive import Intake, Receipt
from newsletter.resources import templates_directory
from newsletter.store import analyses, commits, deliveries, digests, jobs, repositories
from newsletter.store.digests import DigestItem
from newsletter.store.engine import Store
from newsletter.store.repositories import FollowedRepository
from subscribers import Level, Preferences, Status, Subscriber, metadata
from tests.support.clock import FrozenClock
from tests.support.pushes import body_of, payload
from tests.support.records import add_reader, analysis_of, sha

BASE_URL = "https://news.example"


@cache
def imprint() -> Imprint:
    """Return what the digests have in common; the templates are compiled once for all tests."""
    return Imprint(
        title="Tide tables",
        language="en",
        github_url="https://github.com",
        domain="news.example",
        renderer=Renderer(templates_directory(), base_url=BASE_URL, postal_address="1 Quay Street, Tidewater"),
    )


@dataclass
class Newsroom:
    """The stages from a push to a ledger over one store."""

    store: Store
    clock: FrozenClock
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    imprint: Imprint = field(default_factory=imprint)

    def __post_init__(self) -> None:
        self.jobs = EmbeddedJobs(self.store, clock=self.clock)

    async def push(
        self,
        repository: FollowedRepository,
        numbers: Sequence[int],
        at: datetime,
        *,
        message: str = "Lower the gate",
        author: str = "Ada",
    ) -> str:
        """Receive a push that GitHub dates to an instant; nothing is done with it yet. Returns its hook_id."""
        told = payload()["commits"][0] | {"message": message, "author": {"name": author}}
        body = body_of(
            payload(
                repository__id=repository.github_id,
                repository__full_name=repository.full_name,
                repository__private=repository.private,
                repository__pushed_at=at.astimezone(UTC).isoformat(),
                commits=[told | {"id": sha(number)} for number in numbers],
            )
        )
        push = stored_push(body, hook_id=str(uuid4()))
        received = await Intake(store=self.store, jobs=self.jobs).receive(push, body, now=self.clock())
        assert received.receipt is Receipt.STORED
        return push.hook_id

    async def expand(self, hook_id: str) -> None:
        """Store the commits of a push."""
        await expand(hook_id, store=self.store, jobs=self.jobs, now=self.clock())

    async def analysed(
        self,
        repository: FollowedRepository,
        number: int,
        at: datetime,
        *texts: Analysis,
        message: str = "Lower the gate",
        author: str = "Ada",
    ) -> None:
        """Receive a push of one commit that has its analyses: a low one in English unless others are given."""
        await self.expand(await self.push(repository, [number], at, message=message, author=author))
        async with self.store.write() as transaction:
            connection = transaction.connection
            (commit_id,) = await commits.unanalysed(connection)
            for text in texts or (analysis_of(level=Level.LOW),):
                assert await commits.freeze_level(connection, commit_id, text.level) is text.level
                await analyses.add(connection, commit_id, text, version=VERSION, now=self.clock())

    async def compared(self, repository: FollowedRepository, at: datetime) -> None:
        """Record that GitHub was asked for everything that reached the repository until an instant."""
        async with self.store.write() as transaction:
            await repositories.mark_reconciled(transaction.connection, repository.id, at=at)

    async def close(self, day: date) -> Closed:
        """Close a day now."""
        return await close_day(day, store=self.store, jobs=self.jobs, zone=self.zone, language="en", now=self.clock())

    async def close_when_ready(self, day: date, *, queued_at: datetime) -> None:
        """Do what the timer's job does."""
        job = Job(kind=Kind.CLOSE, key=day.isoformat(), attempt=1, last=False, queued_at=queued_at)
        await close_when_ready(job, store=self.store, jobs=self.jobs, zone=self.zone, language="en", now=self.clock())

    async def compose(self, day: date) -> int:
        """Compose a closed day; returns the id of its digest."""
        async with self.store.read() as connection:
            digest = await digests.by_day(connection, day)
        assert digest is not None
        await compose(digest.id, store=self.store, jobs=self.jobs, imprint=self.imprint, now=self.clock())
        return digest.id

    async def preview(self, day: date, preferences: Preferences) -> Rendering | None:
        """Look at a day as a reader with these preferences gets it."""
        return await preview(day, preferences, store=self.store, imprint=self.imprint, now=self.clock())

    async def items(self, day: date) -> tuple[DigestItem, ...]:
        """Return what a closed day holds; nothing where it is not closed."""
        async with self.store.read() as connection:
            digest = await digests.by_day(connection, day)
            return await digests.items(connection, digest.id) if digest else ()

    async def numbers(self, day: date) -> list[int]:
        """Return the numbers of the commits that a day holds."""
        return [int(item.sha, 16) for item in await self.items(day)]

    async def late(self, day: date) -> list[int]:
        """Return the numbers of those that are marked late."""
        return [int(item.sha, 16) for item in await self.items(day) if item.late]

    async def ledger(self) -> dict[str, Delivery]:
        """Return the delivery to each address; no test here has two digests with mails for one reader."""
        async with self.store.read() as connection:
            lines = await deliveries.listing(connection)
        assert max(Counter(line.address for line in lines).values(), default=1) == 1
        return {line.address: line.delivery for line in lines}

    async def statuses(self) -> dict[str, DeliveryStatus]:
        """Return where the delivery to each address stands."""
        return {address: delivery.status for address, delivery in (await self.ledger()).items()}

    async def mail_to(self, address: str) -> OpenMail:
        """Return the mail that a reader is to get."""
        rendering_id = (await self.ledger())[address].rendering_id
        assert rendering_id is not None
        async with self.store.read() as connection:
            mail = await digests.open_mail(connection, rendering_id)
        assert mail is not None
        return mail

    async def count(self, table: str) -> int:
        """Return how many rows a table has."""
        async with self.store.read() as connection:
            found: int = (
                await connection.execute(select(func.count()).select_from(metadata.tables[table]))
            ).scalar_one()
        return found

    async def queued(self, kind: Kind) -> list[str]:
        """Return the keys of the jobs of a kind that wait, each as often as it is queued."""
        async with self.store.read() as connection:
            due = await jobs.due(connection, kind.value, now=datetime.max.replace(tzinfo=UTC), limit=999, running=())
        return [job.key for job in due]

    async def reader(self, name: str, preferences: Preferences | None = None) -> Subscriber:
        """Add an active reader; the address of ``ada`` is ``ada@reader.example``."""
        return await add_reader(self.store, f"{name}@reader.example", preferences)

    async def leave(self, reader: Subscriber) -> None:
        """Let a reader unsubscribe."""
        async with self.store.write() as transaction:
            assert await subscribers.change_status(
                transaction.connection, reader.id, Status.UNSUBSCRIBED, now=self.clock()
            )
