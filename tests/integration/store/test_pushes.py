"""Pushes stay as they came."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from newsletter.store import pushes
from newsletter.store.engine import Store
from newsletter.store.pushes import NewPush, StoredPush
from newsletter.store.repositories import FollowedRepository
from tests.support.clock import NOON
from tests.support.records import follow, store_push

MINUTE = timedelta(minutes=1)


async def add(store: Store, hook_id: str, repository: FollowedRepository, body: bytes = b"{}") -> bool:
    async with store.write() as transaction:
        new = NewPush(
            hook_id=hook_id,
            repository_id=repository.id,
            reached_at=NOON - MINUTE,
            received_at=NOON,
            body=body,
        )
        return hook_id in await transaction.connection.run_sync(pushes.add, [new])


async def test_a_push_comes_back_as_it_was_received(store: Store) -> None:
    repository = await follow(store)
    body = bytes(range(256)) * 4096
    assert await add(store, "hook-1", repository, body)
    async with store.read() as connection:
        stored = await pushes.by_hook_id(connection, "hook-1")
        assert await pushes.by_hook_id(connection, "hook-2") is None
    assert stored is not None
    assert stored == StoredPush(
        id=stored.id,
        hook_id="hook-1",
        repository_id=repository.id,
        reached_at=NOON - MINUTE,
        body=body,
        expanded=False,
    )


async def test_a_redelivery_is_known_and_changes_nothing(store: Store) -> None:
    repository = await follow(store)
    assert await add(store, "hook-1", repository, b"first")
    assert not await add(store, "hook-1", repository, b"second")
    async with store.read() as connection:
        stored = await pushes.by_hook_id(connection, "hook-1")
    assert stored is not None
    assert stored.body == b"first"


async def test_of_eight_equal_deliveries_at_once_one_is_stored(store: Store) -> None:
    repository = await follow(store)
    assert sorted(await asyncio.gather(*(add(store, "hook-1", repository) for _ in range(8)))) == [False] * 7 + [True]


async def test_a_push_of_an_unknown_repository_cannot_be_stored(store: Store) -> None:
    repository = await follow(store)
    stranger = FollowedRepository(**{**vars(repository), "id": repository.id + 1})
    with pytest.raises(IntegrityError):
        await add(store, "hook-1", stranger)


async def test_what_is_left_to_expand_comes_in_the_order_of_its_branch(store: Store) -> None:
    repository = await follow(store)
    late = await store_push(store, repository, reached_at=NOON)
    early = await store_push(store, repository, reached_at=NOON - MINUTE)
    done = await store_push(store, repository, reached_at=NOON - 2 * MINUTE)
    async with store.write() as transaction:
        await pushes.mark_expanded(transaction.connection, done, now=NOON)
    async with store.read() as connection:
        waiting = [await pushes.by_hook_id(connection, hook_id) for hook_id in await pushes.unexpanded(connection)]
        before_noon = await pushes.unexpanded(connection, before=NOON)
    assert [push.id for push in waiting if push] == [early, late]
    assert len(before_noon) == 1


async def test_a_push_is_expanded_once(store: Store) -> None:
    repository = await follow(store)
    await add(store, "hook-1", repository)
    for now in (NOON, NOON + MINUTE):
        async with store.write() as transaction:
            stored = await pushes.by_hook_id(transaction.connection, "hook-1")
            assert stored is not None
            await pushes.mark_expanded(transaction.connection, stored.id, now=now)
    async with store.read() as connection:
        stored = await pushes.by_hook_id(connection, "hook-1")
    assert stored is not None
    assert stored.expanded
