"""A model that is away is waited for until shortly before the digest is due, and no longer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from newsletter.analysis.analyst import Analyst
from newsletter.analysis.record import Analysis, Fallback, Source
from newsletter.metrics import REGISTRY
from newsletter.pipeline.analyse import MARGIN, MOST_ATTEMPTS, analyse_job
from newsletter.pipeline.close import close_day
from newsletter.pipeline.port import Job, Kind, NotYet, RetryAfter
from newsletter.store import analyses, commits, digests
from newsletter.store.engine import Store
from newsletter.store.states import DetailState
from tests.support.clock import NOON, FrozenClock
from tests.support.model import Answer, StandInModel, answers, asking, fails
from tests.support.newsroom import Newsroom
from tests.support.records import follow, store_commits

SEND_AT, ZONE = time(8, 0), ZoneInfo("UTC")
DUE = NOON.replace(hour=8) + timedelta(days=1)


@asynccontextmanager
async def one_commit(store: Store, *given: Answer) -> AsyncIterator[tuple[int, Analyst, StandInModel]]:
    (commit_id,) = await store_commits(store, await follow(store), [1])
    async with store.write() as transaction:
        await commits.give_up_detail(transaction.connection, commit_id, DetailState.GONE)
    async with StandInModel(*given) as model, asking(model, pauses=()) as analyst:
        yield commit_id, analyst, model


async def run(
    store: Store, analyst: Analyst, commit_id: int, now: datetime, *, attempt: int = 1, last: bool = False
) -> None:
    job = Job(kind=Kind.ANALYSE, key=str(commit_id), attempt=attempt, last=last, queued_at=NOON)
    await analyse_job(
        job,
        store=store,
        analyst=analyst,
        language="en",
        turns=asyncio.Semaphore(1),
        send_at=SEND_AT,
        zone=ZONE,
        now=now,
    )


async def only_analysis(store: Store, commit_id: int) -> Analysis | None:
    async with store.read() as connection:
        found = await analyses.languages_of(connection, commit_id, version=2)
        if not found:
            return None
    async with store.write() as transaction:
        digest = await digests.close(transaction.connection, day=NOON.date(), timezone="UTC", now=NOON)
        digest = digest or await digests.by_day(transaction.connection, NOON.date())
        assert digest is not None
        before = NOON + timedelta(days=9)
        await digests.take_commits(transaction.connection, digest.id, before=before, late_before=None)
    async with store.read() as connection:
        return (await analyses.of_digest(connection, digest.id, language="en"))[commit_id]


async def test_an_outage_at_noon_costs_no_analysis(store: Store) -> None:
    async with one_commit(store, fails(503), answers()) as (commit_id, analyst, _):
        # The first failure may be about this change, so it counts as an attempt.
        with pytest.raises(RetryAfter) as failed:
            await run(store, analyst, commit_id, NOON)
        assert failed.value.after == timedelta(seconds=30)
        with pytest.raises(NotYet) as away:
            await run(store, analyst, commit_id, NOON)
        assert timedelta(0) < away.value.after <= timedelta(seconds=30)
        assert await only_analysis(store, commit_id) is None


async def test_a_pause_of_an_hour_is_waited_for_without_an_attempt(store: Store) -> None:
    async with one_commit(store, fails(429, retry_after="3600")) as (commit_id, analyst, model):
        for _ in range(3):
            with pytest.raises(NotYet) as away:
                await run(store, analyst, commit_id, NOON)
            assert timedelta(minutes=59) < away.value.after <= timedelta(hours=1)
        assert len(model.asked) == 1


async def test_nobody_waits_beyond_the_digest_that_is_due(store: Store) -> None:
    async with one_commit(store, fails(429, retry_after="3600")) as (commit_id, analyst, _):
        with pytest.raises(NotYet) as away:
            await run(store, analyst, commit_id, DUE - timedelta(minutes=20))
        assert away.value.after == timedelta(minutes=20) - MARGIN


@pytest.mark.parametrize(
    ("now", "attempt", "last"),
    [
        pytest.param(DUE - MARGIN, 1, False, id="shortly before the digest is due"),
        pytest.param(DUE + timedelta(minutes=3), 1, False, id="while the digest waits"),
        pytest.param(NOON, MOST_ATTEMPTS, False, id="after many attempts of its own"),
        pytest.param(NOON, 1, True, id="at the last attempt"),
    ],
)
async def test_the_rules_write_when_there_is_no_time_left(
    store: Store, now: datetime, attempt: int, last: bool
) -> None:
    async with one_commit(store, fails(503)) as (commit_id, analyst, _):
        await run(store, analyst, commit_id, now, attempt=attempt, last=last)
    found = await only_analysis(store, commit_id)
    assert found is not None
    assert (found.source, found.fallback) == (Source.RULES, Fallback.UNREACHABLE)


async def test_a_commit_of_a_closed_day_waits_for_the_next_digest(store: Store) -> None:
    late = DUE + timedelta(hours=1)
    async with one_commit(store, fails(429, retry_after="3600")) as (commit_id, analyst, _):
        async with store.write() as transaction:
            await digests.close(transaction.connection, day=NOON.date(), timezone="UTC", now=DUE)
        with pytest.raises(NotYet) as away:
            await run(store, analyst, commit_id, late)
        assert away.value.after > timedelta(minutes=50)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404])
async def test_what_will_not_pass_is_not_waited_for(store: Store, status: int) -> None:
    async with one_commit(store, fails(status)) as (commit_id, analyst, _):
        await run(store, analyst, commit_id, NOON)
    found = await only_analysis(store, commit_id)
    assert found is not None
    assert found.source is Source.RULES
    assert found.fallback in {Fallback.KEY, Fallback.QUOTA, Fallback.REJECTED}


@pytest.mark.parametrize("with_model", [True, False])
async def test_a_digest_that_was_not_waited_for_says_so(store: Store, with_model: bool) -> None:
    sample = "newsletter_analysis_fallbacks_total", {"reason": "due"}
    before = REGISTRY.get_sample_value(*sample) or 0
    newsroom = Newsroom(store=store, clock=FrozenClock(DUE))
    async with one_commit(store, fails(503)) as (commit_id, _, _):
        await close_day(
            NOON.date(), store=store, jobs=newsroom.jobs, zone=ZONE, language="en", with_model=with_model, now=DUE
        )
    found = await only_analysis(store, commit_id)
    assert found is not None
    assert found.fallback is (Fallback.DUE if with_model else None)
    assert (REGISTRY.get_sample_value(*sample) or 0) == before + with_model
