"""A digest goes out: every waiting row of the ledger is attempted, and every outcome is written down."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import subscribers
from newsletter.delivery.message import Letterhead
from newsletter.delivery.outcome import Objections, reply_of
from newsletter.delivery.pool import Pool, ServerRefused
from newsletter.delivery.record import Delivery, DeliveryStatus, Outcome, SkipReason
from newsletter.delivery.retry import RetryPolicy
from newsletter.errors import StoreUnavailable
from newsletter.logs import get_logger
from newsletter.metrics import deliveries as deliveries_counter
from newsletter.pipeline.letters import Letters
from newsletter.pipeline.port import Jobs, Kind, NotYet
from newsletter.pipeline.setbacks import note_outcome
from newsletter.store import bundles, deliveries, digests
from newsletter.store.engine import Store
from newsletter.store.states import Cadence
from subscribers import Status, Tokens

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


class Engine(Jobs, Protocol):
    """An engine of jobs that says when it has to let go."""

    @property
    def draining(self) -> bool:
        """Whether what is under way has to come to its end, and nothing more may be begun."""
        ...


async def deliver(
    digest_id: int,
    *,
    store: Store,
    jobs: Engine,
    postage: Postage,
    clock: Callable[[], datetime],
    stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Attempt every delivery of a digest that is due, and queue a further run where some wait for later.

    :param jobs: the engine this runs in: nothing of this digest may be sent by anybody else meanwhile.
    :param stopping: once it says True, no further message is begun; those under way are finished and recorded.
    :raises NotYet: the mail server does not let us in; the run goes on after a pause, and nobody is charged.
    """
    if postage.pool is None:
        raise NotYet("no mail server is set (NEWSLETTER_SMTP__HOST)", after=postage.server_pause)
    run = _Run(
        digest_id,
        store=store,
        postage=postage,
        pool=postage.pool,
        clock=clock,
        stopping=lambda: stopping() or jobs.draining,
    )
    try:
        # An outcome that could not be written down left its delivery in the middle.
        await park_unfinished(store=store, now=clock(), digest_id=digest_id)
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
            # Not before now: what made way for mails at once comes after them.
            await jobs.put(transaction, Kind.DELIVER, str(digest_id), run_at=max(due, clock()))


async def park_unfinished(*, store: Store, now: datetime, digest_id: int | None = None) -> int:
    """Mark what was left in the middle of leaving as uncertain. Only while nothing is being sent.

    :param digest_id: of one digest only.
    """
    async with store.write() as transaction:
        parked = await deliveries.park_unfinished(transaction.connection, now=now, digest_id=digest_id)
    if parked:
        log.warning(
            "deliveries were cut off and may have arrived; see: newsletter deliveries list --status uncertain",
            action="delivery.parked",
            deliveries=parked,
        )
    return parked


class _Run:
    """One pass over the due deliveries of a digest; between two batches it makes way for mails at once."""

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
        self._objections = Objections()
        self._failure: BaseException | None = None

    @property
    def _halted(self) -> bool:
        return self._failure is not None or self._stopping()

    async def all_due(self) -> None:
        async with self._store.read() as connection:
            digest = await digests.by_id(connection, self._digest_id)
        if digest is None:
            return
        postage = self._postage
        letters = Letters(
            store=self._store,
            letterhead=postage.letterhead,
            tokens=postage.tokens,
            key=postage.key,
            campaign=f"{digest.day}-{digest.part}" if digest.part else str(digest.day),
            cadence=digest.cadence,
        )
        started = self._clock()
        after: Delivery | None = None
        while True:
            async with self._store.read() as connection:
                due = await deliveries.due(connection, self._digest_id, now=started, limit=BATCH, after=after)
                hurried = digest.cadence is not Cadence.AT_ONCE and await bundles.jobs_wait(
                    connection, Kind.DELIVER.value, now=self._clock()
                )
            if not due or self._stopping() or hurried:
                return
            await self._batch(due, letters)
            after = due[-1]

    async def _batch(self, due: tuple[Delivery, ...], letters: Letters) -> None:
        """Work on a batch with as many hands as there are connections.

        The first failure stops the others only between two messages: whoever is in the middle of one finishes it,
        because a dialogue that is cut off leaves a delivery nobody knows the outcome of.
        """
        waiting = iter(due)

        async def work() -> None:
            for delivery in waiting:
                if self._halted:
                    return
                try:
                    await self._attempt(delivery, letters)
                except Exception as failure:  # noqa: BLE001 - raised below, when nothing is under way any more
                    self._failure = self._failure or failure

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._pool.size, len(due))):
                group.create_task(work())
        if self._failure is not None:
            raise self._failure

    async def _attempt(self, delivery: Delivery, letters: Letters) -> None:
        async with self._store.read() as connection:
            reader = await subscribers.by_id(connection, delivery.subscriber_id)
        mail = await letters.mail(delivery)
        if reader is None or reader.status is not Status.ACTIVE:
            await self._skip(delivery)
            return
        try:
            message = letters.message(delivery, reader, mail)
        except ValueError as error:
            # Another attempt would not change it, and the other readers must not wait for it.
            reply = reply_of(0, f"the message cannot be written: {error}")
            await self._record(delivery, Outcome(status=DeliveryStatus.FAILED, reply=reply), claimed=False)
            return
        claimed = False

        async def claim() -> bool:
            # It may have waited long for a connection.
            nonlocal claimed
            claimed = not self._halted and await self._claim(delivery)
            return claimed

        await self._pool.wait_for_turn()
        if self._halted:
            return
        outcome = await self._pool.send(letters.envelope(delivery, reader), message, claim=claim)
        if outcome is not None:
            await self._record(delivery, outcome, claimed=claimed)
            if self._objections.stop_the_run(outcome, reader.address.rpartition("@")[2]):
                raise ServerRefused(outcome)

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
        next_attempt = self._next_attempt(delivery, outcome)
        if outcome.status is DeliveryStatus.DEFERRED and next_attempt is None:
            outcome = replace(outcome, status=DeliveryStatus.FAILED)
        await self._write_down(delivery, outcome, next_attempt_at=next_attempt, claimed=claimed)
        deliveries_counter.labels(status=outcome.status.value).inc()
        entry: dict[str, Any] = {
            "action": f"delivery.{outcome.status.value}",
            "delivery": delivery.id,
            "code": outcome.reply.code,
        }
        if outcome.one_domain:
            log.error("a reader's domain refuses us", **entry, reply=outcome.reply.text)
        else:
            log.info("delivery attempted", **entry)

    def _next_attempt(self, delivery: Delivery, outcome: Outcome) -> datetime | None:
        if outcome.status is not DeliveryStatus.DEFERRED:
            return None
        policy, now = self._postage.policy, self._clock()
        spread = random.random()  # noqa: S311 - spreads retries, guards nothing
        if outcome.sender_fault:
            refusals = delivery.refusals + 1
            return policy.after_refusal(refusals=refusals, one_domain=outcome.one_domain, now=now, spread=spread)
        since = delivery.patience_from or now
        return policy.next_attempt(attempts=delivery.attempts + 1, since=since, now=now, spread=spread)

    async def _write_down(
        self, delivery: Delivery, outcome: Outcome, *, next_attempt_at: datetime | None, claimed: bool
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
                            charged=not outcome.sender_fault,
                        )
                        await note_outcome(transaction, delivery, outcome, now=now)
            except StoreUnavailable:
                if pause is None:
                    raise
                await asyncio.sleep(pause.total_seconds())
            else:
                return
