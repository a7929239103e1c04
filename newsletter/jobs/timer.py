"""What is due by the clock: rows that say when, each moved on in the transaction that queues its job."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from newsletter.digest.schedule import LocalHour, days_to_close, next_closing
from newsletter.errors import StoreUnavailable
from newsletter.logs import get_logger
from newsletter.pipeline.hours import hours_wanted
from newsletter.pipeline.port import Jobs, Kind
from newsletter.pipeline.recover import requeue
from newsletter.store import digests, repositories, schedules
from newsletter.store.engine import Store, Transaction

log = get_logger("timer")

DAILY = "close-day"
#: So often the rows are asked whether work has lost its job.
RECOVER_EVERY = timedelta(minutes=15)
#: Clocks of several machines, or one that is put right by a little, may differ by so much.
CLOCK_SKEW = timedelta(minutes=5)
#: The longest sleep: a clock that is set, or a machine that wakes up, is noticed after at most so long.
LONGEST_SLEEP = timedelta(seconds=30)
OUTAGE_PAUSE = timedelta(seconds=5)


async def keep_time(
    tick: Callable[[], Awaitable[timedelta]],
    stop: asyncio.Event,
    *,
    outage_pause: timedelta,
    wake: asyncio.Event | None = None,
) -> None:
    """Call what queues due jobs, and sleep for as long as it says, until told to stop.

    :param wake: ends a sleep.
    """
    stopped = asyncio.create_task(stop.wait())
    while not stop.is_set():
        woken = asyncio.create_task((wake or stop).wait())
        try:
            pause = await tick()
        except StoreUnavailable as outage:
            log.warning("the database is away", action="timer.outage", reason=str(outage))
            pause = outage_pause
        await asyncio.wait({stopped, woken}, timeout=pause.total_seconds(), return_when=asyncio.FIRST_COMPLETED)
        woken.cancel()
        if wake is not None:
            wake.clear()


class DailyTimer:
    """Queues the closing of each day at its time, once, however many processes run this and whenever they start.

    Its time is the first hour after its end at which somebody wants mail, so that nobody reads yesterday's news at
    noon; with the readers' hours it moves. A closing that was missed while nothing ran is made up for at once; of
    several missed ones only the last is made, because it takes everything of the days before with it.

    In between it asks the rows whether work has lost its job.

    :param send_at: the newsletter's own hour.
    """

    def __init__(
        self,
        *,
        store: Store,
        jobs: Jobs,
        send_at: time,
        zone: ZoneInfo,
        clock: Callable[[], datetime],
        outage_pause: timedelta = OUTAGE_PAUSE,
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._send_at = send_at
        self._zone = zone
        self._clock = clock
        self._outage_pause = outage_pause
        # At the start whoever runs the jobs has asked.
        self._recovery_at = clock() + RECOVER_EVERY

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the time until told to stop."""
        async with asyncio.TaskGroup() as group:
            for tick in (self.tick, self.recover):
                group.create_task(keep_time(tick, stop, outage_pause=self._outage_pause))

    async def recover(self) -> timedelta:
        """Give work its job back, if it is time; returns how long to sleep."""
        now = self._clock()
        # A clock that was put back must not make it wait for longer.
        self._recovery_at = min(self._recovery_at, now + RECOVER_EVERY)
        if self._recovery_at <= now:
            await requeue(store=self._store, jobs=self._jobs, now=now)
            self._recovery_at = now + RECOVER_EVERY
        return min(self._recovery_at - now, LONGEST_SLEEP)

    async def tick(self) -> timedelta:
        """Queue the closing if it is due; returns how long to sleep."""
        now = self._clock()
        async with self._store.read() as connection:
            schedule = await schedules.load(connection, DAILY)
            hours = await hours_wanted(connection, send_at=self._send_at, zone=self._zone)
            last_closed = await digests.last_closed(connection)
        # What is overdue goes first: the rule may have been changed while nothing ran.
        if schedule is not None and schedule.next_at <= now:
            await self._fire(hours, seen=schedule.next_at, now=now)
            return timedelta(0)
        rule = self._rule(hours)
        if schedule is None or schedule.rule != rule:
            days = days_to_close(now, self._zone, hours)
            # An hour that is over today already may be that of a day which was to be closed later.
            missed = [day for day in days if schedule is not None and last_closed is not None and day > last_closed]
            return await self._start(rule, hours, missed, now=now)
        if schedule.next_at > next_closing(now + CLOCK_SKEW, self._zone, hours):
            return await self._move_back(hours, seen=schedule.next_at, now=now)
        return min(schedule.next_at - now, LONGEST_SLEEP)

    def _rule(self, hours: Collection[LocalHour]) -> str:
        """Say what the next closing is computed from: the newsletter's own hour, and a mark of all the others."""
        own = f"{self._send_at.isoformat('minutes')} {self._zone.key}"
        named = {f"{hour.at.isoformat('minutes')} {hour.zone.key}" for hour in hours} - {own}
        if not named:
            return own
        return f"{own} + {len(named)}: {hashlib.sha256(' '.join(sorted(named)).encode()).hexdigest()[:16]}"

    async def _start(
        self, rule: str, hours: Collection[LocalHour], missed: Sequence[date], *, now: datetime
    ) -> timedelta:
        at = next_closing(now, self._zone, hours)
        async with self._store.write() as transaction:
            mine = await schedules.start(transaction.connection, DAILY, rule=rule, next_at=at)
            if mine:
                await self._queue(transaction, missed)
        return min(at - now, LONGEST_SLEEP)

    async def _move_back(self, hours: Collection[LocalHour], *, seen: datetime, now: datetime) -> timedelta:
        """Undo what a clock did that ran ahead: no closing would come until its time."""
        at = next_closing(now, self._zone, hours)
        async with self._store.write() as transaction:
            mine = await schedules.advance(transaction.connection, DAILY, seen=seen, to=at)
        if mine:
            log.warning(
                "the next closing was further away than it can be; did the clock run ahead?",
                action="timer.moved_back",
                was=seen.isoformat(),
                at=at.isoformat(),
            )
        return min(at - now, LONGEST_SLEEP)

    async def _fire(self, hours: Collection[LocalHour], *, seen: datetime, now: datetime) -> None:
        coming = next_closing(now, self._zone, hours)
        days = days_to_close(now, self._zone, hours)
        async with self._store.write() as transaction:
            mine = await schedules.advance(transaction.connection, DAILY, seen=seen, to=coming)
            if mine:
                await self._queue(transaction, days)

    async def _queue(self, transaction: Transaction, days: Sequence[date]) -> None:
        if not days:
            return
        # The closing waits until each repository is known to be complete up to now.
        for repository in await repositories.everything(transaction.connection):
            await self._jobs.put(transaction, Kind.RECONCILE, repository.key)
        for day in days:
            await self._jobs.put(transaction, Kind.CLOSE, day.isoformat())
        transaction.on_commit(lambda: log.info("closing is due", action="timer.fired", days=[str(day) for day in days]))
