"""The rounds: each repository is compared with GitHub every hour, or as often as it is polled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.jobs.timer import LONGEST_SLEEP, OUTAGE_PAUSE, keep_time
from newsletter.pipeline.port import Jobs, Kind
from newsletter.store import repositories, schedules
from newsletter.store.engine import Store
from newsletter.store.repositories import FollowedRepository
from newsletter.store.schedules import Schedule

#: For a repository with a webhook this is a safety net: it finds what no delivery told of.
HOURLY = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A job whose turn comes again and again."""

    kind: Kind
    key: str
    pause: timedelta = HOURLY

    @property
    def name(self) -> str:
        """Of its schedule."""
        return f"{self.kind.value} {self.key}"


def _comparison(repository: FollowedRepository) -> Turn:
    return Turn(kind=Kind.RECONCILE, key=repository.key, pause=repository.poll or HOURLY)


class Rounds:
    """Queues the comparison of each repository in its turn, and of all of them at the start and after an outage.

    :param besides: what else has its turns, and is due at the start and after an outage as well.

    However many processes run this, each turn is taken once.
    """

    def __init__(
        self,
        *,
        store: Store,
        jobs: Jobs,
        clock: Callable[[], datetime],
        besides: Sequence[Turn] = (),
        outage_pause: timedelta = OUTAGE_PAUSE,
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._clock = clock
        self._besides = tuple(besides)
        self._outage_pause = outage_pause
        self._everybody = True
        self._wake = asyncio.Event()

    def hurry(self) -> None:
        """Let everybody's turn come now: something may have been missed."""
        self._everybody = True
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Go the rounds until told to stop."""
        await keep_time(self.tick, stop, outage_pause=self._outage_pause, wake=self._wake)

    async def run_hurries(self, stop: asyncio.Event) -> None:
        """Pass on, until told to stop, what :meth:`hurry` asks for in a process that does not go the rounds."""
        await keep_time(self.pass_on, stop, outage_pause=self._outage_pause, wake=self._wake)

    async def tick(self) -> timedelta:
        """Queue what is due; returns how long to sleep."""
        now = self._clock()
        with self._taken() as everybody:
            async with self._store.read() as connection:
                followed = await repositories.everything(connection)
                planned = await schedules.everything(connection)
            turns = (*self._besides, *map(_comparison, followed))
            next_at = [await self._take(turn, planned.get(turn.name), now=now, at_once=everybody) for turn in turns]
        return min((LONGEST_SLEEP, *(max(at - now, timedelta(0)) for at in next_at)))

    async def pass_on(self) -> timedelta:
        """Queue everybody's comparison if that was asked for, whoever runs it; returns how long to sleep.

        The turns are left to those who go the rounds.
        """
        with self._taken() as everybody:
            if everybody:
                async with self._store.write() as transaction:
                    followed = await repositories.everything(transaction.connection)
                    for turn in (*self._besides, *map(_comparison, followed)):
                        await self._jobs.put(transaction, turn.kind, turn.key)
        return LONGEST_SLEEP

    @contextmanager
    def _taken(self) -> Iterator[bool]:
        """Give whether a hurry was asked for; what fails leaves it to the next."""
        everybody, self._everybody = self._everybody, False
        try:
            yield everybody
        except BaseException:
            # Somebody may have asked for a hurry meanwhile.
            self._everybody = self._everybody or everybody
            raise

    async def _take(self, turn: Turn, schedule: Schedule | None, *, now: datetime, at_once: bool) -> datetime:
        """Queue a job if its turn has come; returns when it is next."""
        pause = turn.pause
        name, rule = turn.name, f"every {int(pause.total_seconds())} s"
        # A poll that was made more frequent must not wait for the turn of the old one, and no turn is further away than
        # the next: a clock that once ran ahead is not believed.
        changed = schedule is None or schedule.rule != rule
        if schedule is not None and not changed and not at_once and now < schedule.next_at <= now + pause:
            return schedule.next_at
        coming = now + pause
        async with self._store.write() as transaction:
            connection = transaction.connection
            if schedule is None or changed:
                await schedules.start(connection, name, rule=rule, next_at=coming)
                mine = True
            else:
                mine = await schedules.advance(connection, name, seen=schedule.next_at, to=coming)
            if mine:
                await self._jobs.put(transaction, turn.kind, turn.key)
        return coming
