"""A change counts as analysed when it is in every language that is read, and no answer is paid for twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from aiohttp import web

import subscribers
from newsletter.analysis.analyst import Analyst
from newsletter.analysis.prompt import VERSION
from newsletter.pipeline.analyse import analyse, analyse_now
from newsletter.store import analyses, commits
from newsletter.store.engine import Store
from subscribers import Level, Status
from tests.support.clock import NOON
from tests.support.model import Answer, StandInModel, answers, asking
from tests.support.records import add_reader, follow, preferences_of, store_commits

#: The rules say low, and a model moves that by one step.
MOVED = Level.MEDIUM


async def run(store: Store, commit_id: int, model: StandInModel) -> None:
    async with asking(model, timeout_seconds=30) as analyst:
        await analyse(
            commit_id, store=store, analyst=analyst, language="en", waits=False, turns=asyncio.Semaphore(1), now=NOON
        )


def stays_silent(asked: asyncio.Event) -> Answer:
    """Answer nothing, and say that the question came."""

    async def answer(_: web.Request) -> web.StreamResponse:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    return answer


async def killed_between_languages(store: Store) -> int:
    """Store a commit whose analysis ends after the first of two languages; returns its id."""
    (commit_id,) = await store_commits(store, await follow(store), [1])
    await add_reader(store, "zh@reader.example", preferences_of("zh"))
    asked = asyncio.Event()
    async with StandInModel(answers(level="high"), answers(), stays_silent(asked)) as model:
        running = asyncio.create_task(run(store, commit_id, model))
        await asked.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    return commit_id


async def test_a_language_that_nobody_reads_and_reports_want_is_written_as_well(store: Store) -> None:
    (commit_id,) = await store_commits(store, await follow(store), [1])
    await analyse(
        commit_id,
        store=store,
        analyst=Analyst(None),
        language="en",
        also=("zh",),
        waits=False,
        turns=asyncio.Semaphore(1),
        now=NOON,
    )
    async with store.read() as connection:
        assert await analyses.languages_of(connection, commit_id, version=VERSION) == {"en", "zh"}


async def level_of(store: Store, commit_id: int) -> Level | None:
    async with store.read() as connection:
        commit = await commits.load(connection, commit_id)
    assert commit is not None
    return commit.level


async def languages_of(store: Store, commit_id: int) -> frozenset[str]:
    async with store.read() as connection:
        return await analyses.languages_of(connection, commit_id, version=VERSION)


async def test_a_change_that_misses_a_language_is_still_to_be_analysed(store: Store) -> None:
    commit_id = await killed_between_languages(store)
    assert await languages_of(store, commit_id) == {"en"}
    async with store.read() as connection:
        assert await commits.unanalysed(connection) == (commit_id,)


async def test_after_a_restart_only_the_missing_language_is_asked_for_and_the_level_stays(store: Store) -> None:
    commit_id = await killed_between_languages(store)
    async with StandInModel(answers(level="low")) as model:
        await run(store, commit_id, model)
        assert len(model.asked) == 1
    assert await languages_of(store, commit_id) == {"en", "zh"}
    assert await level_of(store, commit_id) is MOVED
    async with store.read() as connection:
        assert await commits.unanalysed(connection) == ()


async def test_a_closing_that_waits_no_longer_freezes_the_level_that_readers_of_the_first_language_see(
    store: Store,
) -> None:
    commit_id = await killed_between_languages(store)
    await analyse_now(commit_id, store=store, language="en", now=NOON)
    assert await level_of(store, commit_id) is MOVED
    assert await languages_of(store, commit_id) == {"en"}


async def test_a_language_that_nobody_reads_any_more_is_not_waited_for(store: Store) -> None:
    commit_id = await killed_between_languages(store)
    async with store.write() as transaction:
        (reader,) = await subscribers.page(transaction.connection)
        await subscribers.change_status(transaction.connection, reader.id, Status.UNSUBSCRIBED, now=NOON)
    async with StandInModel(answers()) as model:
        await run(store, commit_id, model)
        assert model.asked == []
    assert await level_of(store, commit_id) is MOVED


async def test_of_two_analyses_at_once_one_level_counts(store: Store) -> None:
    (commit_id,) = await store_commits(store, await follow(store), [1])
    await add_reader(store, "zh@reader.example", preferences_of("zh"))
    async with StandInModel(answers(level="high"), answers(level="low")) as model:
        await asyncio.gather(
            run(store, commit_id, model),
            run(store, commit_id, model),
            analyse_now(commit_id, store=store, language="en", now=NOON),
        )
    level = await level_of(store, commit_id)
    async with store.read() as connection:
        assert await analyses.level_of(connection, commit_id) is level
        rows = await connection.exec_driver_sql("SELECT DISTINCT level FROM analyses")
        assert len(rows.all()) == 1


async def test_a_level_that_is_frozen_is_kept_by_analyses_that_come_later(store: Store) -> None:
    (commit_id,) = await store_commits(store, await follow(store), [1], reached_at=NOON - timedelta(hours=1))
    async with store.write() as transaction:
        await commits.freeze_level(transaction.connection, commit_id, Level.LOW)
    async with StandInModel(answers(level="high")) as model:
        await run(store, commit_id, model)
    assert await level_of(store, commit_id) is Level.LOW
