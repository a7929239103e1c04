"""What ended is queued again by an operator only, and only where it may be sent again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

import subscribers
from newsletter.delivery.record import ALLOWED, DeliveryStatus
from newsletter.store import deliveries
from newsletter.store.engine import Store
from subscribers import Status
from tests.support.clock import NOON
from tests.support.delivery_rows import HOUR, LATER, NEVER, one_of, queued, record, stand_at
from tests.support.records import DAY


class TestRetry:
    """Only an operator queues again what ended, and only where that may be sent again."""

    async def retry(self, store: Store, statuses: Sequence[DeliveryStatus], day: object = None) -> tuple[int, ...]:
        async with store.write() as transaction:
            return await deliveries.retry(
                transaction.connection, statuses=statuses, day=DAY if day is None else None, now=NOON + HOUR
            )

    async def test_a_delivery_that_is_queued_again_begins_anew(self, store: Store) -> None:
        _, (delivery,) = await queued(store)
        await record(store, delivery.id, LATER, next_attempt_at=NOON, charged=False)
        await record(store, delivery.id, NEVER)
        await self.retry(store, [DeliveryStatus.FAILED])
        found = await one_of(store, delivery.id)
        assert (found.attempts, found.refusals, found.patience_from) == (0, 0, None)

    async def test_a_failed_delivery_is_queued_again(self, store: Store) -> None:
        digest_id, (failed, other) = await queued(store, 2)
        await record(store, failed.id, NEVER)
        assert await self.retry(store, [DeliveryStatus.FAILED]) == (digest_id,)
        assert await self.retry(store, [DeliveryStatus.FAILED]) == ()
        found = await one_of(store, failed.id)
        assert (found.status, found.next_attempt_at, found.message_id) == (
            DeliveryStatus.QUEUED,
            NOON + HOUR,
            failed.message_id,
        )
        assert await one_of(store, other.id) == other

    @pytest.mark.parametrize(
        "status", [status for status, after in ALLOWED.items() if DeliveryStatus.QUEUED not in after], ids=str
    )
    async def test_what_may_not_be_sent_again_is_not_even_if_asked_for(
        self, store: Store, status: DeliveryStatus
    ) -> None:
        _, (delivery,) = await queued(store)
        await stand_at(store, delivery.id, status)
        assert await self.retry(store, [status]) == ()
        assert (await one_of(store, delivery.id)).status is status

    async def test_a_reader_who_left_is_not_mailed_again(self, store: Store) -> None:
        _, (delivery,) = await queued(store)
        await record(store, delivery.id, NEVER)
        async with store.write() as transaction:
            await subscribers.change_status(
                transaction.connection, delivery.subscriber_id, Status.UNSUBSCRIBED, now=NOON
            )
        assert await self.retry(store, [DeliveryStatus.FAILED]) == ()

    async def test_another_day_is_left_alone(self, store: Store) -> None:
        _, (delivery,) = await queued(store)
        await record(store, delivery.id, NEVER)
        async with store.write() as transaction:
            again = await deliveries.retry(
                transaction.connection, statuses=[DeliveryStatus.FAILED], day=DAY + timedelta(days=1), now=NOON
            )
        assert again == ()
        assert len(await self.retry(store, [DeliveryStatus.FAILED], day="any")) == 1
