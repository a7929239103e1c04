"""A composition that is stopped goes on where it was: nobody is in the ledger twice, and nobody is missing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from newsletter.delivery.record import DeliveryStatus
from newsletter.digest.record import Edition, Rendering, Slots
from newsletter.digest.render import Renderer
from newsletter.pipeline import compose as compose_module
from newsletter.pipeline.port import Kind
from newsletter.pipeline.recover import requeue
from newsletter.resources import templates_directory
from newsletter.store.engine import Store, Transaction
from subscribers import Level
from tests.support.newsroom import BASE_URL, Newsroom
from tests.support.records import DAY, analysis_of, follow, preferences_of

END = datetime(2026, 3, 2, tzinfo=UTC)
#: What composing the day below writes: in three of its transactions rows of the largest cohort.
TRANSACTIONS = 8


class PowerCut(Exception):
    """Ends a process in the middle."""


class FailingStore(Store):
    """A store that loses power in its n-th transaction, before that is committed."""

    writes_left: int

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        async with super().write() as transaction:
            yield transaction
            self.writes_left -= 1
            if self.writes_left < 0:
                raise PowerCut


@pytest.fixture
async def failing(database_url: str) -> AsyncIterator[FailingStore]:
    store = FailingStore(database_url)
    yield store
    await store.close()


@pytest.fixture
async def closed(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> Newsroom:
    """A newsroom with a closed day of one medium change, and cohorts of five, one and two readers."""
    monkeypatch.setattr(compose_module, "ROWS_PER_TRANSACTION", 2)
    tide = await follow(newsroom.store)
    await newsroom.analysed(tide, 1, END - timedelta(hours=1), analysis_of(level=Level.MEDIUM))
    for number in range(5):
        await newsroom.reader(f"low{number}", preferences_of(threshold=Level.LOW))
    await newsroom.reader("medium", preferences_of(threshold=Level.MEDIUM))
    for name in ("high0", "high1"):
        await newsroom.reader(name, preferences_of(threshold=Level.HIGH))
    await newsroom.close(DAY)
    return newsroom


async def cut(newsroom: Newsroom, failing: FailingStore, after: int) -> None:
    """Compose until the power is cut in the transaction after so many."""
    failing.writes_left = after
    with pytest.raises(PowerCut):
        await replace(newsroom, store=failing).compose(DAY)


async def assert_whole(newsroom: Newsroom) -> None:
    ledger = await newsroom.ledger()
    assert len(ledger) == 8
    for address, delivery in ledger.items():
        expected = DeliveryStatus.SKIPPED if address.startswith("high") else DeliveryStatus.QUEUED
        assert delivery.status is expected
    assert await newsroom.count("renderings") == 2
    assert len({delivery.rendering_id for address, delivery in ledger.items() if address.startswith("low")}) == 1
    assert len(await newsroom.queued(Kind.DELIVER)) == 1


@pytest.mark.parametrize("after", range(TRANSACTIONS))
async def test_a_composition_goes_on_wherever_it_was_stopped(
    closed: Newsroom, failing: FailingStore, after: int
) -> None:
    await cut(closed, failing, after)
    assert await closed.queued(Kind.DELIVER) == []
    before = await closed.ledger()
    closed.clock.advance(timedelta(minutes=5))
    await closed.compose(DAY)
    await assert_whole(closed)
    after_all = await closed.ledger()
    assert {address: after_all[address] for address in before} == before


async def test_a_composition_that_is_stopped_again_and_again_comes_to_its_end(
    closed: Newsroom, failing: FailingStore
) -> None:
    rows = []
    for after in range(3):
        await cut(closed, failing, after)
        rows.append(await closed.count("renderings") + await closed.count("deliveries"))
    assert rows == sorted(set(rows))
    await closed.compose(DAY)
    await assert_whole(closed)


class CountingRenderer(Renderer):
    """The real renderer, and how often it was asked."""

    asked = 0

    def render(self, edition: Edition, slots: Slots) -> Rendering:
        self.asked += 1
        return super().render(edition, slots)


@pytest.mark.parametrize("after", [1, 3, 5, 7])
async def test_each_cohort_is_rendered_once_even_where_its_composition_was_stopped(
    closed: Newsroom, failing: FailingStore, after: int
) -> None:
    renderer = CountingRenderer(templates_directory(), base_url=BASE_URL, postal_address=None)
    counted = replace(closed, imprint=replace(closed.imprint, renderer=renderer))
    # What is counted is what was stored: a rendering that is lost with the power is made again.
    await cut(counted, failing, after)
    stopped_at = renderer.asked
    stored = await closed.count("renderings")
    await counted.compose(DAY)
    assert renderer.asked == 2 + stopped_at - stored


async def test_a_composition_that_lost_its_job_gets_it_back(closed: Newsroom, failing: FailingStore) -> None:
    await cut(closed, failing, 3)
    async with closed.store.write() as transaction:
        await transaction.connection.exec_driver_sql("DELETE FROM jobs")
    assert await requeue(store=closed.store, jobs=closed.jobs) >= 1
    (digest_id,) = await closed.queued(Kind.COMPOSE)
    assert await closed.compose(DAY) == int(digest_id)
    await assert_whole(closed)


async def test_who_comes_while_a_composition_is_stopped_gets_the_mail_and_who_goes_gets_none(
    closed: Newsroom, failing: FailingStore
) -> None:
    leaving = await closed.reader("leaving", preferences_of(threshold=Level.LOW))
    await cut(closed, failing, 0)
    await closed.leave(leaving)
    await closed.reader("coming", preferences_of(threshold=Level.LOW))
    await closed.reader("first-in-chinese", preferences_of("zh", threshold=Level.LOW))
    await closed.compose(DAY)
    statuses = await closed.statuses()
    assert "leaving@reader.example" not in statuses
    assert statuses["coming@reader.example"] is statuses["first-in-chinese@reader.example"] is DeliveryStatus.QUEUED


async def test_two_compositions_at_once_write_every_row_once(closed: Newsroom, failing: FailingStore) -> None:
    failing.writes_left = 1_000
    await asyncio.gather(closed.compose(DAY), replace(closed, store=failing).compose(DAY))
    ledger = await closed.ledger()
    assert len(ledger) == 8
    assert await closed.count("renderings") == 2
