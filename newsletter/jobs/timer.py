"""The daily closing: a row that says when, moved on in the transaction that queues the job."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from newsletter.digest.schedule import day_to_close, next_closing
from newsletter.errors import StoreUnavailable
from newsletter.logs import get_logger
from newsletter.pipeline.port import Jobs, Kind
from newsletter.store import schedules
from newsletter.store.engine import Store

log = get_logger("timer")

DAILY = "close-day"
#: The longest sleep: a clock that is set, or a machine that wakes up, is noticed after at most so long.
LONGEST_SLEEP = timedelta(seconds=30)
OUTAGE_PAUSE = timedelta(seconds=5)


class DailyTimer:
    """Queues the closing of each day at its time, once, however many processes run this and whenever they start.

    A closing that was missed while nothing ran is made up for at once; of several missed ones only the last is made,
    because it takes everything of the days before with it.
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
        self._rule = f"{send_at.isoformat('minutes')} {zone.key}"

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the time until told to stop."""
        while not stop.is_set():
            try:
                pause = await self.tick()
            except StoreUnavailable as outage:
                log.warning("the database is away", action="timer.outage", reason=str(outage))
                pause = self._outage_pause
            try:
                await asyncio.wait_for(stop.wait(), timeout=pause.total_seconds())
            except TimeoutError:
                continue

    async def tick(self) -> timedelta:
        """Queue the closing if it is due; returns how long to sleep."""
        now = self._clock()
        async with self._store.read() as connection:
            schedule = await schedules.load(connection, DAILY)
        # What is overdue goes first: the rule may have been changed while nothing ran.
        if schedule is not None and schedule.next_at <= now:
            await self._fire(seen=schedule.next_at, now=now)
            return timedelta(0)
        if schedule is None or schedule.rule != self._rule:
            at = next_closing(now, self._send_at, self._zone)
            async with self._store.write() as transaction:
                await schedules.start(transaction.connection, DAILY, rule=self._rule, next_at=at)
            return min(at - now, LONGEST_SLEEP)
        return min(schedule.next_at - now, LONGEST_SLEEP)

    async def _fire(self, *, seen: datetime, now: datetime) -> None:
        coming = next_closing(now, self._send_at, self._zone)
        day = day_to_close(now, self._send_at, self._zone)
        async with self._store.write() as transaction:
            mine = await schedules.advance(transaction.connection, DAILY, seen=seen, to=coming)
            if mine:
                await self._jobs.put(transaction, Kind.CLOSE, day.isoformat())
        if mine:
            log.info("closing is due", action="timer.fired", day=str(day))
