"""A newsroom whose clock walks: the timer, the closing, the composing and the sending happen when their time comes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time

from newsletter.delivery.record import DeliveryStatus, Outcome, Reply
from newsletter.jobs.timer import DAILY, DailyTimer
from newsletter.pipeline.at_once import send_at_once
from newsletter.pipeline.close import close_when_ready
from newsletter.pipeline.compose import compose
from newsletter.pipeline.port import Job, Kind
from newsletter.store import deliveries, digests, jobs, repositories, schedules
from newsletter.store.states import Cadence
from tests.support.newsroom import Newsroom

#: In the order of the handlers: whatever one queues is there for the next.
KINDS = (Kind.AT_ONCE, Kind.CLOSE, Kind.COMPOSE)
SENT = Outcome(status=DeliveryStatus.SENT, reply=Reply(code=250, text="2.0.0 queued"))


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A mail that a reader got."""

    reader: str
    at: datetime
    cadence: Cadence
    subject: str
    text: str


@dataclass
class Walk:
    """Moves a newsroom's clock on and does what is due at every stop."""

    room: Newsroom
    send_at: time = time(8)
    arrivals: list[Arrival] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.timer = self._timer()

    def _timer(self) -> DailyTimer:
        room = self.room
        return DailyTimer(store=room.store, jobs=room.jobs, send_at=self.send_at, zone=room.zone, clock=room.clock)

    async def to(self, end: datetime) -> None:
        """Walk until an instant, and stop wherever something is due."""
        while self.room.clock() < end:
            self.room.clock.set(min(await self._next(), end))
            await self.stop()

    async def _next(self) -> datetime:
        """Return when something is due next."""
        now = self.room.clock()
        async with self.room.store.read() as connection:
            planned = await schedules.load(connection, DAILY)
            job = await jobs.next_due(connection, [kind.value for kind in KINDS], running=())
            mails = [
                await deliveries.next_due(connection, digest) for digest in await deliveries.digests_waiting(connection)
            ]
        coming = (at for at in (planned.next_at if planned else None, job, *mails) if at is not None and at > now)
        return min(coming, default=datetime.max.replace(tzinfo=UTC))

    async def stop(self) -> None:
        """Do everything that is due at this moment."""
        while not await self.timer.tick():
            pass
        for kind in KINDS:
            await self._run(kind)
        await self._send()

    def got(self, reader: str, cadence: Cadence | None = None) -> list[Arrival]:
        """Return what a reader got, in its order."""
        return [each for each in self.arrivals if each.reader == reader and cadence in {None, each.cadence}]

    async def _run(self, kind: Kind) -> None:
        room, now = self.room, self.room.clock()
        async with room.store.read() as connection:
            due = await jobs.due(connection, kind.value, now=now, limit=99, running=())
        for stored in due:
            job = Job(kind=kind, key=stored.key, attempt=1, last=False, queued_at=stored.created_at)
            await self._handle(job)
            async with room.store.write() as transaction:
                await jobs.finish(transaction.connection, stored.id)

    async def _handle(self, job: Job) -> None:
        room, now = self.room, self.room.clock()
        if job.kind is Kind.AT_ONCE:
            await send_at_once(store=room.store, jobs=room.jobs, zone=room.zone, now=now)
        elif job.kind is Kind.COMPOSE:
            await compose(int(job.key), store=room.store, jobs=room.jobs, imprint=room.imprint, now=now)
        else:
            # GitHub was asked meanwhile.
            async with room.store.write() as transaction:
                for repository in await repositories.everything(transaction.connection):
                    await repositories.mark_reconciled(transaction.connection, repository.id, at=now)
            await close_when_ready(job, store=room.store, jobs=room.jobs, zone=room.zone, language="en", now=now)

    async def _send(self) -> None:
        """Let every mail leave that is due, without a mail server."""
        room, now = self.room, self.room.clock()
        async with room.store.write() as transaction:
            connection = transaction.connection
            for digest_id in await deliveries.digests_waiting(connection):
                digest = await digests.by_id(connection, digest_id)
                assert digest is not None
                due = await deliveries.due(connection, digest_id, now=now, limit=99)
                addresses = {line.delivery.id: line.address for line in await deliveries.listing(connection)}
                for delivery in due:
                    assert delivery.rendering_id is not None
                    mail = await digests.open_mail(connection, delivery.rendering_id)
                    assert mail is not None
                    assert await deliveries.claim(connection, delivery.id, now=now)
                    await deliveries.record(connection, delivery.id, SENT, next_attempt_at=None, now=now)
                    self.arrivals.append(
                        Arrival(
                            reader=addresses[delivery.id].partition("@")[0],
                            at=now,
                            cadence=digest.cadence,
                            subject=mail.subject,
                            text=mail.text,
                        )
                    )
