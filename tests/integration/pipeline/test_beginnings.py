"""A branch begins where nothing that reached it is left out, and nothing is brought that was there before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import web

from newsletter.github.faults import GitHubError
from newsletter.pipeline.follow import follow, introduce
from newsletter.pipeline.port import Kind
from newsletter.store.engine import Store
from tests.support.clock import NOON, FrozenClock
from tests.support.graph import NAME, NONE, REPOSITORY, Lookout, lookout_over

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BEGUN = NOON - DAY


@pytest.fixture
async def lookout(store: Store, clock: FrozenClock) -> AsyncIterator[Lookout]:
    async with lookout_over(store, clock) as lookout:
        yield lookout


async def test_a_branch_whose_making_was_missed_brings_what_no_push_told_of(lookout: Lookout) -> None:
    lookout.graph.line([1, 2, 3], at=BEGUN)
    lookout.graph.line([10, 11, 12], after=3, at=NOON - HOUR)
    await lookout.begin(3, at=BEGUN)
    await lookout.watch("main", "release/*")
    await lookout.reconcile()
    await lookout.pushed(11, 12, [12], ref="refs/heads/release/2")
    assert await lookout.head("release/2") == 3
    assert await lookout.newsroom.queued(Kind.RECONCILE) == [str(lookout.repository_id)]
    assert await lookout.reconcile() == 2
    assert (sorted(await lookout.stored()), await lookout.head("release/2")) == ([10, 11, 12], 12)


async def test_a_branch_of_a_repository_that_was_never_compared_begins_before_its_first_push(lookout: Lookout) -> None:
    lookout.graph.line([1, 2, 3], at=BEGUN)
    lookout.graph.line([10, 11, 12], after=2, at=NOON - 300 * DAY)
    await lookout.begin(3, at=BEGUN)
    await lookout.watch("main", "stable")
    await lookout.pushed(11, 12, [12], ref="refs/heads/stable")
    assert await lookout.reconcile() == 0
    assert (await lookout.stored(), await lookout.head("stable")) == ([12], 12)


async def test_a_branch_that_was_made_again_brings_what_no_push_told_of(lookout: Lookout) -> None:
    lookout.graph.line([1, 2], at=BEGUN)
    lookout.graph.line([10, 11, 12], after=1, at=NOON - HOUR)
    await lookout.watch("main", "release/*")
    await lookout.begin(2, at=BEGUN)
    await lookout.begin(1, "release/1", at=BEGUN)
    await lookout.reconcile()
    await lookout.pushed(NONE, 12, [12], ref="refs/heads/release/1")
    assert await lookout.head("release/1") == 1
    assert await lookout.newsroom.queued(Kind.RECONCILE) == [str(lookout.repository_id)]
    assert await lookout.reconcile() == 2
    assert (sorted(await lookout.stored()), await lookout.head("release/1")) == ([10, 11, 12], 12)


async def follow_also(lookout: Lookout, *patterns: str) -> bool:
    """Say which branches count, as the verb does; returns whether GitHub could be asked."""
    try:
        introduction = await introduce(NAME, branch_patterns=patterns, github=lookout.github)
    except GitHubError:
        introduction = None
    await follow(
        NAME, introduction=introduction, branch_patterns=patterns, poll=None, store=lookout.store, now=lookout.now
    )
    return introduction is not None


@pytest.mark.parametrize("pattern", ["release/*", "release/1"])
@pytest.mark.parametrize("asked", [True, False])
async def test_a_branch_that_counts_from_today_on_leaves_its_past_behind(
    lookout: Lookout, pattern: str, asked: bool
) -> None:
    lookout.graph.line(range(1, 6), at=NOON - 400 * DAY)
    lookout.graph.line(range(100, 140), after=2, at=NOON - 300 * DAY)
    await lookout.begin(5, at=BEGUN)
    lookout.move(139, "release/1")
    await lookout.reconcile()
    if not asked:
        lookout.server.faults = lambda _: web.json_response({}, status=502)
    assert await follow_also(lookout, "main", pattern) is asked
    lookout.server.faults = None
    assert await lookout.head("release/1") == (139 if asked else None)
    assert ((await lookout.repository()).reconciled_at is None) is not asked
    assert await lookout.reconcile() == 0
    assert (await lookout.stored(), await lookout.head("release/1")) == ([], 139)
    lookout.graph.add(140, 139)
    lookout.move(140, "release/1")
    assert await lookout.reconcile() == 1


async def test_a_branch_that_counts_again_begins_anew(lookout: Lookout) -> None:
    lookout.graph.line([1, 2, 3], at=BEGUN)
    await lookout.begin(1, at=BEGUN)
    lookout.move(1, "next")
    await follow_also(lookout, "next")
    lookout.move(3)
    await follow_also(lookout, "main")
    assert await lookout.head() == 3
    assert await lookout.reconcile() == 0


async def test_settings_that_stay_as_they_were_keep_what_is_known(lookout: Lookout) -> None:
    lookout.graph.line([1, 2], at=NOON - HOUR)
    await lookout.begin(1, at=BEGUN)
    await lookout.reconcile()
    lookout.move(2)
    await follow_also(lookout)
    assert (await lookout.repository()).reconciled_at == NOON
    assert await lookout.reconcile() == 1


async def test_what_a_webhook_would_tell_of_a_repository_is_learnt_by_asking(lookout: Lookout) -> None:
    lookout.graph.line([1, 2, 3], at=NOON - HOUR)
    await lookout.begin(1, at=BEGUN)
    lookout.server.repositories = {NAME: {**REPOSITORY, "default_branch": "trunk", "private": True}}
    lookout.move(3, "trunk")
    # What only the new default branch has, no reader had.
    assert await lookout.reconcile() == 2
    repository = await lookout.repository()
    assert (repository.default_branch, repository.private) == ("trunk", True)
    assert (await lookout.head("trunk"), await lookout.reconcile()) == (3, 0)
