"""A reader sees what they chose behind their own link, and nobody else does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import time
from pathlib import Path

import pytest

from subscribers import EVERY_REPOSITORY, Cadence, Choice, Level, Preferences, Purpose, Rhythm, Tokens, Weekday
from tests.support.markup import Markup, parsed
from tests.support.records import add_reader, follow
from tests.support.running import KEY, Running, running


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as service:
        yield service


async def page(service: Running, subscriber_id: int, purpose: Purpose = Purpose.PREFERENCES) -> tuple[int, Markup]:
    url = f"{service.url}/preferences/{Tokens([KEY]).make(purpose, subscriber_id)}"
    async with service.client.get(url) as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.status, parsed(await answer.text())


@pytest.mark.parametrize(
    ("language", "said"),
    [
        pytest.param(
            "en",
            [
                "acme/moon: every change",
                "acme/tide: medium and high changes",
                "Every other public repository: high",
                "Once a week, on Friday. At 07:30 in Asia/Shanghai.",
                "come at once",
            ],
            id="English",
        ),
        pytest.param("zh", ["acme/moon: 全部变更", "每周一次，星期五发送。", "07:30"], id="Chinese"),
    ],
)
async def test_everything_that_was_chosen_is_on_the_page(service: Running, language: str, said: list[str]) -> None:
    tide, moon = await follow(service.store), await follow(service.store, "acme/moon", github_id=2)
    chosen = Preferences.of(
        language,
        [
            Choice(repository=EVERY_REPOSITORY, threshold=Level.HIGH),
            Choice(repository=str(tide.id), threshold=Level.MEDIUM),
            Choice(repository=str(moon.id), threshold=Level.LOW),
        ],
        timezone="Asia/Shanghai",
        at_once=True,
    )
    rhythm = Rhythm(cadence=Cadence.WEEKLY, weekday=Weekday.FRIDAY, send_at=time(7, 30))
    reader = await add_reader(service.store, "ada@reader.example", chosen, rhythm=rhythm)
    status, found = await page(service, reader.id)
    assert status == 200
    for words in said:
        assert words in found.text
    assert "ada@" not in found.text
    (leaving,) = [link for link in found.links() if "/unsubscribe/" in link]
    async with service.client.get(service.url + leaving) as answer:
        assert answer.status == 200


async def test_a_daily_reader_of_everything_reads_that(service: Running) -> None:
    reader = await service.reader()
    _, found = await page(service, reader.id)
    assert "Every public repository" in found.text
    assert "Once a day" in found.text


async def test_only_a_link_of_its_own_purpose_opens_it(service: Running) -> None:
    reader = await service.reader()
    status, found = await page(service, reader.id, Purpose.UNSUBSCRIBE)
    assert status == 403
    assert "What you get" not in found.text


async def test_whoever_is_gone_reads_that_they_left(service: Running) -> None:
    status, found = await page(service, 999)
    assert status == 200
    assert "You are unsubscribed." in found.text
