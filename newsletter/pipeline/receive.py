"""A push comes in: on disk first, then its commits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from newsletter.github.record import Push
from newsletter.github.webhook import stored_push
from newsletter.logs import get_logger
from newsletter.pipeline.port import Jobs, Kind
from newsletter.store import commits, pushes, repositories
from newsletter.store.engine import Store

log = get_logger("receive")


class Receipt(StrEnum):
    """What became of a push."""

    STORED = "stored"
    #: This hook_id is stored already.
    KNOWN = "known"
    IGNORED = "ignored"


class Ignored(StrEnum):
    """Why a push is of no use, in words for the delivery log on GitHub."""

    OTHER_REF = "not the default branch"
    BRANCH_DELETED = "the branch was deleted"
    NOT_FOLLOWED = "this repository is not followed; add it with: newsletter repositories add"


@dataclass(frozen=True, kw_only=True)
class Received:
    """The answer to a push."""

    receipt: Receipt
    reason: Ignored | None = None


async def receive(push: Push, body: bytes, *, store: Store, jobs: Jobs, now: datetime) -> Received:
    """Store a verified push and queue the rest of its way, in one transaction.

    :param body: the raw body, kept as it came.
    :raises StoreUnavailable: nothing was stored, and GitHub must be told so.
    """
    if not push.is_default_branch:
        return Received(receipt=Receipt.IGNORED, reason=Ignored.OTHER_REF)
    if push.deleted:
        return Received(receipt=Receipt.IGNORED, reason=Ignored.BRANCH_DELETED)
    async with store.write() as transaction:
        repository = await repositories.recognise(transaction.connection, push.repository)
        if repository is None:
            return Received(receipt=Receipt.IGNORED, reason=Ignored.NOT_FOLLOWED)
        new = await pushes.add(
            transaction.connection,
            hook_id=push.hook_id,
            repository_id=repository.id,
            reached_at=reached_at(push, received_at=now),
            received_at=now,
            body=body,
        )
        if new:
            await jobs.put(transaction, Kind.EXPAND, push.hook_id)
    return Received(receipt=Receipt.STORED if new else Receipt.KNOWN)


def reached_at(push: Push, *, received_at: datetime) -> datetime:
    """Return when the push reached its branch: what GitHub says, and never later than it arrived here.

    A push dated into the future would belong to a day that is closed long after it was forgotten.
    """
    return received_at if push.pushed_at is None else min(push.pushed_at, received_at)


async def expand(hook_id: str, *, store: Store, jobs: Jobs, now: datetime) -> int:
    """Store the commits of a push and queue each new one; returns how many are new. Twice is harmless."""
    async with store.read() as connection:
        stored = await pushes.by_hook_id(connection, hook_id)
    if stored is None or stored.expanded:
        return 0
    push = stored_push(stored.body, hook_id=hook_id)
    async with store.write() as transaction:
        new = await commits.add(
            transaction.connection,
            push.commits,
            repository_id=stored.repository_id,
            push_id=stored.id,
            reached_at=stored.reached_at,
        )
        for commit_id in new:
            await jobs.put(transaction, Kind.FETCH, str(commit_id))
        await pushes.mark_expanded(transaction.connection, stored.id, now=now)
    log.info("push expanded", action="push.expanded", hook_id=hook_id, commits=len(new))
    return len(new)
