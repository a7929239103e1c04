"""Every change is analysed once, in each language that somebody reads.

Its level is frozen together with the last of them: until then it counts as not analysed, and is found again wherever
this was interrupted. What is written by then stays, so that no answer of a model is paid for twice, and has the level
that all the others get.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import subscribers
from newsletter.analysis.analyst import Analyst, Usage
from newsletter.analysis.orders import NO_ORDERS, Orders
from newsletter.analysis.prompt import VERSION
from newsletter.analysis.record import Analysis, Fallback
from newsletter.analysis.rules import analyse_by_rules, obeyed
from newsletter.languages import supported_languages
from newsletter.logs import get_logger
from newsletter.metrics import analyses as analyses_counter
from newsletter.store import analyses, commits, usage
from newsletter.store.engine import Store
from subscribers import Level

log = get_logger("analyse")


async def analyse(
    commit_id: int,
    *,
    store: Store,
    analyst: Analyst,
    language: str,
    daily_tokens: int | None,
    now: datetime,
    orders: Orders = NO_ORDERS,
) -> None:
    """Analyse a commit in the newsletter's language and in every other that an active reader chose.

    :param language: the newsletter's own: it is analysed first and sets the level.
    :param daily_tokens: ceiling of a UTC day; beyond it the rules write.
    :param orders: the operator's rules for levels.
    """
    async with store.read() as connection:
        commit = await commits.load(connection, commit_id)
        level = await analyses.level_of(connection, commit_id)
        done = await analyses.languages_of(connection, commit_id, version=VERSION)
        read = await subscribers.languages_read(connection)
        spent = await usage.total(connection, now.astimezone(UTC).date()) if daily_tokens else 0
    if commit is None:
        return
    over_budget = analyst.asks_model and daily_tokens is not None and spent >= daily_tokens
    subject = orders.attached(commit.subject)
    missing = [wanted for wanted in languages_wanted(language, read) if wanted not in done]
    for wanted in missing:
        if over_budget:
            fallback = Fallback.BUDGET
            analysis = analyse_by_rules(subject, language=wanted, level=level, fallback=fallback)
            tokens = None
        else:
            analysis, tokens = await analyst.analyse(subject, language=wanted, level=level)
            if level is None:
                analysis = obeyed(analysis, subject)
        level = await _save(store, commit_id, analysis, tokens, is_last=wanted == missing[-1], now=now)
    if not missing and commit.level is None and level is not None:
        # Who read the language that was missing has left.
        async with store.write() as transaction:
            await commits.freeze_level(transaction.connection, commit_id, level)


def languages_wanted(own: str, read: tuple[str, ...]) -> tuple[str, ...]:
    """Return the languages to analyse in, the newsletter's own first; unsupported ones are read in its own."""
    return tuple(dict.fromkeys((own, *(tag for tag in read if tag in supported_languages()))))


async def analyse_now(
    commit_id: int, *, store: Store, language: str, now: datetime, orders: Orders = NO_ORDERS
) -> None:
    """Analyse a commit by rules from what is stored: for a digest that will not wait any longer."""
    async with store.read() as connection:
        commit = await commits.load(connection, commit_id)
        level = await analyses.level_of(connection, commit_id)
    if commit is not None:
        analysis = analyse_by_rules(orders.attached(commit.subject), language=language, level=level)
        await _save(store, commit_id, analysis, None, is_last=True, now=now)


async def _save(
    store: Store, commit_id: int, analysis: Analysis, tokens: Usage | None, *, is_last: bool, now: datetime
) -> Level:
    """Store an analysis under the level that the commit has, or gets by it; returns that level.

    :param is_last: whether no language is missing any more.
    """
    async with store.write() as transaction:
        connection = transaction.connection
        level = await analyses.level_of(connection, commit_id) or analysis.level
        new = await analyses.add(connection, commit_id, replace(analysis, level=level), version=VERSION, now=now)
        if not new:
            # Another process was faster: what it wrote counts.
            level = await analyses.level_of(connection, commit_id) or level
        if is_last:
            level = await commits.freeze_level(connection, commit_id, level)
        if tokens is not None:
            await usage.add(
                connection,
                day=now.astimezone(UTC).date(),
                model=tokens.model,
                input_tokens=tokens.input_tokens,
                output_tokens=tokens.output_tokens,
            )
    if new:
        analyses_counter.labels(source=analysis.source.value).inc()
    return level
