"""A preview is the mail that readers get, and looking at it leaves no trace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from newsletter.store.repositories import FollowedRepository
from subscribers import EVERY_REPOSITORY, Choice, Level, Preferences
from tests.support.letters import anonymous
from tests.support.newsroom import Newsroom
from tests.support.records import DAY, analysis_of, follow, preferences_of

END = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
async def tide(newsroom: Newsroom) -> FollowedRepository:
    """A repository with changes of every level on DAY, beside another one."""
    tide = await follow(newsroom.store)
    ebb = await follow(newsroom.store, "acme/ebb", github_id=101)
    for number, level in enumerate(Level):
        await newsroom.analysed(tide, number, END - HOUR, analysis_of(level=level))
        await newsroom.analysed(ebb, 10 + number, END - 2 * HOUR, analysis_of(level=level), message="Ebb `x` (#9)")
    return tide


def choices_of(which: str, tide: FollowedRepository) -> Preferences:
    return {
        "everything": preferences_of(threshold=Level.LOW),
        "high": preferences_of(threshold=Level.HIGH),
        "Chinese": preferences_of("zh", threshold=Level.MEDIUM),
        "unsupported language": preferences_of("tlh", threshold=Level.MEDIUM),
        "one repository": preferences_of(threshold=Level.LOW, repository=tide.key),
        "two thresholds": Preferences.of(
            "en",
            [
                Choice(repository=tide.key, threshold=Level.HIGH),
                Choice(repository=EVERY_REPOSITORY, threshold=Level.LOW),
            ],
        ),
    }[which]


@pytest.mark.parametrize(
    "which", ["everything", "high", "Chinese", "unsupported language", "one repository", "two thresholds"]
)
async def test_a_preview_is_what_is_sent(newsroom: Newsroom, tide: FollowedRepository, which: str) -> None:
    preferences = choices_of(which, tide)
    await newsroom.reader("ada", preferences)
    await newsroom.close(DAY)
    shown = await newsroom.preview(DAY, preferences)
    await newsroom.compose(DAY)
    again = await newsroom.preview(DAY, preferences)
    mail = await newsroom.mail_to("ada@reader.example")
    assert shown is not None
    assert shown == again
    assert shown.subject == mail.subject
    assert anonymous(shown.text) == anonymous(mail.text)
    assert anonymous(shown.html) == anonymous(mail.html)
    assert "unsubscribe/preview" in shown.html


async def test_a_preview_stores_nothing(newsroom: Newsroom, tide: FollowedRepository) -> None:
    await newsroom.close(DAY)
    tables = ("analyses", "renderings", "deliveries", "jobs")
    before = [await newsroom.count(table) for table in tables]
    for language in ("en", "zh"):
        assert await newsroom.preview(DAY, preferences_of(language, threshold=Level.LOW)) is not None
    assert [await newsroom.count(table) for table in tables] == before


async def test_there_is_no_preview_where_there_is_no_mail(newsroom: Newsroom) -> None:
    tide = await follow(newsroom.store)
    await newsroom.analysed(tide, 1, END - HOUR, analysis_of(level=Level.MEDIUM))
    await newsroom.close(DAY)
    assert await newsroom.preview(DAY, preferences_of(threshold=Level.HIGH)) is None
    assert await newsroom.preview(DAY, preferences_of(threshold=Level.LOW, repository="99")) is None
    assert await newsroom.preview(DAY, preferences_of(threshold=Level.MEDIUM)) is not None


async def test_a_day_that_is_open_has_no_preview(newsroom: Newsroom, tide: FollowedRepository) -> None:
    with pytest.raises(LookupError, match="2026-03-01 is not closed yet"):
        await newsroom.preview(DAY, preferences_of())
