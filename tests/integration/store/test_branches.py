"""Up to which commit a branch is known, and what is set of a repository besides."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from newsletter.store import branches, pushes, repositories
from newsletter.store.branches import Branch
from newsletter.store.engine import Store
from newsletter.store.pushes import StoredPush
from newsletter.store.repositories import FollowedRepository
from tests.support.clock import NOON
from tests.support.records import follow, sha

MINUTE = timedelta(minutes=1)


def branch(number: int, name: str = "main") -> Branch:
    return Branch(name=name, head=sha(number), head_at=NOON + number * MINUTE)


async def begin(store: Store, repository: FollowedRepository, begun: Branch) -> bool:
    async with store.write() as transaction:
        return await branches.begin(transaction.connection, repository.id, begun)


async def advance(store: Store, repository: FollowedRepository, to: Branch, *, seen: int) -> bool:
    async with store.write() as transaction:
        return await branches.advance(transaction.connection, repository.id, to, seen=sha(seen))


async def load(store: Store, repository: FollowedRepository, name: str = "main") -> Branch | None:
    async with store.read() as connection:
        return await branches.load(connection, repository.id, name)


async def test_a_branch_is_unknown_until_it_begins_and_begins_once(store: Store) -> None:
    repository = await follow(store)
    assert await load(store, repository) is None
    assert await begin(store, repository, branch(1))
    assert not await begin(store, repository, branch(2))
    assert await load(store, repository) == branch(1)


async def test_a_head_moves_on_only_from_where_it_was_seen(store: Store) -> None:
    repository = await follow(store)
    await begin(store, repository, branch(1))
    assert await advance(store, repository, branch(2), seen=1)
    assert not await advance(store, repository, branch(3), seen=1)
    assert await load(store, repository) == branch(2)


async def test_a_branch_that_is_unknown_does_not_move(store: Store) -> None:
    repository = await follow(store)
    assert not await advance(store, repository, branch(2), seen=1)
    assert await load(store, repository) is None


async def test_of_many_moves_at_once_one_is_made(store: Store) -> None:
    repository = await follow(store)
    await begin(store, repository, branch(1))
    moves = [advance(store, repository, branch(number), seen=1) for number in range(2, 10)]
    assert sorted(await asyncio.gather(*moves)) == [False] * 7 + [True]


async def test_branches_of_one_name_in_two_repositories_have_nothing_to_do_with_each_other(store: Store) -> None:
    tide, flood = await follow(store), await follow(store, "acme/flood", github_id=101)
    await begin(store, tide, branch(1))
    await begin(store, flood, branch(2))
    assert await advance(store, tide, branch(3), seen=1)
    assert await load(store, flood) == branch(2)


async def test_branches_are_listed_by_name_and_each_is_forgotten_alone(store: Store) -> None:
    repository, other = await follow(store), await follow(store, "acme/flood", github_id=101)
    for name in ("main", "a/b", "Main", "奶酪"):
        await begin(store, repository, branch(1, name))
    await begin(store, other, branch(1))
    async with store.write() as transaction:
        await branches.forget(transaction.connection, repository.id, "main")
        await branches.forget(transaction.connection, repository.id, "never there")
    async with store.read() as connection:
        found = await branches.of_repository(connection, repository.id)
    assert sorted(known.name for known in found) == ["Main", "a/b", "奶酪"]
    assert await load(store, other) == branch(1)
    assert await begin(store, repository, branch(5))


async def test_a_branch_belongs_to_a_repository(store: Store) -> None:
    repository = await follow(store)
    stranger = FollowedRepository(**{**vars(repository), "id": repository.id + 1})
    with pytest.raises(IntegrityError):
        await begin(store, stranger, branch(1))


async def configured(
    store: Store, *patterns: str, poll: timedelta | None = None
) -> tuple[FollowedRepository, FollowedRepository]:
    """Return a repository before and after it was configured."""
    repository = await follow(store)
    async with store.write() as transaction:
        await repositories.configure(transaction.connection, repository.id, branch_patterns=patterns, poll=poll)
        await repositories.mark_reconciled(transaction.connection, repository.id, at=NOON + MINUTE)
    async with store.read() as connection:
        found = await repositories.by_id(connection, repository.id)
    assert found is not None
    return repository, found


async def test_a_repository_is_as_it_was_configured(store: Store) -> None:
    before, after = await configured(store, "main", "release/*", poll=timedelta(minutes=15))
    assert (before.branch_patterns, before.poll, before.reconciled_at) == ((), None, None)
    assert (after.branch_patterns, after.poll, after.reconciled_at) == (
        ("main", "release/*"),
        timedelta(minutes=15),
        NOON + MINUTE,
    )
    async with store.write() as transaction:
        await repositories.configure(transaction.connection, after.id, branch_patterns=(), poll=None)
    async with store.read() as connection:
        plain = await repositories.by_id(connection, after.id)
    assert plain is not None
    assert (plain.branch_patterns, plain.poll) == ((), None)


@pytest.mark.parametrize(
    ("patterns", "watched"),
    [
        pytest.param([], {"main"}, id="nothing said"),
        pytest.param(["develop"], {"develop"}, id="another one"),
        pytest.param(["main", "develop"], {"main", "develop"}, id="two"),
        pytest.param(["release/*"], {"release/1", "release/1/rc"}, id="a pattern, also across slashes"),
        pytest.param(["release/?"], {"release/1"}, id="one character"),
        pytest.param(["[mr]*"], {"main", "release/1", "release/1/rc"}, id="one of several characters"),
        pytest.param(["*"], {"main", "Main", "develop", "release/1", "release/1/rc"}, id="all"),
    ],
)
async def test_which_branches_count_is_a_setting(store: Store, patterns: list[str], watched: set[str]) -> None:
    _, repository = await configured(store, *patterns)
    names = ["main", "Main", "develop", "release/1", "release/1/rc"]
    assert {name for name in names if repository.watches(name)} == watched


async def test_a_repository_of_which_nothing_is_known_watches_nothing(store: Store) -> None:
    async with store.write() as transaction:
        repository, _ = await repositories.add(transaction.connection, "acme/tide", known=None, now=NOON)
    assert not repository.watches("main")
    assert not repository.watches("")


async def add_found(store: Store, repository: FollowedRepository, *, minutes: int, body: bytes = b"{}") -> StoredPush:
    async with store.write() as transaction:
        return await pushes.add_found(
            transaction.connection,
            hook_id="found:1:abc",
            repository_id=repository.id,
            reached_at=NOON + minutes * MINUTE,
            body=body,
            now=NOON,
        )


async def test_a_push_that_was_found_needs_no_work_and_is_stored_once(store: Store) -> None:
    repository = await follow(store)
    first = await add_found(store, repository, minutes=1, body=b"first")
    again = await add_found(store, repository, minutes=2, body=b"second")
    assert again == first
    assert (first.body, first.reached_at, first.expanded) == (b"first", NOON + MINUTE, True)
    async with store.read() as connection:
        assert await pushes.unexpanded(connection) == ()
