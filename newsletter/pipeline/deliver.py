"""A digest goes out: every waiting row of the ledger is attempted, and every outcome is written down."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import subscribers
from newsletter.delivery.message import Letterhead, Particulars, message_bytes
from newsletter.delivery.outcome import reply_of
from newsletter.delivery.pool import Pool, ServerRefused
from newsletter.delivery.record import Delivery, DeliveryStatus, OpenMail, Outcome, SkipReason
from newsletter.delivery.retry import RetryPolicy
from newsletter.delivery.sign import envelope_sender
from newsletter.delivery.smtp import Envelope
from newsletter.errors import StoreUnavailable
from newsletter.logs import get_logger
from newsletter.metrics import deliveries as deliveries_counter
from newsletter.pipeline.port import Jobs, Kind, NotYet
from newsletter.store import deliveries, digests
from newsletter.store.engine import Store
from subscribers import Purpose, Status, Subscriber, Tokens

log = get_logger("deliver")

#: Rows looked up at once.
BATCH = 200
#: Between tries to record an outcome while the database is away; None = no further one.
RECORDING_PAUSES = (timedelta(seconds=0.2), timedelta(seconds=1), timedelta(seconds=5), timedelta(seconds=15), None)


@dataclass(frozen=True, kw_only=True)
class Postage:
    """What it takes to send."""

    #: None while no mail server is set: then deliveries wait.
    pool: Pool | None
    letterhead: Letterhead
    tokens: Tokens
    #: Signs envelope senders.
    key: str
    policy: RetryPolicy
    #: Pause after the mail server refused us.
    server_pause: timedelta = timedelta(minutes=2)


async def deliver(
    digest_id: int,
    *,
    store: Store,
    jobs: Jobs,
    postage: Postage,
    clock: Callable[[], datetime],
    stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Attempt every delivery of a digest that is due, and queue a further run where some wait for later.

    :param stopping: once it says True, no further message is begun; those under way are finished and recorded.
    :raises NotYet: the mail server does not let us in; the run goes on after a pause, and nobody is charged.
    """
    if postage.pool is None:
        raise NotYet("no mail server is set (NEWSLETTER_SMTP__HOST)", after=postage.server_pause)
    run = _Run(digest_id, store=store, postage=postage, pool=postage.pool, clock=clock, stopping=stopping)
    try:
        await run.all_due()
    except ServerRefused as refusal:
        log.error(  # noqa: TRY400 - what the server said is all there is to know
            "the mail server refuses us",
            action="delivery.server_refused",
            digest=digest_id,
            code=refusal.outcome.reply.code,
            reply=refusal.outcome.reply.text,
        )
        raise NotYet(str(refusal), after=postage.server_pause) from refusal
    finally:
        await postage.pool.close()
    async with store.read() as connection:
        due = await deliveries.next_due(connection, digest_id)
    if due is not None:
        async with store.write() as transaction:
            await jobs.put(transaction, Kind.DELIVER, str(digest_id), run_at=due)


async def park_unfinished(*, store: Store, now: datetime) -> int:
    """Mark what was leaving when the last process died as uncertain. Only before anything is sent by this one."""
    async with store.write() as transaction:
        parked = await deliveries.park_unfinished(transaction.connection, now=now)
    if parked:
        log.warning(
            "deliveries were cut off and may have arrived; see: newsletter deliveries list --status uncertain",
            action="delivery.parked",
            deliveries=parked,
        )
    return parked


