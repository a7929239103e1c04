"""Pushes come in: on disk first, everything else later.

A durable commit waits for the disk, and one at a time that is all a machine would do. Pushes that come in while the
disk is busy are therefore stored together, in the next transaction: nobody waits for others longer than for one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial

from cachetools import TTLCache
from sqlalchemy import Connection

from newsletter.errors import StoreUnavailable
from newsletter.github.record import Push, Repository
from newsletter.pipeline.port import Jobs, Kind
from newsletter.store import jobs as queued
from newsletter.store import pushes, repositories
from newsletter.store.engine import Store
from newsletter.store.pushes import NewPush
from newsletter.store.repositories import FollowedRepository

#: Pushes in one transaction; their bodies are in memory together.
MOST_TOGETHER = 64
#: How long what is known of a repository is not asked again, seconds.
RECOGNISED_FOR = 1
#: Git itself is no older; before it a payload's clock is wrong, and calendars of some zones end.
EARLIEST = datetime(2005, 4, 7, tzinfo=UTC)


class Receipt(StrEnum):
    """What became of a push."""

    STORED = "stored"
    #: This hook_id is stored already.
    KNOWN = "known"
    IGNORED = "ignored"
    #: What it says of a followed repository was taken over.
    NOTED = "noted"


class Ignored(StrEnum):
    """Why a push is of no use, in words for the delivery log on GitHub."""

    NO_BRANCH = "not a branch"
    OTHER_BRANCH = "this branch is not followed"
    BRANCH_DELETED = "the branch was deleted"
    NOT_FOLLOWED = "this repository is not followed; add it with: newsletter repositories add"
    NOT_ANY_MORE = "this repository is not followed any more; newsletter repositories list says why"
    NO_APP = "no GitHub App is set up here"


@dataclass(frozen=True, kw_only=True)
class Received:
    """The answer to a push."""

    receipt: Receipt
    reason: Ignored | None = None


@dataclass(frozen=True, kw_only=True)
class _Waiting:
    push: NewPush
    #: Whether it is new.
    answer: asyncio.Future[bool]


class Intake:
    """Stores verified pushes and queues the rest of their way, those that come together in one transaction."""

    def __init__(self, *, store: Store, jobs: Jobs) -> None:
        self._store = store
        self._jobs = jobs
        self._waiting: list[_Waiting] = []
        self._storing: asyncio.Task[None] | None = None
        #: Followed repositories, by what pushes told of them a moment ago.
        self._recognised: TTLCache[Repository, FollowedRepository] = TTLCache(1024, RECOGNISED_FOR)
        self._recognising = asyncio.Lock()

    async def receive(self, push: Push, body: bytes, *, now: datetime) -> Received:
        """Store a push; returns once it is on disk.

        :param body: the raw body, kept as it came.
        :raises StoreUnavailable: nothing was stored, and GitHub must be told so.
        """
        if not push.branch:
            return Received(receipt=Receipt.IGNORED, reason=Ignored.NO_BRANCH)
        if push.deleted:
            return Received(receipt=Receipt.IGNORED, reason=Ignored.BRANCH_DELETED)
        repository = await self._recognise(push.repository)
        if repository is None:
            return Received(receipt=Receipt.IGNORED, reason=Ignored.NOT_FOLLOWED)
        if not repository.followed:
            return Received(receipt=Receipt.IGNORED, reason=Ignored.NOT_ANY_MORE)
        if not repository.watches(push.branch):
            return Received(receipt=Receipt.IGNORED, reason=Ignored.OTHER_BRANCH)
        new = await self._stored(
            NewPush(
                hook_id=push.hook_id,
                repository_id=repository.id,
                reached_at=reached_at(push, received_at=now),
                received_at=now,
                body=body,
            )
        )
        if not new:
            await self._process_again(push.hook_id)
        return Received(receipt=Receipt.STORED if new else Receipt.KNOWN)

    async def take_over(self, changed: Repository) -> Receipt:
        """Take over what an event says of a repository: its name, its default branch, that it is private.

        That it is public now is for GitHub to say when it is asked, which is queued: an event that is delivered again
        may be older than the one that made it private.

        :raises StoreUnavailable: nothing was changed.
        """
        async with self._store.write() as transaction:
            found = await repositories.recognise(transaction.connection, changed, asked=False)
            if found is not None and found.followed and found.private and not changed.private:
                await self._jobs.put(transaction, Kind.RECONCILE, found.key)
        self._recognised.clear()
        return Receipt.IGNORED if found is None else Receipt.NOTED

    async def _recognise(self, pushed: Repository) -> FollowedRepository | None:
        """Return the followed repository; what another process changes about it is seen a moment later."""
        if (found := self._recognised.get(pushed)) is not None:
            return found
        async with self._recognising:
            if (found := self._recognised.get(pushed)) is not None:
                return found
            async with self._store.read() as connection:
                found, told = await repositories.recognised(connection, pushed, asked=False)
            if not told:
                # Nearly no push tells anything new of its repository, and readers wait for nobody.
                async with self._store.write() as transaction:
                    found = await repositories.recognise(transaction.connection, pushed, asked=False)
            if found is not None:
                self._recognised[pushed] = found
        return found

    async def _stored(self, push: NewPush) -> bool:
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(push=push, answer=answer))
        if self._storing is None:
            self._storing = asyncio.create_task(self._store_all())
        return await answer

    async def _store_all(self) -> None:
        try:
            while self._waiting:
                # Whoever is being read at this moment comes along.
                await asyncio.sleep(0)
                together, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
                await self._store_or_split(together)
        finally:
            self._storing = None

    async def _store_or_split(self, together: Sequence[_Waiting]) -> None:
        """Store pushes together; where that fails for another reason than the database, each for itself."""
        try:
            new = await self._store.write_at_once(partial(self._insert, [waiting.push for waiting in together]))
        except Exception as error:  # noqa: BLE001 - whoever waits gets it
            if len(together) > 1 and not isinstance(error, StoreUnavailable):
                for waiting in together:
                    await self._store_or_split([waiting])
                return
            for waiting in together:
                # Whoever hung up meanwhile has no use for an answer.
                if not waiting.answer.done():
                    waiting.answer.set_exception(error)
            return
        self._jobs.queued()
        told: set[str] = set()
        for waiting in together:
            hook_id = waiting.push.hook_id
            if not waiting.answer.done():
                waiting.answer.set_result(hook_id in new and hook_id not in told)
            told.add(hook_id)

    def _insert(self, together: Sequence[NewPush], connection: Connection) -> frozenset[str]:
        new = pushes.add(connection, together)
        if new:
            self._jobs.put_at_once(connection, Kind.EXPAND, sorted(new))
        return new

    async def _process_again(self, hook_id: str) -> None:
        """Queue a push that is delivered again where it still waits for its processing and nobody is at it."""
        async with self._store.write() as transaction:
            stored = await pushes.by_hook_id(transaction.connection, hook_id)
            if stored is None or stored.expanded:
                return
            for kind in (Kind.EXPAND, Kind.COMPLETE):
                if hook_id in await queued.known_keys(transaction.connection, kind.value):
                    return
            await self._jobs.put(transaction, Kind.EXPAND, hook_id)


def reached_at(push: Push, *, received_at: datetime) -> datetime:
    """Return when the push reached its branch: what GitHub says, within reason.

    Never later than it arrived here: a push dated into the future would belong to a day that is closed long after it
    was forgotten.
    """
    return received_at if push.pushed_at is None else max(min(push.pushed_at, received_at), EARLIEST)
