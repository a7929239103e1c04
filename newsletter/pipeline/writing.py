"""How the text about a change comes to be: reused, translated, asked for, or written by the rules."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

from newsletter.analysis.analyst import Analyst, ModelAway
from newsletter.analysis.bounds import bounds_of
from newsletter.analysis.prompt import VERSION
from newsletter.analysis.record import Analysis, Fallback, Source, Subject
from newsletter.store import analyses, failures
from newsletter.store.engine import Store
from subscribers import Level

#: Entered for each visit to the database; lets so many in at once.
Turns = AbstractAsyncContextManager[Any]

#: No other change would fare better with these.
CONCERNS_ALL = frozenset({Fallback.KEY, Fallback.QUOTA, Fallback.BUDGET, Fallback.REJECTED})


async def write_analysis(
    commit_id: int,
    subject: Subject,
    *,
    language: str,
    own: str,
    level: Level | None,
    store: Store,
    analyst: Analyst,
    turns: Turns,
    waits: bool,
) -> Analysis:
    """Return a change's analysis in a language, at the least price.

    What a model wrote about the same patch and message is taken over. In a second language the newsletter's own is
    translated; where the rules wrote that one in a model's place, they write this one as well, until both are mended.

    :param own: the newsletter's language.
    :param level: the commit's, once it has one.
    :param waits: whether a model that is away can be waited for; else the rules write.
    :raises ModelAway: it can, and is.
    """
    if analyst.model is not None:
        async with turns, store.read() as connection:
            twin = await failures.twin_of(
                connection, commit_id, language=language, version=VERSION, model=analyst.model
            )
            first = None
            if language != own:
                first = await analyses.in_language(connection, commit_id, language=own, version=VERSION)
        if twin is not None and (taken := _taken_over(twin, subject, level)) is not None:
            return taken
        if first is not None and first.fallback is not None:
            return analyst.by_rules(subject, language=language, level=level, fallback=first.fallback)
    else:
        first = None
    try:
        if first is not None and first.source is Source.MODEL:
            return await analyst.translate(first, subject, language=language)
        return await analyst.analyse(subject, language=language, level=level)
    except ModelAway as away:
        if waits:
            raise
        return analyst.by_rules(subject, language=language, level=level, fallback=away.fallback)


def _taken_over(twin: Analysis, subject: Subject, level: Level | None) -> Analysis | None:
    """Return what is said of the same patch elsewhere; None where this commit may not have its level."""
    bounds = bounds_of(subject, frozen=level)
    if bounds.within(twin.level) is not twin.level:
        return None
    return replace(twin, reasons=bounds.reasons_of(twin.level))
