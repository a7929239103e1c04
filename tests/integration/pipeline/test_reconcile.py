"""What no webhook told of is found by asking, dated as well as can be known, and stored once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import web

from newsletter.github.faults import GitHubUnavailable
from newsletter.metrics import REGISTRY
from newsletter.pipeline.port import Kind, RetryAfter
from newsletter.pipeline.reconcile import reconcile_job
from newsletter.store.engine import Store
from tests.support.clock import NOON, FrozenClock
from tests.support.graph import NAME, Lookout, job, lookout_over

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
#: When the branch was last known, in the tests that begin it.
BEGUN = NOON - DAY


@pytest.fixture
async def lookout(store: Store, clock: FrozenClock) -> AsyncIterator[Lookout]:
    async with lookout_over(store, clock) as lookout:
        yield lookout


async def compared(lookout: Lookout) -> bool:
    """Whether the repository is marked as complete up to now."""
    return (await lookout.repository()).reconciled_at == NOON


async def test_where_nothing_was_missed_two_requests_are_made_and_nothing_stored(lookout: Lookout) -> None:
    lookout.graph.add(1)
    await lookout.begin(1, at=BEGUN)
    for _ in range(2):
        assert await lookout.reconcile() == 0
    assert lookout.server.requests == [f"GET /repos/{NAME}", f"GET /repos/{NAME}/branches/main"] * 2
    assert await lookout.newsroom.count("pushes") == 0
    assert await compared(lookout)


async def test_what_was_missed_is_found_by_a_comparison(lookout: Lookout) -> None:
    lookout.graph.line([1, 2, 3], at=NOON - HOUR)
    await lookout.begin(1, at=BEGUN)
    lookout.move(3)
    before = REGISTRY.get_sample_value("newsletter_caught_up_commits_total") or 0
    assert await lookout.reconcile() == 2
    assert await lookout.reached() == {2: NOON - HOUR, 3: NOON - HOUR}
    assert await lookout.head() == 3
    assert len(await lookout.newsroom.queued(Kind.FETCH)) == 2
    assert await compared(lookout)
    assert len(lookout.asked("/compare/")) == 1
    assert REGISTRY.get_sample_value("newsletter_caught_up_commits_total") == before + 2
    assert await lookout.reconcile() == 0
    assert len(lookout.asked("/compare/")) == 1


async def test_githubs_record_of_movements_dates_what_was_missed(lookout: Lookout) -> None:
    lookout.graph.line([1, 2, 3, 4], at=NOON - 20 * DAY)
    await lookout.begin(1, at=BEGUN)
    lookout.move(3, at=NOON - 5 * HOUR)
    lookout.move(4, at=NOON - HOUR)
    assert await lookout.reconcile() == 3
    assert await lookout.reached() == {2: NOON - 5 * HOUR, 3: NOON - 5 * HOUR, 4: NOON - HOUR}
    assert await lookout.positions() == {2: 0, 3: 1, 4: 0}
    assert await lookout.newsroom.count("pushes") == 2


async def test_without_that_record_merges_date_what_they_brought(lookout: Lookout) -> None:
    graph = lookout.graph
    graph.add(1)
    graph.line([2, 3], after=1, at=NOON - 20 * DAY)
    graph.add(4, 1, 3, at=NOON - HOUR)
    await lookout.begin(1, at=BEGUN)
    lookout.move(4)
    assert await lookout.reconcile() == 3
    assert await lookout.reached() == {2: NOON - HOUR, 3: NOON - HOUR, 4: NOON - HOUR}
    assert await lookout.positions() == {2: 0, 3: 1, 4: 2}


async def test_after_a_forced_push_what_the_new_head_has_more_is_found(lookout: Lookout) -> None:
    lookout.graph.line([1, 2, 3])
    lookout.graph.line([4, 5], after=1, at=NOON - HOUR)
    await lookout.begin(3, at=BEGUN)
    lookout.move(5)
    assert await lookout.reconcile() == 2
    assert (await lookout.stored(), await lookout.head()) == ([4, 5], 5)


async def test_a_branch_that_was_set_back_brings_nothing(lookout: Lookout) -> None:
    lookout.graph.line([1, 2, 3])
    await lookout.begin(3, at=BEGUN)
    lookout.move(1)
    assert await lookout.reconcile() == 0
    assert (await lookout.stored(), await lookout.head()) == ([], 1)


async def test_where_github_forgot_the_last_head_it_is_walked_back_to_a_known_commit(lookout: Lookout) -> None:
    graph = lookout.graph
    graph.line(range(1, 131))
    graph.line(range(201, 251), after=130, at=NOON - HOUR)
    graph.add(300, 130)
    await lookout.begin(1, at=BEGUN)
    await lookout.pushed(1, 130, [129, 130], at=BEGUN)
    await lookout.pushed(130, 300, [300], at=BEGUN)
    lookout.server.history.forgotten.add(f"{300:040x}")
    lookout.move(250)
    assert await lookout.reconcile() == 50
    assert await lookout.stored() == [129, 130, 300, *range(201, 251)]
    assert await lookout.head() == 250
    # The first page has the known commit on it.
    assert len(lookout.asked("/commits?")) == 1


async def test_it_is_walked_back_over_several_pages(lookout: Lookout) -> None:
    graph = lookout.graph
    graph.line(range(1, 332), at=NOON - HOUR)
    await lookout.pushed(1, 2, [2], at=BEGUN)
    lookout.server.history.forgotten.add(f"{2:040x}")
    lookout.move(331)
    assert await lookout.reconcile() == 329
    assert await lookout.stored() == list(range(2, 332))
    assert len(lookout.asked("/commits?")) == 4


@pytest.mark.parametrize("length", [10, 150], ids=["of one page", "of several pages"])
async def test_where_no_known_commit_is_met_what_is_younger_than_the_last_head_is_taken(
    lookout: Lookout, length: int
) -> None:
    graph = lookout.graph
    graph.add(999)
    graph.line(range(1, length + 1), at=NOON - 20 * DAY)
    graph.line(range(501, 504), after=length, at=NOON - HOUR)
    await lookout.begin(999, at=BEGUN)
    lookout.server.history.forgotten.add(f"{999:040x}")
    lookout.move(503)
    assert await lookout.reconcile() == 3
    assert (await lookout.stored(), await lookout.head()) == ([501, 502, 503], 503)


async def test_a_last_head_that_github_lists_and_does_not_compare_ends_the_way_back(lookout: Lookout) -> None:
    lookout.graph.line([1, 2, 3], at=NOON - HOUR)
    await lookout.begin(2, at=BEGUN)
    lookout.server.history.forgotten.add(f"{2:040x}")
    lookout.move(3)
    assert await lookout.reconcile() == 1
    assert await lookout.stored() == [3]


@pytest.mark.parametrize("status", [404, 451])
async def test_what_github_does_not_show_has_nothing_to_compare_with(lookout: Lookout, status: int) -> None:
    lookout.graph.add(1)
    await lookout.begin(1, at=BEGUN)
    lookout.server.faults = lambda _: web.json_response({"message": "no"}, status=status)
    assert await lookout.reconcile() == 0
    assert await compared(lookout)
    assert await lookout.head() == 1


async def test_a_branch_that_is_gone_does_not_keep_others_from_being_compared(lookout: Lookout) -> None:
    lookout.graph.line([1, 2], at=NOON - HOUR)
    await lookout.watch("gone", "main")
    await lookout.begin(1, at=BEGUN)
    lookout.move(2)
    assert await lookout.reconcile() == 1
    assert await compared(lookout)


@pytest.mark.parametrize("path", ["/branches/", "/compare/", "/commits"])
async def test_while_github_is_away_nothing_is_marked_as_compared(lookout: Lookout, path: str) -> None:
    lookout.graph.line([1, 2], at=NOON - HOUR)
    await lookout.begin(1, at=BEGUN)
    lookout.move(2)
    lookout.server.history.forgotten.add(f"{1:040x}")
    lookout.server.faults = lambda request: web.json_response({}, status=502) if path in request.path else None
    with pytest.raises(GitHubUnavailable):
        await lookout.reconcile()
    assert (await lookout.repository()).reconciled_at is None
    assert (await lookout.head(), await lookout.stored()) == (1, [])
    lookout.server.faults = None
    assert await lookout.reconcile() == 1


async def test_a_record_of_movements_that_cannot_be_had_is_done_without(lookout: Lookout) -> None:
    lookout.graph.line([1, 2], at=NOON - HOUR)
    await lookout.begin(1, at=BEGUN)
    lookout.move(2, at=NOON - 2 * HOUR)
    lookout.server.faults = lambda request: web.json_response({}, status=502) if "/activity" in request.path else None
    assert await lookout.reconcile() == 1
    assert await lookout.reached() == {2: NOON - HOUR}


async def test_a_branch_of_which_github_has_no_commits_is_asked_for_again(lookout: Lookout) -> None:
    lookout.graph.add(1)
    await lookout.begin(1, at=BEGUN)
    lookout.move(2)
    with pytest.raises(GitHubUnavailable):
        await lookout.reconcile()
    assert await lookout.head() == 1


async def run(lookout: Lookout, *, queued_at: timedelta = timedelta(0), key: int | None = None) -> None:
    await reconcile_job(
        job(Kind.RECONCILE, lookout.repository_id if key is None else key, queued_at=NOON + queued_at),
        store=lookout.store,
        jobs=lookout.newsroom.jobs,
        github=lookout.github,
        now=lookout.now,
    )


async def test_a_job_asks_again_when_github_says_and_not_after_it_was_done(
    lookout: Lookout, clock: FrozenClock
) -> None:
    lookout.graph.add(1)
    await lookout.begin(1, at=BEGUN)
    lookout.server.faults = lambda _: web.json_response({}, status=503, headers={"Retry-After": "30"})
    with pytest.raises(RetryAfter) as caught:
        await run(lookout)
    assert caught.value.after == timedelta(seconds=30)
    lookout.server.faults = None
    clock.advance(HOUR)
    await run(lookout)
    asked = len(lookout.server.requests)
    await run(lookout)
    assert len(lookout.server.requests) == asked
    await run(lookout, queued_at=2 * HOUR)
    assert len(lookout.server.requests) == asked + 2


async def test_a_job_for_a_repository_that_is_not_there_is_no_fault(lookout: Lookout) -> None:
    await run(lookout, key=4711)
    assert lookout.server.requests == []


async def test_a_webhook_after_a_comparison_adds_nothing(lookout: Lookout) -> None:
    lookout.graph.line([1, 2, 3], at=NOON - HOUR)
    await lookout.begin(1, at=BEGUN)
    lookout.move(3, at=NOON - HOUR)
    assert await lookout.reconcile() == 2
    await lookout.pushed(1, 3, [2, 3], at=NOON)
    assert await lookout.reached() == {2: NOON - HOUR, 3: NOON - HOUR}
    assert await lookout.head() == 3
    assert len(await lookout.newsroom.queued(Kind.FETCH)) == 2


async def test_a_comparison_after_a_webhook_adds_what_is_missing_and_no_more(lookout: Lookout) -> None:
    lookout.graph.line([1, 2, 3, 4], at=NOON - HOUR)
    await lookout.begin(1, at=BEGUN)
    await lookout.pushed(3, 4, [4], at=NOON)
    assert await lookout.reconcile() == 2
    assert await lookout.reached() == {2: NOON - HOUR, 3: NOON - HOUR, 4: NOON}
    assert await lookout.head() == 4


async def test_two_comparisons_at_once_store_nothing_twice(lookout: Lookout) -> None:
    lookout.graph.line(range(1, 40), at=NOON - HOUR)
    await lookout.begin(1, at=BEGUN)
    lookout.move(39)
    found = await asyncio.gather(*(lookout.reconcile() for _ in range(3)))
    assert sum(found) == 38
    assert await lookout.stored() == list(range(2, 40))
    assert len(await lookout.newsroom.queued(Kind.FETCH)) == 38
    assert await lookout.head() == 39


async def test_a_repository_that_was_never_looked_at_begins_with_its_head_of_today(lookout: Lookout) -> None:
    lookout.graph.line([1, 2, 3])
    lookout.move(2)
    assert await lookout.reconcile() == 0
    assert (await lookout.stored(), await lookout.head()) == ([], 2)
    lookout.move(3)
    assert await lookout.reconcile() == 1


async def test_patterns_find_branches_and_a_new_one_brings_what_the_default_branch_has_not(lookout: Lookout) -> None:
    graph = lookout.graph
    graph.line([1, 2], at=NOON - 5 * HOUR)
    await lookout.watch("main", "release/*")
    await lookout.begin(2, at=BEGUN)
    lookout.move(1, "release/1")
    lookout.move(1, "topic")
    assert await lookout.reconcile() == 0
    assert (await lookout.head("release/1"), await lookout.head("topic")) == (1, None)
    graph.line([3, 4], after=2, at=NOON - HOUR)
    lookout.move(4, "release/2")
    assert await lookout.reconcile() == 2
    # When the repository was compared the last time, the branch was not there yet.
    assert await lookout.reached() == {3: NOON, 4: NOON}
    assert (await lookout.head("release/2"), await lookout.head()) == (4, 2)
    assert await lookout.reconcile() == 0
