"""What a model failed at is tried again: every hour, and as soon as it answers after an outage.

The better text takes the place of the rules'; the level stays, and what was mailed stays as it was mailed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

from newsletter.analysis.analyst import Analyst, ModelAway
from newsletter.analysis.orders import NO_ORDERS, Orders
from newsletter.analysis.prompt import VERSION
from newsletter.analysis.record import Fallback
from newsletter.logs import get_logger
from newsletter.metrics import mended
from newsletter.pipeline.port import Jobs, NotYet
from newsletter.pipeline.report import queue_corrections
from newsletter.pipeline.writing import CONCERNS_ALL, Turns, write_analysis
from newsletter.store import commits, failures
from newsletter.store.engine import Store
from newsletter.store.failures import Failed

log = get_logger("again")

#: Key of the one job.
EVERYTHING = "all"
#: Older ones stay with the rules.
TRIED_FOR = timedelta(days=7)
#: Of an analysis with which the model cannot cope, while it answers others.
MOST_RETRIES = 3
#: Analyses looked at in one run.
MOST_AT_ONCE = 200
#: Changes under way at once.
SIDE_BY_SIDE = 20


async def try_again(
    *,
    store: Store,
    jobs: Jobs,
    analyst: Analyst,
    turns: Turns,
    language: str,
    now: datetime,
    orders: Orders = NO_ORDERS,
) -> int:
    """Ask the model again what it failed at in the last days; returns how many texts are better now.

    :param jobs: the reports that tell of it are queued there.
    :param language: the newsletter's own.
    :raises NotYet: it is away; the rest is tried when it may be back.
    """
    if not analyst.asks_model:
        return 0
    async with store.read() as connection:
        failed = await failures.to_try_again(
            connection, since=now - TRIED_FOR, version=VERSION, most_retries=MOST_RETRIES, most=MOST_AT_ONCE
        )
    changes = [tuple(rows) for _, rows in groupby(failed, key=lambda row: row.commit_id)]
    if not changes:
        return 0
    run = _Run(store=store, jobs=jobs, analyst=analyst, turns=turns, language=language, now=now, orders=orders)
    # One alone finds out whether the model is there.
    await run.change(changes[0])
    await asyncio.gather(*(run.change(rows) for rows in changes[1:]))
    log.info("analyses were tried again", action="analysis.again", changes=len(changes), better=run.better)
    if run.away is not None:
        raise NotYet(str(run.away), after=timedelta(seconds=run.away.after)) from run.away
    return run.better


class _Run:
    """One round over what failed; once the model turns out to be away, or refuses everybody, nothing more is asked."""

    def __init__(
        self,
        *,
        store: Store,
        jobs: Jobs,
        analyst: Analyst,
        turns: Turns,
        language: str,
        now: datetime,
        orders: Orders,
    ) -> None:
        self._store, self._jobs, self._analyst, self._turns = store, jobs, analyst, turns
        self._language, self._now, self._orders = language, now, orders
        self._places = asyncio.Semaphore(SIDE_BY_SIDE)
        self._over = False
        self.better = 0
        self.away: ModelAway | None = None

    async def change(self, rows: Sequence[Failed]) -> None:
        """Try the analyses of one change again, the newsletter's own language first."""
        async with self._places:
            for row in sorted(rows, key=lambda row: row.language != self._language):
                if self._over or not await self._analysis(row):
                    return

    async def _analysis(self, row: Failed) -> bool:
        """Try one analysis again; returns whether a model wrote it."""
        async with self._turns, self._store.read() as connection:
            commit = await commits.load(connection, row.commit_id)
        if commit is None:
            return False
        try:
            analysis = await write_analysis(
                row.commit_id,
                self._orders.attached(commit.subject),
                language=row.language,
                own=self._language,
                level=commit.level,
                store=self._store,
                analyst=self._analyst,
                turns=self._turns,
                waits=True,
            )
        except ModelAway as away:
            if away.outage:
                self._over, self.away = True, away
            else:
                await self._note(row, away.fallback)
            return False
        if analysis.fallback is not None:
            if analysis.fallback in CONCERNS_ALL:
                self._over = True
            else:
                await self._note(row, analysis.fallback)
            return False
        # Whatever the model thinks by now: readers were told this level.
        kept = replace(analysis, level=commit.level or analysis.level)
        async with self._turns, self._store.write() as transaction:
            mine = await failures.mend(transaction.connection, row.commit_id, kept, version=VERSION, now=self._now)
            if mine:
                await queue_corrections(transaction, self._jobs, row.commit_id, now=self._now)
        if mine:
            self.better += 1
            mended.inc()
        return True

    async def _note(self, row: Failed, fallback: Fallback) -> None:
        async with self._turns, self._store.write() as transaction:
            await failures.note_retry(transaction.connection, row.commit_id, row.language, fallback, version=VERSION)
