"""A model that misbehaves in every way, mixed: every change ends with a complete analysis, and the reasons are counted.

Restarted in the middle, no change is analysed twice and none is left.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web

from newsletter.analysis.analyst import Analyst
from newsletter.analysis.record import Analysis, Fallback, Source
from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.metrics import REGISTRY
from newsletter.pipeline.analyse import analyse_job
from newsletter.pipeline.close import close_day
from newsletter.pipeline.port import Job, Kind, Retries
from newsletter.store import analyses, commits, digests
from newsletter.store.engine import Store
from newsletter.store.migrate import upgrade
from newsletter.store.states import DetailState
from tests.support.model import Answer, StandInModel, asking, fails, hangs, hangs_up, says, sends
from tests.support.model_answers import TEXTS, answer_of, half
from tests.support.records import add_reader, follow, preferences_of, store_commits
from tests.support.waiting import eventually

ZONE, SEND_AT = ZoneInfo("UTC"), time(8, 0)
CHANGES = 40


def wrong_language(body: Mapping[str, Any]) -> Any:
    return answer_of(body, **(TEXTS["en"] if "简体中文" in body["messages"][0]["content"] else TEXTS["zh"]))


#: Ways to misbehave; each is given the request.
WAYS: Mapping[str, Any] = {
    "another language": lambda body: says(wrong_language(body)),
    "a megabyte": lambda body: says("word " * 200_000),
    "nothing": lambda body: says(""),
    "never": lambda body: hangs,
    "half JSON": lambda body: says(half(answer_of(body))),
    "off the schema": lambda body: says({"verdict": "fine"}),
    "cut off": lambda body: says(half(answer_of(body)), finish_reason="length"),
    "a refusal": lambda body: says(None, refusal="I cannot help with that."),
    "too often": lambda body: fails(429),
    "too often, a moment": lambda body: fails(429, retry_after="0.05"),
    "broken": lambda body: fails(500),
    "hung up": lambda body: hangs_up,
    "too long": lambda body: fails(400, code="context_length_exceeded"),
    "no such format": lambda body: fails(400, message="response_format is not supported"),
    "a web page": lambda body: sends("<html>", content_type="text/html"),
    "no sentence": lambda body: says(answer_of(body, sentence="and the", summary="It stops when the")),
}
#: Ways that keep everybody away for longer than a test can wait.
LASTING: Mapping[str, Answer] = {"too often, an hour": fails(429, retry_after="3600"), "wrong key": fails(401)}


def misbehaving(share: float, *, seed: int, lasting_after: int | None = None, lasting: Answer | None = None) -> Answer:
    """Answer well, except for a share of the requests, each of which is answered in one of the ways.

    :param lasting_after: requests, after which the rest is answered in one way alone.
    """
    drawn = random.Random(seed)
    asked = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        body = await request.json()
        if lasting is not None and lasting_after is not None and asked > lasting_after:
            return await lasting(request)
        if drawn.random() < share:
            chosen: Answer = WAYS[drawn.choice(sorted(WAYS))](body)
            return await chosen(request)
        level = drawn.choice(["low", "medium", "high"])
        return await says(answer_of(body, level=level))(request)

    return answer


async def a_day(store: Store) -> tuple[int, ...]:
    """Store the changes of a day, known as far as their push tells, and a reader of each language."""
    reached_at = datetime.now(UTC) - timedelta(minutes=1)
    ids = await store_commits(store, await follow(store), range(1, CHANGES + 1), reached_at=reached_at)
    await add_reader(store, "zh@reader.example", preferences_of("zh"))
    async with store.write() as transaction:
        for commit_id in ids:
            await commits.give_up_detail(transaction.connection, commit_id, DetailState.GONE)
    return ids


class Runner:
    """The engine of jobs with the one handler, as the service registers it."""

    def __init__(self, store: Store, analyst: Analyst) -> None:
        self.jobs = EmbeddedJobs(store, clock=lambda: datetime.now(UTC), drain=timedelta(0))
        self._stop = asyncio.Event()

        turns = asyncio.Semaphore(4)

        async def handle(job: Job) -> None:
            await analyse_job(
                job,
                store=store,
                analyst=analyst,
                language="en",
                turns=turns,
                send_at=SEND_AT,
                zone=ZONE,
                now=datetime.now(UTC),
            )

        # The pauses of the service are cut short; a day does not end while a test runs.
        quick = timedelta(milliseconds=20)
        retries = Retries(max_attempts=50, first=quick, longest=quick)
        self.jobs.register(Kind.ANALYSE, handle, concurrency=80, retries=retries)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self.jobs.run(self._stop))

    async def stop(self) -> None:
        """End it in the middle of whatever it does."""
        self._stop.set()
        if self._task is not None:
            await self._task


async def all_done(store: Store) -> bool:
    async with store.read() as connection:
        return not await commits.unanalysed(connection)


async def written_more_than(store: Store, number: int) -> bool:
    async with store.read() as connection:
        rows = await connection.exec_driver_sql("SELECT count(*) FROM analyses")
        return int(rows.scalar_one()) > number


async def asked_more_than(model: StandInModel, number: int) -> bool:
    return len(model.asked) > number


async def queue(store: Store, jobs: EmbeddedJobs, ids: tuple[int, ...]) -> None:
    async with store.write() as transaction:
        await jobs.put_many(transaction, Kind.ANALYSE, [str(commit_id) for commit_id in ids])


async def closed(store: Store, jobs: EmbeddedJobs) -> dict[str, dict[int, Analysis]]:
    """Close the day, and return the analyses of its digest by language."""
    now = datetime.now(UTC)
    day = (now - timedelta(minutes=1)).date()
    await close_day(day, store=store, jobs=jobs, zone=ZONE, language="en", with_model=True, now=now)
    async with store.read() as connection:
        digest = await digests.by_day(connection, day)
        assert digest is not None
        return {
            language: await analyses.of_digest(connection, digest.id, language=language) for language in ("en", "zh")
        }


def counted() -> Counter[str]:
    name = "newsletter_analysis_fallbacks_total"
    return Counter(
        {reason.value: int(REGISTRY.get_sample_value(name, {"reason": reason.value}) or 0) for reason in Fallback}
    )


def assert_complete(analysis: Analysis) -> None:
    texts = [analysis.summary, analysis.scope, *analysis.risks, *analysis.advice]
    texts += [insight.text for insight in analysis.insight]
    assert analysis.summary
    assert all(re.search(r"[.!?。！？]$", text) for text in texts if text)
    assert (analysis.source is Source.RULES) or analysis.fallback is None


@pytest.mark.parametrize("lasting", [None, *LASTING])
async def test_every_change_ends_with_a_complete_analysis(tmp_path: Path, lasting: str | None) -> None:
    store = Store(f"sqlite:///{tmp_path}/newsletter.db")
    await upgrade(store)
    ids = await a_day(store)
    before = counted()
    mixed = misbehaving(0.3, seed=7, lasting_after=25, lasting=LASTING[lasting] if lasting else None)
    async with StandInModel(mixed) as model, asking(model, timeout_seconds=1, outage_seconds=0.05) as analyst:
        runner = Runner(store, analyst)
        await queue(store, runner.jobs, ids)
        runner.start()
        if lasting == "too often, an hour":
            await eventually(lambda: asked_more_than(model, 25))
        else:
            await eventually(lambda: all_done(store))
        await runner.stop()
        found = await closed(store, runner.jobs)
    assert set(found["en"]) == set(ids)
    everything = [analysis for language in found.values() for analysis in language.values()]
    for analysis in everything:
        assert_complete(analysis)
    fallen_back = Counter(analysis.fallback.value for analysis in everything if analysis.fallback)
    assert +(counted() - before) == fallen_back
    if lasting is None:
        # Three requests in ten misbehave, and each of their changes had a second one.
        assert fallen_back.total() < 0.3 * len(everything)
        assert len(everything) == 2 * CHANGES
    await store.close()


async def test_after_a_restart_in_the_middle_nothing_is_analysed_twice_and_nothing_is_left(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/newsletter.db")
    await upgrade(store)
    ids = await a_day(store)
    first: Counter[tuple[str, str]] = Counter()

    async def stops(request: web.Request) -> web.StreamResponse:
        if len(first_model.asked) > 12:
            return await hangs(request)
        return await says(answer_of(await request.json(), level="medium"))(request)

    async with StandInModel(stops) as first_model, asking(first_model) as analyst:
        runner = Runner(store, analyst)
        await queue(store, runner.jobs, ids)
        runner.start()
        await eventually(lambda: written_more_than(store, 3))
        await runner.stop()
    async with store.read() as connection:
        rows = await connection.exec_driver_sql("SELECT commit_id, language FROM analyses")
        first.update((row.commit_id, row.language) for row in rows)
    assert 0 < first.total() < 2 * CHANGES
    async with (
        StandInModel(misbehaving(0, seed=1)) as second_model,
        asking(second_model, outage_seconds=0.05) as analyst,
    ):
        runner = Runner(store, analyst)
        runner.start()
        await eventually(lambda: all_done(store))
        await runner.stop()
    async with store.read() as connection:
        rows = await connection.exec_driver_sql("SELECT commit_id, language, version FROM analyses")
        after = Counter((row.commit_id, row.language) for row in rows)
    assert set(after) == {(one, language) for one in ids for language in ("en", "zh")}
    assert after.total() == 2 * CHANGES
    # What was written before the restart was not asked about again.
    assert len([asked for asked in second_model.asked if "You write one entry" in str(asked.body)]) <= (
        2 * CHANGES - first.total()
    )
    await store.close()