class _Run:
    """One pass over the due deliveries of a digest."""

    def __init__(
        self,
        digest_id: int,
        *,
        store: Store,
        postage: Postage,
        pool: Pool,
        clock: Callable[[], datetime],
        stopping: Callable[[], bool],
    ) -> None:
        self._digest_id = digest_id
        self._store = store
        self._postage = postage
        self._pool = pool
        self._clock = clock
        self._stopping = stopping
        self._failure: BaseException | None = None
        self._mails: dict[int, OpenMail] = {}
        self._campaign = ""

    async def all_due(self) -> None:
        async with self._store.read() as connection:
            digest = await digests.by_id(connection, self._digest_id)
        if digest is None:
            return
        self._campaign = digest.day.isoformat()
        started, after = self._clock(), 0
        while True:
            async with self._store.read() as connection:
                due = await deliveries.due(connection, self._digest_id, now=started, limit=BATCH, after=after)
            if not due or self._stopping():
                return
            await self._batch(due)
            after = due[-1].id

    async def _batch(self, due: tuple[Delivery, ...]) -> None:
        """Work on a batch with as many hands as there are connections.

        The first failure stops the others only between two messages: whoever is in the middle of one finishes it,
        because a dialogue that is cut off leaves a delivery nobody knows the outcome of.
        """
        waiting = iter(due)

        async def work() -> None:
            for delivery in waiting:
                if self._failure is not None or self._stopping():
                    return
                try:
                    await self._attempt(delivery)
                except Exception as failure:  # noqa: BLE001 - raised below, when nothing is under way any more
                    self._failure = self._failure or failure

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._pool.size, len(due))):
                group.create_task(work())
        if self._failure is not None:
            raise self._failure

    async def _attempt(self, delivery: Delivery) -> None:
        async with self._store.read() as connection:
            reader = await subscribers.by_id(connection, delivery.subscriber_id)
        mail = await self._mail(delivery)
        if reader is None or reader.status is not Status.ACTIVE:
            await self._skip(delivery)
            return
        try:
            message = self._message(delivery, reader, mail)
        except ValueError as error:
            # Another attempt would not change it, and the other readers must not wait for it.
            reply = reply_of(0, f"the message cannot be written: {error}")
            await self._record(delivery, Outcome(status=DeliveryStatus.FAILED, reply=reply), claimed=False)
            return
        claimed = False

        async def claim() -> bool:
            nonlocal claimed
            claimed = await self._claim(delivery)
            return claimed

        await self._pool.wait_for_turn()
        envelope = Envelope(sender=self._sender(delivery), recipient=reader.address)
        outcome = await self._pool.send(envelope, message, claim=claim)
        if outcome is not None:
            await self._record(delivery, outcome, claimed=claimed)

    async def _mail(self, delivery: Delivery) -> OpenMail:
        if delivery.rendering_id is None:
            raise LookupError(f"delivery {delivery.id} has no rendering")
        if delivery.rendering_id not in self._mails:
            async with self._store.read() as connection:
                mail = await digests.open_mail(connection, delivery.rendering_id)
            if mail is None:
                raise LookupError(f"rendering {delivery.rendering_id} vanished")
            self._mails[delivery.rendering_id] = mail
        return self._mails[delivery.rendering_id]

    def _message(self, delivery: Delivery, reader: Subscriber, mail: OpenMail) -> bytes:
        return message_bytes(
            mail,
            self._postage.letterhead,
            Particulars(
                recipient=reader.address,
                message_id=delivery.message_id or "",
                date=delivery.created_at,
                unsubscribe_token=self._postage.tokens.make(Purpose.UNSUBSCRIBE, reader.id),
                campaign=self._campaign,
            ),
        )

    def _sender(self, delivery: Delivery) -> str:
        letterhead = self._postage.letterhead
        if letterhead.bounce_domain is None:
            return letterhead.sender.addr_spec
        return envelope_sender(delivery.id, domain=letterhead.bounce_domain, key=self._postage.key)

    async def _claim(self, delivery: Delivery) -> bool:
        """Take the delivery at the last moment, unless the reader left or somebody else has it."""
        async with self._store.write() as transaction:
            reader = await subscribers.by_id(transaction.connection, delivery.subscriber_id)
            if reader is None or reader.status is not Status.ACTIVE:
                await deliveries.skip(transaction.connection, delivery.id, SkipReason.NOT_ACTIVE, now=self._clock())
                return False
            return await deliveries.claim(transaction.connection, delivery.id, now=self._clock())

    async def _skip(self, delivery: Delivery) -> None:
        async with self._store.write() as transaction:
            await deliveries.skip(transaction.connection, delivery.id, SkipReason.NOT_ACTIVE, now=self._clock())

    async def _record(self, delivery: Delivery, outcome: Outcome, *, claimed: bool) -> None:
        now = self._clock()
        charged = not outcome.sender_fault
        next_attempt = None
        if outcome.status is DeliveryStatus.DEFERRED:
            next_attempt = self._postage.policy.next_attempt(
                attempts=max(delivery.attempts + charged, 1),
                queued_at=delivery.created_at,
                now=now,
                spread=random.random(),  # noqa: S311 - spreads retries, guards nothing
            )
            if next_attempt is None:
                outcome = replace(outcome, status=DeliveryStatus.FAILED)
        await self._write_down(delivery, outcome, next_attempt_at=next_attempt, charged=charged, claimed=claimed)
        deliveries_counter.labels(status=outcome.status.value).inc()
        log.info(
            "delivery attempted",
            action=f"delivery.{outcome.status.value}",
            delivery=delivery.id,
            code=outcome.reply.code,
        )
        if outcome.sender_fault:
            raise ServerRefused(outcome)

    async def _write_down(
        self, delivery: Delivery, outcome: Outcome, *, next_attempt_at: datetime | None, charged: bool, claimed: bool
    ) -> None:
        """Record an outcome, through short outages of the database: it is known nowhere else.

        What came before the claim counts only where nobody else has the delivery: theirs is the outcome then.
        """
        for pause in RECORDING_PAUSES:
            try:
                async with self._store.write() as transaction:
                    now = self._clock()
                    if claimed or await deliveries.claim(transaction.connection, delivery.id, now=now):
                        await deliveries.record(
                            transaction.connection,
                            delivery.id,
                            outcome,
                            next_attempt_at=next_attempt_at,
                            now=now,
                            charged=charged,
                        )
            except StoreUnavailable:
                if pause is None:
                    raise
                await asyncio.sleep(pause.total_seconds())
            else:
                return
