"""What a model failed at is tried again, its text gets better and its level stays; and nothing is paid for twice."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from newsletter.analysis.prompt import VERSION
from newsletter.analysis.record import Analysis, Fallback, Source
from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.pipeline.again import MOST_RETRIES, TRIED_FOR, try_again
from newsletter.pipeline.analyse import analyse
from newsletter.pipeline.port import NotYet
from newsletter.pipeline.spending import Spending
from newsletter.store import analyses, commits, tables, usage
from newsletter.store.engine import Store
from newsletter.store.states import DetailState
from subscribers import Level
from tests.support.clock import NOON
from tests.support.model import StandInModel, answers, asking, fails, says
from tests.support.model_answers import is_translation
from tests.support.records import add_reader, follow, preferences_of, store_commits

LATER = NOON + timedelta(hours=1)


async def write(store: Store, commit_id: int, model: StandInModel) -> None:
    async with asking(model, pauses=()) as analyst:
        await analyse(
            commit_id, store=store, analyst=analyst, language="en", waits=False, turns=asyncio.Semaphore(1), now=NOON
        )


async def again(store: Store, model: StandInModel, *, now: datetime = LATER) -> int:
    async with asking(model, pauses=()) as analyst:
        return await try_again(
            store=store,
            jobs=EmbeddedJobs(store, clock=lambda: now),
            analyst=analyst,
            turns=asyncio.Semaphore(1),
            language="en",
            now=now,
        )


async def failed_commits(store: Store, *numbers: int, status: int = 401) -> tuple[int, ...]:
    ids = await store_commits(store, await follow(store), numbers)
    async with store.write() as transaction:
        for commit_id in ids:
            await commits.give_up_detail(transaction.connection, commit_id, DetailState.GONE)
    async with StandInModel(fails(status)) as model:
        for commit_id in ids:
            await write(store, commit_id, model)
    return ids


async def text(store: Store, commit_id: int, language: str = "en") -> Analysis:
    async with store.read() as connection:
        found = await analyses.in_language(connection, commit_id, language=language, version=VERSION)
    assert found is not None
    return found


async def test_the_better_text_takes_the_place_and_the_level_stays(store: Store) -> None:
    first, second = await failed_commits(store, 1, 2)
    before = await text(store, first)
    assert (before.source, before.fallback) == (Source.RULES, Fallback.KEY)
    async with StandInModel(answers(level="high")) as model:
        assert await again(store, model) == 2
        asked = len(model.asked)
        assert await again(store, model) == 0
        assert len(model.asked) == asked
    for commit_id in (first, second):
        after = await text(store, commit_id)
        assert (after.source, after.fallback, after.level) == (Source.MODEL, None, before.level)
        assert after.summary != before.summary


async def test_every_language_gets_better_and_the_second_by_translation(store: Store) -> None:
    await add_reader(store, "zh@reader.example", preferences_of("zh"))
    (commit_id,) = await failed_commits(store, 1)
    assert (await text(store, commit_id, "zh")).fallback is Fallback.KEY
    async with StandInModel(answers()) as model:
        assert await again(store, model) == 2
        assert [is_translation(asked.body) for asked in model.asked].count(True) == 1
    assert (await text(store, commit_id, "zh")).source is Source.MODEL


async def test_a_model_that_is_away_is_waited_for_and_counts_no_try(store: Store) -> None:
    (commit_id,) = await failed_commits(store, 1)
    async with StandInModel(fails(429, retry_after="600")) as model:
        for _ in range(MOST_RETRIES + 1):
            with pytest.raises(NotYet) as away:
                await again(store, model)
            assert timedelta(minutes=9) < away.value.after <= timedelta(minutes=10)
    async with StandInModel(answers()) as model:
        assert await again(store, model) == 1
    assert (await text(store, commit_id)).source is Source.MODEL


async def test_what_the_model_cannot_cope_with_is_left_after_some_tries(store: Store) -> None:
    (commit_id,) = await failed_commits(store, 1)
    async with StandInModel(says("")) as model:
        for _ in range(MOST_RETRIES):
            assert await again(store, model) == 0
        asked = len(model.asked)
        assert await again(store, model) == 0
        assert len(model.asked) == asked
    assert (await text(store, commit_id)).fallback is Fallback.BLANK


async def test_a_refusal_that_concerns_all_is_met_once_and_counts_no_try(store: Store) -> None:
    await failed_commits(store, 1, 2, 3)
    async with StandInModel(fails(402)) as model:
        for _ in range(MOST_RETRIES + 1):
            assert await again(store, model) == 0
        assert len(model.asked) == MOST_RETRIES + 1
    async with StandInModel(answers()) as model:
        assert await again(store, model) == 3


async def test_what_is_older_than_some_days_stays(store: Store) -> None:
    await failed_commits(store, 1)
    async with StandInModel(answers()) as model:
        assert await again(store, model, now=NOON + TRIED_FOR) == 0
        assert model.asked == []


async def test_the_same_patch_and_message_is_not_paid_for_twice(store: Store) -> None:
    repository = await follow(store)
    first, second, other = await store_commits(store, repository, [1, 2, 3])
    async with store.write() as transaction:
        for commit_id, patch_id in ((first, "a"), (second, "a"), (other, "b")):
            await transaction.connection.execute(
                tables.commits.update().where(tables.commits.c.id == commit_id).values(patch_id=patch_id)
            )
    async with StandInModel(answers(level="medium")) as model:
        await write(store, first, model)
        asked = len(model.asked)
        await write(store, second, model)
        assert len(model.asked) == asked
        await write(store, other, model)
        assert len(model.asked) > asked
    assert await text(store, second) == await text(store, first)
    async with store.read() as connection:
        stored = await commits.load(connection, second)
    assert stored is not None
    assert stored.level is Level.MEDIUM


async def test_translations_are_paid_for_in_the_repositorys_account(store: Store) -> None:
    await add_reader(store, "zh@reader.example", preferences_of("zh"))
    (commit_id,) = await store_commits(store, await follow(store), [1])
    spending = Spending(store, daily_tokens=None, clock=lambda: NOON)
    async with StandInModel(answers()) as model, asking(model, ledger=spending) as analyst:
        await analyse(
            commit_id, store=store, analyst=analyst, language="en", waits=False, turns=asyncio.Semaphore(1), now=NOON
        )
        summary = await analyst.summarise(
            {"a" * 40: await text(store, commit_id)}, repository="acme/tide", language="en"
        )
        assert summary.source is Source.MODEL
        requests = len(model.asked)
        assert [is_translation(asked.body) for asked in model.asked].count(True) == 1
    async with store.read() as connection:
        (spent,) = await usage.since(connection, NOON.date())
    assert (spent.repository, spent.requests) == ("acme/tide", requests)
