"""Rows that tests of the store start from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import uuid4

import subscribers
from newsletter.analysis.record import Analysis, Aspect, Insight, Kind, Reason, Signal, Source
from newsletter.digest.record import Rendering, Slots
from newsletter.github.record import PushedCommit, Repository
from newsletter.store import commits, digests, pushes, repositories
from newsletter.store.digests import StoredDigest
from newsletter.store.engine import Store
from newsletter.store.pushes import NewPush
from newsletter.store.repositories import FollowedRepository
from subscribers import (
    DAILY,
    EVERY_REPOSITORY,
    Choice,
    Level,
    Preferences,
    Rhythm,
    Status,
    Subscriber,
    parse_address,
)
from tests.support.clock import NOON

DAY = date(2026, 3, 1)
SLOTS = Slots(unsubscribe_token="slot-1", preferences_token="choices-1")


def sha(number: int) -> str:
    """Return an object name."""
    return f"{number:040x}"


def github_repository(github_id: int = 100, full_name: str = "acme/tide", *, private: bool = False) -> Repository:
    """Return what GitHub says of a repository."""
    return Repository(github_id=github_id, full_name=full_name, default_branch="main", private=private)


def pushed_commit(number: int, *, message: str = "Lower the gate (#7)", committed_at: datetime = NOON) -> PushedCommit:
    """Return a commit as a push lists it."""
    return PushedCommit(
        sha=sha(number),
        message=message,
        author="Ada",
        author_login="ada",
        committed_at=committed_at,
        added=("gate/new.py",),
        removed=("gate/old.py",),
        modified=("README.md", "gate/core.py"),
    )


def analysis_of(*, language: str = "en", level: Level = Level.HIGH, summary: str = "The gate is lower.") -> Analysis:
    """Return an analysis with every text filled in."""
    return Analysis(
        language=language,
        level=level,
        kind=Kind.FIX,
        summary=summary,
        areas=("gate", "docs"),
        reasons=(Reason(signal=Signal.REMOVAL, detail="`--raise`"), Reason(signal=Signal.FIX)),
        scope="Everybody who sails at low water.",
        insight=(Insight(aspect=Aspect.COMPATIBILITY, text="Older gates stay as they are."),),
        risks=("Ships may touch ground.",),
        advice=("Measure the depth.",),
        files_read=3,
        files_total=4,
        source=Source.RULES,
    )


async def follow(
    store: Store, full_name: str = "acme/tide", *, github_id: int = 100, private: bool = False
) -> FollowedRepository:
    """Follow a repository that GitHub knows."""
    known = github_repository(github_id, full_name, private=private)
    async with store.write() as transaction:
        repository, _ = await repositories.add(transaction.connection, full_name, known=known, now=NOON)
    return repository


async def store_push(
    store: Store, repository: FollowedRepository, *, reached_at: datetime = NOON, body: bytes = b"{}"
) -> int:
    """Store a push without expanding it; returns its id."""
    hook_id = str(uuid4())
    async with store.write() as transaction:
        new = NewPush(hook_id=hook_id, repository_id=repository.id, reached_at=reached_at, received_at=NOON, body=body)
        await transaction.connection.run_sync(pushes.add, [new])
        stored = await pushes.by_hook_id(transaction.connection, hook_id)
    assert stored is not None
    return stored.id


async def store_commits(
    store: Store, repository: FollowedRepository, numbers: Sequence[int], *, reached_at: datetime = NOON
) -> tuple[int, ...]:
    """Store a push with commits; returns their ids."""
    push_id = await store_push(store, repository, reached_at=reached_at)
    async with store.write() as transaction:
        return await commits.add(
            transaction.connection,
            [pushed_commit(number) for number in numbers],
            repository_id=repository.id,
            push_id=push_id,
            reached_at=reached_at,
        )


async def analysed_commits(
    store: Store,
    repository: FollowedRepository,
    numbers: Sequence[int],
    *,
    reached_at: datetime = NOON,
    level: Level = Level.HIGH,
) -> tuple[int, ...]:
    """Store a push with commits that have their level; returns their ids."""
    ids = await store_commits(store, repository, numbers, reached_at=reached_at)
    async with store.write() as transaction:
        for commit_id in ids:
            await commits.freeze_level(transaction.connection, commit_id, level)
    return ids


async def closed_day(store: Store, day: date = DAY) -> StoredDigest:
    """Make a digest without commits."""
    async with store.write() as transaction:
        digest = await digests.close(transaction.connection, day=day, timezone="UTC", now=NOON)
    assert digest is not None
    return digest


async def rendered(store: Store, digest: StoredDigest, cohort_key: str = "cohort") -> int:
    """Store a rendering; returns its id."""
    rendering = Rendering(subject="The tide", text="High water", html="<p>High water</p>")
    async with store.write() as transaction:
        return await digests.add_rendering(transaction.connection, digest.id, cohort_key, rendering, slots=SLOTS)


def preferences_of(
    language: str = "en",
    *,
    threshold: Level = Level.HIGH,
    repository: str = EVERY_REPOSITORY,
    timezone: str = "UTC",
    at_once: bool = False,
) -> Preferences:
    """Return preferences of one choice."""
    choices = [Choice(repository=repository, threshold=threshold)]
    return Preferences.of(language, choices, timezone=timezone, at_once=at_once)


async def add_reader(
    store: Store,
    address: str = "ada@example.org",
    preferences: Preferences | None = None,
    *,
    rhythm: Rhythm = DAILY,
    status: Status = Status.ACTIVE,
) -> Subscriber:
    """Store a reader."""
    async with store.write() as transaction:
        return await subscribers.add(
            transaction.connection,
            parse_address(address),
            preferences or preferences_of(),
            rhythm=rhythm,
            status=status,
            now=NOON,
        )
