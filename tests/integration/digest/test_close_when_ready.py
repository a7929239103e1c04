"""The closing that the clock asks for waits for analyses under way, and not for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from newsletter.pipeline.analyse import analyse_now
from newsletter.pipeline.close import LOOK_AGAIN, PATIENCE, outstanding
from newsletter.pipeline.port import Kind, NotYet
from newsletter.store import commits
from newsletter.store.repositories import FollowedRepository
from tests.support.clock import NOON
from tests.support.newsroom import Newsroom
from tests.support.records import DAY, follow

HOUR = timedelta(hours=1)
END = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
async def tide(newsroom: Newsroom) -> FollowedRepository:
    """A repository that was compared with GitHub after DAY was over."""
    tide = await follow(newsroom.store)
    await newsroom.compared(tide, END)
    return tide


async def missing(newsroom: Newsroom) -> int:
    return await outstanding(DAY, store=newsroom.store, zone=newsroom.zone)


async def analyse_everything(newsroom: Newsroom) -> None:
    async with newsroom.store.read() as connection:
        waiting = await commits.unanalysed(connection)
    for commit_id in waiting:
        await analyse_now(commit_id, store=newsroom.store, language="en", now=newsroom.clock())


async def test_a_day_waits_for_a_push_whose_commits_are_not_stored(
    newsroom: Newsroom, tide: FollowedRepository
) -> None:
    await newsroom.push(tide, [1, 2], END - HOUR)
    with pytest.raises(NotYet) as caught:
        await newsroom.close_when_ready(DAY, queued_at=NOON)
    assert caught.value.after == LOOK_AGAIN
    assert await newsroom.count("digests") == 0
    # Whoever waits leaves the work to those whose work it is.
    assert await newsroom.count("commits") == 0


async def test_a_day_waits_for_a_commit_without_an_analysis_and_closes_once_it_has_one(
    newsroom: Newsroom, tide: FollowedRepository
) -> None:
    await newsroom.expand(await newsroom.push(tide, [1, 2], END - HOUR))
    assert await missing(newsroom) == 2
    with pytest.raises(NotYet, match="2 analyses"):
        await newsroom.close_when_ready(DAY, queued_at=NOON)
    await analyse_everything(newsroom)
    assert await missing(newsroom) == 0
    await newsroom.close_when_ready(DAY, queued_at=NOON)
    assert await newsroom.numbers(DAY) == [1, 2]
    assert len(await newsroom.queued(Kind.COMPOSE)) == 1


async def test_a_day_does_not_wait_for_what_belongs_to_the_next(newsroom: Newsroom, tide: FollowedRepository) -> None:
    await newsroom.analysed(tide, 1, END - HOUR)
    await newsroom.push(tide, [2], END)
    await newsroom.expand(await newsroom.push(tide, [3], END + HOUR))
    await newsroom.close_when_ready(DAY, queued_at=NOON)
    assert await newsroom.numbers(DAY) == [1]


async def test_a_day_waits_for_what_an_earlier_day_left_behind(newsroom: Newsroom, tide: FollowedRepository) -> None:
    await newsroom.push(tide, [1], END - 90 * HOUR)
    with pytest.raises(NotYet):
        await newsroom.close_when_ready(DAY, queued_at=NOON)


@pytest.mark.parametrize("compared_at", [None, END - timedelta(microseconds=1)])
async def test_a_day_waits_for_a_repository_that_may_have_more_on_github(
    newsroom: Newsroom, tide: FollowedRepository, compared_at: datetime | None
) -> None:
    ebb = await follow(newsroom.store, "acme/ebb", github_id=101)
    if compared_at is not None:
        await newsroom.compared(ebb, compared_at)
    with pytest.raises(NotYet, match="1 repositories"):
        await newsroom.close_when_ready(DAY, queued_at=NOON)
    newsroom.clock.advance(PATIENCE)
    await newsroom.close_when_ready(DAY, queued_at=NOON)
    assert await newsroom.count("digests") == 1


async def test_patience_ends_and_then_the_rules_write_the_rest(newsroom: Newsroom, tide: FollowedRepository) -> None:
    await newsroom.push(tide, [1], END - HOUR)
    await newsroom.expand(await newsroom.push(tide, [2], END - HOUR))
    newsroom.clock.advance(PATIENCE - timedelta(microseconds=1))
    with pytest.raises(NotYet):
        await newsroom.close_when_ready(DAY, queued_at=NOON)
    newsroom.clock.advance(timedelta(microseconds=1))
    await newsroom.close_when_ready(DAY, queued_at=NOON)
    assert sorted(await newsroom.numbers(DAY)) == [1, 2]
    assert await missing(newsroom) == 0


async def test_a_closing_that_comes_again_changes_nothing(newsroom: Newsroom, tide: FollowedRepository) -> None:
    await newsroom.analysed(tide, 1, END - HOUR)
    for _ in range(2):
        await newsroom.close_when_ready(DAY, queued_at=NOON)
    assert await newsroom.count("digests") == 1
    assert len(await newsroom.queued(Kind.COMPOSE)) == 1


async def test_an_empty_day_is_closed_at_once(newsroom: Newsroom) -> None:
    await newsroom.close_when_ready(DAY, queued_at=NOON)
    assert await newsroom.count("digests") == 1
    assert await newsroom.items(DAY) == ()
