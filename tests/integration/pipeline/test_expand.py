"""The commits of a push become rows, whatever order deliveries come in and however long the push is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from aiohttp import web
from sqlalchemy import select

from newsletter.github.payload import LISTED_COMMITS
from newsletter.pipeline.expand import OVERTAKING, SLICE, add_commits, complete, expand
from newsletter.pipeline.port import Kind, NotYet, RetryAfter
from newsletter.store import pushes, repositories, tables
from newsletter.store.engine import Store
from tests.support.clock import NOON, FrozenClock
from tests.support.graph import NAME, NONE, REPOSITORY, Graph, Lookout, job, lookout_over
from tests.support.records import github_repository

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def lookout(store: Store, clock: FrozenClock) -> AsyncIterator[Lookout]:
    async with lookout_over(store, clock) as lookout:
        yield lookout


async def queued_to_compare(lookout: Lookout) -> list[timedelta]:
    """Return in how long the repository is compared with GitHub, each time that is queued."""
    wanted = select(tables.jobs).where(tables.jobs.c.kind == Kind.RECONCILE.value)
    async with lookout.store.read() as connection:
        rows = (await connection.execute(wanted)).all()
    assert {row.key for row in rows} <= {str(lookout.repository_id)}
    return [row.run_at - NOON for row in rows]


async def is_open(lookout: Lookout, hook_id: str) -> bool:
    async with lookout.store.read() as connection:
        return hook_id in await pushes.unexpanded(connection)


async def finish(lookout: Lookout, hook_id: str, *, last: bool = False) -> None:
    """Ask for the rest of a push."""
    await complete(
        job(Kind.COMPLETE, hook_id, last=last),
        store=lookout.store,
        jobs=lookout.newsroom.jobs,
        github=lookout.github,
        now=lookout.now,
    )


async def test_the_first_push_of_a_branch_is_its_beginning(lookout: Lookout) -> None:
    lookout.graph.line([1, 2, 3])
    hook_id = await lookout.pushed(1, 3, [2, 3], at=NOON - MINUTE)
    assert await lookout.reached() == {2: NOON - MINUTE, 3: NOON - MINUTE}
    assert await lookout.head() == 3
    assert not await is_open(lookout, hook_id)
    assert len(await lookout.newsroom.queued(Kind.FETCH)) == 2
    assert await queued_to_compare(lookout) == []


async def test_a_push_that_goes_on_from_the_head_moves_it(lookout: Lookout) -> None:
    lookout.graph.line(range(1, 5))
    await lookout.begin(1)
    await lookout.pushed(1, 2, [2])
    await lookout.pushed(2, 4, [3, 4])
    assert await lookout.head() == 4
    assert await lookout.stored() == [2, 3, 4]
    assert await queued_to_compare(lookout) == []


async def test_a_push_is_expanded_once(lookout: Lookout) -> None:
    lookout.graph.line([1, 2])
    await lookout.begin(1)
    hook_id = await lookout.pushed(1, 2, [2])
    again = await expand(hook_id, store=lookout.store, jobs=lookout.newsroom.jobs, now=lookout.now)
    assert again == 0
    assert len(await lookout.newsroom.queued(Kind.FETCH)) == 1


async def test_a_push_that_does_not_exist_is_no_fault(lookout: Lookout) -> None:
    assert await expand("nobody's", store=lookout.store, jobs=lookout.newsroom.jobs, now=NOON) == 0
    await finish(lookout, "nobody's")
    assert lookout.server.requests == []


async def test_after_a_gap_the_head_stays_and_github_is_asked_in_a_moment(lookout: Lookout) -> None:
    lookout.graph.line(range(1, 5))
    await lookout.begin(1)
    await lookout.pushed(3, 4, [4])
    assert await lookout.head() == 1
    assert await lookout.stored() == [4]
    assert await queued_to_compare(lookout) == [OVERTAKING]
    assert timedelta(seconds=30) == OVERTAKING


async def test_deliveries_that_overtook_each_other_end_with_everything_stored(lookout: Lookout) -> None:
    lookout.graph.line(range(1, 4))
    await lookout.begin(1)
    await lookout.pushed(2, 3, [3], at=NOON)
    await lookout.pushed(1, 2, [2], at=NOON - MINUTE)
    assert await lookout.head() == 2
    assert await lookout.stored() == [2, 3]
    lookout.move(3)
    assert await lookout.reconcile() == 0
    assert await lookout.head() == 3
    # What came by webhook leaves no second push behind.
    assert await lookout.newsroom.count("pushes") == 2


async def test_a_forced_push_from_the_head_moves_it(lookout: Lookout) -> None:
    lookout.graph.line([1, 2])
    lookout.graph.add(3, 1)
    await lookout.begin(2)
    await lookout.pushed(2, 3, [3], forced=True)
    assert (await lookout.head(), await lookout.stored()) == (3, [3])
    assert await queued_to_compare(lookout) == []


async def test_a_branch_that_is_made_anew_begins_where_its_push_ends(lookout: Lookout) -> None:
    lookout.graph.line(range(1, 4))
    await lookout.watch("main", "release/*")
    await lookout.begin(1)
    await lookout.pushed(NONE, 2, [2], ref="refs/heads/release/1")
    assert await lookout.head("release/1") == 2
    assert await lookout.head() == 1
    assert await queued_to_compare(lookout) == []
    # Made again, it may bring what another branch had and no push of this one lists.
    await lookout.pushed(NONE, 3, [3], ref="refs/heads/release/1")
    assert await lookout.head("release/1") == 2
    assert await queued_to_compare(lookout) == [OVERTAKING]


async def test_a_push_without_commits_moves_the_head(lookout: Lookout) -> None:
    """A fast-forward to what another branch brought already."""
    lookout.graph.line([1, 2])
    await lookout.begin(1)
    await lookout.pushed(1, 2, [])
    assert (await lookout.head(), await lookout.stored()) == (2, [])


async def test_a_commit_of_two_branches_is_stored_once(lookout: Lookout) -> None:
    lookout.graph.line([1, 2, 3])
    await lookout.watch("*")
    await lookout.begin(1)
    await lookout.pushed(NONE, 2, [2], ref="refs/heads/topic", at=NOON - MINUTE)
    await lookout.pushed(1, 3, [2, 3])
    assert await lookout.reached() == {2: NOON - MINUTE, 3: NOON}
    assert len(await lookout.newsroom.queued(Kind.FETCH)) == 2


async def test_what_is_stored_in_slices_keeps_its_order(lookout: Lookout) -> None:
    numbers = list(range(1, 2 * SLICE + 12))
    lookout.graph.line(numbers)
    await lookout.pushed(NONE, numbers[-1], numbers)
    assert await lookout.positions() == {number: place for place, number in enumerate(numbers)}
    assert len(set(await lookout.newsroom.queued(Kind.FETCH))) == len(numbers)


async def test_whoever_is_killed_between_two_slices_goes_on_from_there(lookout: Lookout) -> None:
    numbers = list(range(1, SLICE + 51))
    lookout.graph.line(numbers)
    hook_id = await stored_only(lookout, NONE, numbers)
    async with lookout.store.write() as transaction:
        stored = await pushes.by_hook_id(transaction.connection, hook_id)
        assert stored is not None
        first = [lookout.graph.listed(number).commit for number in numbers[:SLICE]]
        await add_commits(transaction, first, push=stored, jobs=lookout.newsroom.jobs)
    assert await is_open(lookout, hook_id)
    assert await lookout.head() is None
    again = await expand(hook_id, store=lookout.store, jobs=lookout.newsroom.jobs, now=NOON)
    assert again == 50
    assert await lookout.stored() == numbers
    assert await lookout.positions() == {number: place for place, number in enumerate(numbers)}
    assert sorted(await lookout.newsroom.queued(Kind.FETCH)) == sorted(set(await lookout.newsroom.queued(Kind.FETCH)))
    assert not await is_open(lookout, hook_id)


async def stored_only(lookout: Lookout, before: int, numbers: Sequence[int], *, after: int | None = None) -> str:
    """Receive a push and do nothing with it."""
    push, body = lookout.delivery(before, after or numbers[-1], numbers)
    lookout.move(after or numbers[-1])
    await lookout.deliver(push, body)
    return push.hook_id


MORE = LISTED_COMMITS + 60


async def long_push(lookout: Lookout, *, before: int) -> str:
    """Receive a push of more commits than a payload holds, and store what it lists."""
    lookout.graph.line(range(1, MORE + 1))
    if before:
        await lookout.begin(before)
    listed = range(before + 1, before + 1 + LISTED_COMMITS)
    hook_id = await stored_only(lookout, before, listed, after=MORE)
    await lookout.newsroom.expand(hook_id)
    return hook_id


async def test_a_push_that_may_be_longer_than_its_payload_stays_open(lookout: Lookout) -> None:
    hook_id = await long_push(lookout, before=1)
    assert await is_open(lookout, hook_id)
    assert await lookout.head() == 1
    assert len(await lookout.stored()) == LISTED_COMMITS
    assert await lookout.newsroom.queued(Kind.COMPLETE) == [hook_id]


@pytest.mark.parametrize("before", [1, NONE], ids=["of a branch", "of a new branch"])
async def test_the_rest_of_a_long_push_is_fetched(lookout: Lookout, before: int) -> None:
    hook_id = await long_push(lookout, before=before)
    for _ in range(2):
        await finish(lookout, hook_id)
    numbers = list(range(before + 1, MORE + 1))
    assert await lookout.stored() == numbers
    assert await lookout.positions() == {number: place for place, number in enumerate(numbers)}
    assert set((await lookout.reached()).values()) == {NOON}
    assert not await is_open(lookout, hook_id)
    assert await lookout.head() == MORE
    asked = len(lookout.asked("/compare/")), len(lookout.asked("/commits?"))
    assert asked == ((22, 0) if before else (0, 22))


@pytest.mark.parametrize(
    ("status", "last", "asks"),
    [
        pytest.param(502, False, RetryAfter, id="away"),
        pytest.param(429, True, NotYet, id="a limit, which costs no attempt"),
    ],
)
async def test_the_rest_of_a_push_is_asked_for_again(
    lookout: Lookout, status: int, last: bool, asks: type[RetryAfter] | type[NotYet]
) -> None:
    hook_id = await long_push(lookout, before=1)
    lookout.server.faults = lambda _: web.json_response({}, status=status, headers={"Retry-After": "7"})
    with pytest.raises(asks) as caught:
        await finish(lookout, hook_id, last=last)
    assert isinstance(caught.value, RetryAfter | NotYet)
    assert caught.value.after == timedelta(seconds=7)
    assert await is_open(lookout, hook_id)
    assert await lookout.head() == 1


@pytest.mark.parametrize(
    ("status", "last"), [pytest.param(502, True, id="away to the last"), pytest.param(404, False, id="forgotten")]
)
async def test_a_push_whose_rest_is_not_to_be_had_ends_and_its_rest_is_left_to_the_comparison(
    lookout: Lookout, status: int, last: bool
) -> None:
    hook_id = await long_push(lookout, before=1)
    lookout.server.faults = lambda _: web.json_response({"message": "no"}, status=status)
    await finish(lookout, hook_id, last=last)
    assert not await is_open(lookout, hook_id)
    assert len(await lookout.stored()) == LISTED_COMMITS
    # What is stored without everything before it is not the head.
    assert await lookout.head() == 1
    assert await queued_to_compare(lookout) == [OVERTAKING]
    lookout.server.faults = None
    assert await lookout.reconcile() == MORE - 1 - LISTED_COMMITS
    assert await lookout.head() == MORE


async def test_the_first_push_of_a_branch_whose_rest_is_not_to_be_had_leaves_the_branch_before_it(
    lookout: Lookout,
) -> None:
    lookout.graph.line(range(1, MORE + 1))
    hook_id = await stored_only(lookout, 1, range(2, 2 + LISTED_COMMITS), after=MORE)
    await lookout.newsroom.expand(hook_id)
    lookout.server.faults = lambda _: web.json_response({"message": "no"}, status=502)
    await finish(lookout, hook_id, last=True)
    assert await lookout.head() == 1


async def test_the_rest_of_a_push_is_asked_for_under_the_present_name(lookout: Lookout) -> None:
    """A private one is read through its installation, which is found by that name."""
    end = LISTED_COMMITS + 2
    lookout.graph.line(range(1, end + 1))
    await lookout.begin(1)
    hook_id = await lookout.pushed(1, end, range(2, LISTED_COMMITS + 2))
    Graph("acme/flood", commits=lookout.graph.commits).line(range(1, end + 1))
    lookout.server.repositories = {"acme/flood": {**REPOSITORY, "full_name": "acme/flood"}}
    async with lookout.store.write() as transaction:
        told = github_repository(REPOSITORY["id"], "acme/flood")
        await repositories.recognise(transaction.connection, told, asked=False)
    await finish(lookout, hook_id)
    assert await lookout.newsroom.count("commits") == end - 1
    assert await lookout.head() == end
    assert lookout.asked(f"/repos/{NAME}/") == []
