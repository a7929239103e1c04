"""The port through which the stages queue work: what an engine of jobs has to offer, and no more.

The database says what is left to do; a job is only a kind and a key, queued in the transaction that made it necessary.
A job may be run twice, so every handler looks at the row first and changes nothing where the work is done.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from sqlalchemy import Connection

from newsletter.store.engine import Transaction


class Kind(StrEnum):
    """Kinds of jobs, in the order in which the data walks; each says what its key is."""

    #: Id of an installation of the GitHub App, or "all".
    INSTALLATION = "installation"
    #: "app".
    REDELIVER = "redeliver"
    #: hook_id of a push.
    EXPAND = "expand"
    #: hook_id of a push that is longer than its payload.
    COMPLETE = "complete"
    #: Id of a repository.
    RECONCILE = "reconcile"
    #: Id of a commit.
    FETCH = "fetch"
    #: Id of a commit.
    ANALYSE = "analyse"
    #: "model".
    WATCH = "watch"
    #: "all".
    AGAIN = "again"
    #: "all".
    AT_ONCE = "at-once"
    #: Day, ISO 8601.
    CLOSE = "close"
    #: Id of a digest.
    COMPOSE = "compose"
    #: Id of a digest.
    DELIVER = "deliver"
    #: Id of a digest.
    REPORT = "report"
    #: Id of a mail that came in.
    INBOUND = "inbound"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One attempt at a job."""

    kind: Kind
    key: str
    #: Counted from 1.
    attempt: int
    #: Whether there will be no further one.
    last: bool
    #: When the job was queued first.
    queued_at: datetime


class RetryAfter(Exception):
    """The attempt failed and somebody said how long to wait; counts as an attempt."""

    def __init__(self, reason: str, *, after: timedelta | None = None) -> None:
        self.after = after
        super().__init__(reason)


class NotYet(Exception):
    """The job's time has not come; does not count as an attempt."""

    def __init__(self, reason: str, *, after: timedelta) -> None:
        self.after = after
        super().__init__(reason)


Handler = Callable[[Job], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Retries:
    """How often a job is tried, and the pauses between: ``first · 2ⁿ``, at most ``longest``."""

    max_attempts: int
    first: timedelta
    longest: timedelta

    def pause(self, attempt: int) -> timedelta:
        """Return the pause after an attempt, counted from 1."""
        return min(self.first * float(2 ** min(attempt - 1, 20)), self.longest)


class Jobs(Protocol):
    """An engine of jobs, as the stages see it."""

    async def put(self, transaction: Transaction, kind: Kind, key: str, *, run_at: datetime | None = None) -> None:
        """Queue a job in the caller's transaction: both are committed, or neither is."""
        ...

    async def put_many(
        self, transaction: Transaction, kind: Kind, keys: Sequence[str], *, run_at: datetime | None = None
    ) -> None:
        """Queue jobs of one kind, as many as there are keys, at the price of one."""
        ...

    def put_at_once(self, connection: Connection, kind: Kind, keys: Sequence[str]) -> None:
        """Queue jobs of one kind in a transaction that awaits nothing; :meth:`queued` is to follow."""
        ...

    def queued(self) -> None:
        """Take note that what :meth:`put_at_once` queued was committed."""
        ...
