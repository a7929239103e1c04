"""What the overview counts, on both databases."""

from __future__ import annotations

from datetime import timedelta

from newsletter.analysis.record import Source
from newsletter.delivery.record import DeliveryStatus
from newsletter.store import following, jobs, overview, repositories
from newsletter.store.engine import Store
from newsletter.store.states import Stopped
from subscribers import Level
from tests.support.clock import NOON, FrozenClock
from tests.support.newsroom import Newsroom
from tests.support.records import analysis_of, follow

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


async def test_repositories_with_a_problem_come_first(store: Store) -> None:
    for number, name in enumerate(("acme/a", "acme/b", "acme/c"), start=1):
        await follow(store, name, github_id=number, private=name == "acme/b")
    async with store.write() as transaction:
        connection = transaction.connection
        await repositories.configure(connection, 2, branch_patterns=["release/*"], poll=15 * MINUTE)
        await repositories.mark_reconciled(connection, 2, at=NOON)
        await repositories.note_problem(connection, 3, "GitHub answered 404")
    async with store.read() as connection:
        found, total = await overview.followed(connection, limit=10)
        some, still = await overview.followed(connection, limit=2)
    assert [repository.full_name for repository in found] == ["acme/c", "acme/a", "acme/b"]
    assert [repository.full_name for repository in some] == ["acme/c", "acme/a"]
    assert total == still == 3
    assert (found[0].problem, found[0].branches, found[0].compared_at) == ("GitHub answered 404", ("main",), None)
    assert (found[2].private, found[2].poll_seconds, found[2].branches) == (True, 900, ("release/*",))
    assert found[2].compared_at == NOON


async def test_what_is_not_followed_any_more_is_only_counted(store: Store) -> None:
    for number, name in enumerate(("acme/a", "acme/b", "acme/c"), start=1):
        await follow(store, name, github_id=number)
    async with store.write() as transaction:
        await following.attach(transaction.connection, 1, 11)
        await following.stop(transaction.connection, 2, Stopped.DELETED)
    async with store.read() as connection:
        found, total = await overview.followed(connection, limit=10)
        assert await overview.not_followed(connection) == 1
    assert [(repository.full_name, repository.by_app) for repository in found] == [("acme/a", True), ("acme/c", False)]
    assert total == 2


async def test_pushes_are_listed_newest_first_with_what_was_new(store: Store, clock: FrozenClock) -> None:
    room = Newsroom(store, clock)
    repository = await follow(store)
    await room.expand(await room.push(repository, [1, 2], NOON))
    clock.advance(MINUTE)
    await room.push(repository, [3], NOON)
    async with store.read() as connection:
        found = await overview.last_pushes(connection, limit=5)
        latest = await overview.last_pushes(connection, limit=1)
    assert [(push.commits, push.expanded, push.received_at) for push in found] == [
        (0, False, NOON + MINUTE),
        (2, True, NOON),
    ]
    assert latest == found[:1]
    assert found[0].repository == "acme/tide"


async def test_the_day_is_counted_by_level_and_by_who_analysed(store: Store, clock: FrozenClock) -> None:
    room = Newsroom(store, clock)
    repository = await follow(store)
    await room.analysed(repository, 1, NOON - DAY, analysis_of(level=Level.MEDIUM))
    await room.analysed(repository, 2, NOON, analysis_of(level=Level.HIGH))
    await room.analysed(repository, 3, NOON, analysis_of(level=Level.HIGH))
    await room.expand(await room.push(repository, [4], NOON))
    async with store.read() as connection:
        assert await overview.commits_since(connection, NOON) == {Level.HIGH: 2, None: 1}
        assert await overview.analyses_since(connection, NOON) == {Source.RULES: 2}


async def test_deliveries_are_those_of_the_last_digests(store: Store, clock: FrozenClock) -> None:
    room = Newsroom(store, clock)
    repository = await follow(store)
    await room.reader("ada")
    await room.reader("bo")
    yesterday = NOON - DAY
    await room.analysed(repository, 1, yesterday, analysis_of(level=Level.HIGH))
    await room.close(yesterday.date())
    async with store.read() as connection:
        assert await overview.deliveries_of_last(connection, limit=1) == {}
    await room.compose(yesterday.date())
    async with store.read() as connection:
        assert await overview.deliveries_of_last(connection, limit=1) == {DeliveryStatus.QUEUED: 2}
    clock.advance(DAY)
    await room.analysed(repository, 2, NOON, analysis_of(level=Level.HIGH))
    await room.close(NOON.date())
    async with store.read() as connection:
        assert await overview.deliveries_of_last(connection, limit=1) == {}
        assert await overview.deliveries_of_last(connection, limit=2) == {DeliveryStatus.QUEUED: 2}


async def test_queues_say_what_waits_and_what_was_given_up(store: Store) -> None:
    async with store.write() as transaction:
        connection = transaction.connection
        await jobs.put(connection, "fetch", ["1", "2"], run_at=NOON, now=NOON)
        await jobs.put(connection, "fetch", ["3"], run_at=NOON - MINUTE, now=NOON)
        await jobs.put(connection, "expand", ["x"], run_at=NOON, now=NOON)
        (first, *_) = await jobs.due(connection, "fetch", now=NOON, limit=1, running=())
        await jobs.bury(connection, first.id, error="no", now=NOON)
    async with store.read() as connection:
        expand, fetch = await overview.queues(connection, ["expand", "fetch", "deliver"])
    assert (expand.kind, expand.waiting, expand.failed, expand.due_at) == ("expand", 1, 0, NOON)
    assert (fetch.kind, fetch.waiting, fetch.failed, fetch.due_at) == ("fetch", 2, 1, NOON)
