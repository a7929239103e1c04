"""What a day brought is asked for once a repository and language, and a model that fails holds up no mail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from newsletter.pipeline.compose import compose
from newsletter.store import digests, summaries
from newsletter.store.repositories import FollowedRepository
from subscribers import Level
from tests.support.model import Answer, StandInModel, answers, asking, fails, hangs, says
from tests.support.model_answers import TEXTS
from tests.support.newsroom import Newsroom
from tests.support.records import DAY, analysis_of, follow, preferences_of

END = datetime(2026, 3, 2, tzinfo=UTC)
HIGH, MEDIUM, LOW = Level.HIGH, Level.MEDIUM, Level.LOW
SAID = TEXTS["en"]["summary"]


@pytest.fixture
async def tide(newsroom: Newsroom) -> FollowedRepository:
    tide = await follow(newsroom.store)
    for number, level in enumerate((HIGH, MEDIUM, MEDIUM, LOW), start=1):
        await newsroom.analysed(
            tide, number, END - timedelta(hours=1), analysis_of(level=level), message=f"Lower gate {number} for ships"
        )
    return tide


async def compose_with(newsroom: Newsroom, model: StandInModel, *, timeout_seconds: float = 5) -> int:
    async with newsroom.store.read() as connection:
        digest = await digests.by_day(connection, DAY)
    assert digest is not None
    async with asking(model, pauses=(), timeout_seconds=timeout_seconds) as analyst:
        await compose(
            digest.id,
            store=newsroom.store,
            jobs=newsroom.jobs,
            imprint=newsroom.imprint,
            now=newsroom.clock(),
            analyst=analyst,
        )
    return digest.id


@pytest.mark.usefixtures("tide")
async def test_one_question_serves_every_cohort_of_a_language(newsroom: Newsroom) -> None:
    for name, threshold in {"ada": LOW, "bob": MEDIUM, "eve": HIGH}.items():
        await newsroom.reader(name, preferences_of(threshold=threshold))
    await newsroom.close(DAY)
    async with StandInModel(answers()) as model:
        digest_id = await compose_with(newsroom, model)
        await compose_with(newsroom, model)
        assert len(model.asked) == 1
    for name, told in {"ada": True, "bob": True, "eve": False}.items():
        # One change alone needs no opening.
        assert (SAID in (await newsroom.mail_to(f"{name}@reader.example")).html) is told
    async with newsroom.store.read() as connection:
        (stored,) = (await summaries.of_digest(connection, digest_id, language="en")).values()
    assert stored.model == "stand-in-7b"
    assert stored.sentences[0].text == SAID


@pytest.mark.usefixtures("tide")
@pytest.mark.parametrize("answer", [fails(401), fails(503), says(""), says("x"), hangs])
async def test_where_the_model_fails_the_rules_sum_up(newsroom: Newsroom, answer: Answer) -> None:
    await newsroom.reader("ada", preferences_of(threshold=LOW))
    await newsroom.close(DAY)
    async with StandInModel(answer) as model:
        await compose_with(newsroom, model, timeout_seconds=0.2)
    mail = await newsroom.mail_to("ada@reader.example")
    assert "The day also brought" in mail.html
