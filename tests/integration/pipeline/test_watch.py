"""An operator hears of a model that fails: once in the log, in a metric, and by one mail a day at most."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from email.headerregistry import Address

import pytest
from structlog.testing import capture_logs

from newsletter.analysis.prompt import VERSION
from newsletter.analysis.record import Fallback, Source
from newsletter.metrics import REGISTRY
from newsletter.pipeline.again import EVERYTHING
from newsletter.pipeline.operator import Operator
from newsletter.pipeline.port import Kind
from newsletter.pipeline.watch import FEWEST, Tally, letter_of, watch
from newsletter.store import analyses, commits
from newsletter.store.engine import Store
from newsletter.store.states import DetailState
from tests.support.clock import NOON, FrozenClock
from tests.support.model import StandInModel, answers, asking, fails
from tests.support.newsroom import Newsroom
from tests.support.records import analysis_of, follow, store_commits
from tests.support.relays import relay_to
from tests.support.smtp_server import ScriptedServer, Step, says

ADDRESS = "operator@news.example"


@asynccontextmanager
async def mailbox() -> AsyncIterator[tuple[ScriptedServer, Operator]]:
    async with ScriptedServer() as server:
        yield server, Operator(address=ADDRESS, relay=relay_to(server), sender=Address("", "digest", "news.example"))


async def hour_of(store: Store, *, failed: int, succeeded: int, at: datetime = NOON, start: int = 1) -> None:
    """Store analyses of which some were the model's."""
    repository = await follow(store) if start == 1 else (await follow(store, "acme/moon", github_id=101))
    numbers = range(start, start + failed + succeeded)
    ids = await store_commits(store, repository, numbers)
    async with store.write() as transaction:
        for place, commit_id in enumerate(ids):
            by_rules = place < failed
            text = replace(
                analysis_of(),
                source=Source.RULES if by_rules else Source.MODEL,
                model=None if by_rules else "m",
                fallback=Fallback.KEY if by_rules else None,
            )
            await analyses.add(transaction.connection, commit_id, text, version=VERSION, now=at)
            await commits.freeze_level(transaction.connection, commit_id, text.level)


async def look(store: Store, operator: Operator = Operator(), *, now: datetime = NOON) -> Tally:  # noqa: B008 - frozen
    jobs = Newsroom(store=store, clock=FrozenClock(now)).jobs
    async with StandInModel(answers()) as model, asking(model) as analyst:
        tally = await watch(store=store, jobs=jobs, analyst=analyst, operator=operator, now=now)
    assert tally is not None
    return tally


@pytest.mark.parametrize(
    ("failed", "succeeded", "alarming"),
    [(FEWEST, 4 * FEWEST - 1, True), (FEWEST, 4 * FEWEST, False), (FEWEST - 1, 0, False), (FEWEST, 0, True)],
)
def test_a_fifth_is_tolerated_and_a_handful_is_nothing(failed: int, succeeded: int, alarming: bool) -> None:
    assert Tally(failed={Fallback.KEY: failed}, succeeded=succeeded).is_alarming is alarming


async def test_one_warning_one_metric_and_one_mail_in_a_day(store: Store) -> None:
    await hour_of(store, failed=6, succeeded=4)
    async with mailbox() as (server, operator):
        with capture_logs() as lines:
            for minutes in (0, 5, 10):
                await look(store, operator, now=NOON + timedelta(minutes=minutes))
        assert REGISTRY.get_sample_value("newsletter_model_failing") == 1
        assert [line["action"] for line in lines].count("analysis.alarm") == 1
        assert len(server.messages) == 1
        mail = server.messages[0].raw.decode()
        assert f"RCPT TO:<{ADDRESS}>" in server.commands
        assert "key: 6" in mail
        assert "NEWSLETTER_LLM__API_KEY" in mail
        assert ADDRESS not in str(lines)


async def test_the_end_is_noted_and_what_failed_is_tried_again_at_once(store: Store) -> None:
    await hour_of(store, failed=6, succeeded=4)
    await look(store)
    over = NOON + timedelta(hours=2)
    await look(store, now=over)
    assert REGISTRY.get_sample_value("newsletter_model_failing") == 0
    assert await Newsroom(store=store, clock=FrozenClock(over)).queued(Kind.AGAIN) == [EVERYTHING]


async def test_another_outage_of_the_same_day_is_logged_and_not_mailed(store: Store) -> None:
    async with mailbox() as (server, operator):
        await hour_of(store, failed=6, succeeded=0)
        await look(store, operator)
        await look(store, operator, now=NOON + timedelta(hours=2))
        await hour_of(store, failed=6, succeeded=0, at=NOON + timedelta(hours=3), start=50)
        with capture_logs() as lines:
            await look(store, operator, now=NOON + timedelta(hours=3))
        assert "analysis.alarm" in [line["action"] for line in lines]
        assert len(server.messages) == 1


async def test_a_mail_that_was_not_taken_is_tried_again(store: Store) -> None:
    await hour_of(store, failed=6, succeeded=0)
    async with mailbox() as (server, operator):
        server.script[Step.MESSAGE] = [says("451 4.3.0 Later")]
        await look(store, operator)
        await look(store, operator, now=NOON + timedelta(minutes=5))
        await look(store, operator, now=NOON + timedelta(minutes=10))
        assert len(server.messages) == 2


async def test_what_waits_for_a_model_that_is_away_counts_as_failed(store: Store) -> None:
    ids = await store_commits(store, await follow(store), range(1, 8))
    async with store.write() as transaction:
        for commit_id in ids:
            await commits.give_up_detail(transaction.connection, commit_id, DetailState.GONE)
    jobs = Newsroom(store=store, clock=FrozenClock(NOON)).jobs
    now = NOON + timedelta(minutes=11)
    async with StandInModel(fails(503)) as model, asking(model, pauses=()) as analyst:
        quiet = await watch(store=store, jobs=jobs, analyst=analyst, operator=Operator(), now=now)
        assert quiet is not None
        assert not quiet.is_alarming
        async with store.read() as connection:
            commit = await commits.load(connection, ids[0])
        assert commit is not None
        await asyncio.gather(analyst.analyse(commit.subject, language="en", level=None), return_exceptions=True)
        loud = await watch(store=store, jobs=jobs, analyst=analyst, operator=Operator(), now=now)
    assert loud is not None
    assert loud.failed == {Fallback.UNREACHABLE: 7}


@pytest.mark.parametrize("reason", Fallback)
def test_every_reason_is_named_and_has_something_to_check(reason: Fallback) -> None:
    subject, text = letter_of(Tally(failed={reason: 7}, succeeded=3))
    assert subject == "The language model fails at 7 of 10 analyses"
    assert f"{reason.value}: 7" in text
    assert ("Please check" in text) is (reason is not Fallback.DUE)
