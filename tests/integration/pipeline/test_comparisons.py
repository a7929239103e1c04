"""A comparison that GitHub cuts off, refuses or answers for another repository counts for no more than it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import web

from newsletter.demo.github import Fault
from newsletter.github.faults import GitHubRefused, GitHubUnavailable
from newsletter.github.payload import LISTED_COMMITS
from newsletter.pipeline.expand import complete
from newsletter.pipeline.history import MOST_PAGES_BACK, reachable
from newsletter.pipeline.port import Kind, NotYet, RetryAfter
from newsletter.pipeline.reconcile import PATIENCE, reconcile_job
from newsletter.store.engine import Store
from tests.support.clock import NOON, FrozenClock
from tests.support.graph import NAME, NONE, REPOSITORY, Lookout, job, lookout_over
from tests.support.records import sha

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BEGUN = NOON - DAY
PAGE = 100


@pytest.fixture
async def lookout(store: Store, clock: FrozenClock) -> AsyncIterator[Lookout]:
    async with lookout_over(store, clock) as lookout:
        yield lookout


async def run(lookout: Lookout, *, queued_at: timedelta = timedelta(0)) -> None:
    await reconcile_job(
        job(Kind.RECONCILE, lookout.repository_id, queued_at=NOON + queued_at),
        store=lookout.store,
        jobs=lookout.newsroom.jobs,
        github=lookout.github,
        now=lookout.now,
    )


def without_pages(lookout: Lookout, *, newest: bool = False) -> Fault:
    """Compare along a line of commits as a server that knows no pages."""

    def answer(request: web.Request) -> web.Response | None:
        if "/compare/" not in request.path:
            return None
        base, head = (int(name, 16) for name in request.path.rpartition("/")[2].split("..."))
        numbers = range(base + 1, head + 1)
        listed = numbers[-PAGE:] if newest else numbers[:PAGE]
        entries = [lookout.graph.commits[NAME, sha(number)] for number in listed]
        return web.json_response({"status": "ahead", "total_commits": len(numbers), "commits": entries})

    return answer


async def test_half_an_answer_is_asked_for_again(lookout: Lookout) -> None:
    lookout.graph.line(range(1, 300), at=NOON - HOUR)
    await lookout.begin(1, at=BEGUN)
    lookout.move(299)
    half = {"status": "ahead", "total_commits": 298, "commits": []}
    lookout.server.faults = lambda request: web.json_response(half) if request.query.get("page") == "2" else None
    with pytest.raises(GitHubUnavailable):
        await lookout.reconcile()
    assert (await lookout.head(), (await lookout.repository()).reconciled_at) == (1, None)
    lookout.server.faults = None
    assert await lookout.reconcile() == 298
    assert (await lookout.stored(), await lookout.head()) == (list(range(2, 300)), 299)


async def test_a_comparison_that_is_cut_off_moves_the_head_no_further_than_what_is_stored(lookout: Lookout) -> None:
    lookout.graph.line(range(1, 451), at=NOON - HOUR)
    await lookout.begin(1, at=BEGUN)
    lookout.move(450)
    lookout.server.faults = without_pages(lookout)
    with pytest.raises(GitHubUnavailable):
        await lookout.reconcile()
    assert (len(await lookout.stored()), await lookout.head()) == (300, 301)
    assert (await lookout.repository()).reconciled_at is None
    assert await lookout.reconcile() == 149
    assert (len(await lookout.stored()), await lookout.head()) == (449, 450)


async def test_where_only_the_newest_commits_are_compared_the_others_are_listed(lookout: Lookout) -> None:
    lookout.graph.line(range(1, 251), at=NOON - HOUR)
    await lookout.begin(1, at=BEGUN)
    lookout.move(250)
    lookout.server.faults = without_pages(lookout, newest=True)
    assert await lookout.reconcile() == 249
    assert (await lookout.stored(), await lookout.head()) == (list(range(2, 251)), 250)


async def test_a_push_whose_rest_is_cut_off_leaves_the_head_before_it(lookout: Lookout) -> None:
    end = LISTED_COMMITS + 250
    lookout.graph.line(range(1, end + 1))
    await lookout.begin(1)
    push, body = lookout.delivery(1, end, range(2, LISTED_COMMITS + 2))
    await lookout.deliver(push, body)
    await lookout.newsroom.expand(push.hook_id)
    lookout.server.faults = without_pages(lookout)
    await complete(
        job(Kind.COMPLETE, push.hook_id),
        store=lookout.store,
        jobs=lookout.newsroom.jobs,
        github=lookout.github,
        now=lookout.now,
    )
    assert await lookout.head() == 1
    assert await lookout.newsroom.queued(Kind.RECONCILE) == [str(lookout.repository_id)]


async def test_a_history_longer_than_is_gone_through_says_so(lookout: Lookout) -> None:
    most = MOST_PAGES_BACK * PAGE
    lookout.graph.line(range(1, most + 2))
    whole = await reachable(lookout.github, NAME, sha(NONE), sha(most - 1))
    assert (len(whole.commits), whole.complete) == (most - 1, True)
    cut_off = await reachable(lookout.github, NAME, sha(NONE), sha(most + 1))
    assert (len(cut_off.commits), cut_off.complete) == (most, False)


async def test_a_name_that_belongs_to_another_repository_now_is_not_compared(
    lookout: Lookout, capsys: pytest.CaptureFixture[str]
) -> None:
    lookout.graph.line([1, 2], at=BEGUN)
    lookout.graph.line([500, 501], after=2, at=NOON - HOUR)
    await lookout.begin(2, at=BEGUN)
    lookout.server.repositories = {NAME: {**REPOSITORY, "id": 999}}
    lookout.move(501)
    assert [await lookout.reconcile() for _ in range(2)] == [0, 0]
    repository = await lookout.repository()
    assert (repository.github_id, repository.reconciled_at, await lookout.stored()) == (REPOSITORY["id"], None, [])
    assert repository.problem is not None
    assert "another repository" in repository.problem
    # It may be private, and its id is logged.
    told = capsys.readouterr()
    assert "nothing to compare with" in told.out + told.err
    assert NAME not in told.out + told.err


async def test_what_keeps_a_repository_from_being_compared_is_told_once(
    lookout: Lookout, capsys: pytest.CaptureFixture[str]
) -> None:
    lookout.server.repositories = {}
    for _ in range(3):
        await lookout.reconcile()
    told = capsys.readouterr()
    assert (told.out + told.err).count("nothing to compare with") == 1


@pytest.mark.parametrize("status", [401, 403])
async def test_who_is_refused_has_compared_nothing(lookout: Lookout, status: int) -> None:
    lookout.graph.line([1, 2], at=NOON - HOUR)
    await lookout.begin(1, at=BEGUN)
    lookout.move(2)
    lookout.server.faults = lambda _: web.json_response({"message": "Bad credentials"}, status=status)
    with pytest.raises(GitHubRefused):
        await lookout.reconcile()
    with pytest.raises(RetryAfter):
        await run(lookout)
    repository = await lookout.repository()
    assert repository.reconciled_at is None
    assert repository.problem == f"GitHub answered {status}: the token is wrong or may not read this"
    lookout.server.faults = None
    assert await lookout.reconcile() == 1
    assert ((await lookout.repository()).reconciled_at, (await lookout.repository()).problem) == (NOON, None)


async def test_a_repository_that_is_not_there_keeps_no_day_from_closing_and_says_so(lookout: Lookout) -> None:
    lookout.graph.add(1)
    await lookout.begin(1, at=BEGUN)
    there, lookout.server.repositories = lookout.server.repositories, {}
    assert await lookout.reconcile() == 0
    repository = await lookout.repository()
    assert (repository.reconciled_at, repository.problem) == (NOON, "GitHub answered 404")
    lookout.server.repositories = there
    await lookout.reconcile()
    assert (await lookout.repository()).problem is None


async def test_a_push_that_comes_during_a_comparison_says_when_its_commits_arrived(lookout: Lookout) -> None:
    lookout.graph.add(1, at=NOON - 3 * DAY)
    lookout.graph.add(2, 1, at=NOON - 20 * HOUR)
    await lookout.begin(1, at=NOON - 2 * DAY)
    push, body = lookout.delivery(1, 2, [2], at=NOON - timedelta(seconds=5))
    lookout.move(2)

    async def meanwhile(request: web.Request) -> None:
        if "/compare/" in request.path:
            await lookout.deliver(push, body)

    lookout.server.faults = meanwhile
    with pytest.raises(NotYet):
        await run(lookout)
    assert await lookout.stored() == []
    await lookout.newsroom.expand(push.hook_id)
    await run(lookout)
    assert await lookout.reached() == {2: NOON - timedelta(seconds=5)}


async def test_a_push_that_is_never_read_is_not_waited_for_for_ever(lookout: Lookout) -> None:
    lookout.graph.line([1, 2], at=NOON - HOUR)
    await lookout.begin(1, at=BEGUN)
    lookout.move(2)
    await lookout.deliver(*lookout.delivery(1, 2, [2]))
    await run(lookout, queued_at=-PATIENCE)
    assert await lookout.stored() == [2]
