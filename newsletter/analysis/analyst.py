"""Analyses changes: the model within the bounds of the rules, and the rules where it does not answer.

A change that may turn out to be low is looked at together with others first; what is low then is done. Whatever is
medium or high, after that look or for certain, is asked about by itself, with its patch; a merge only if it is high,
since what it brought is asked about by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from cachetools import LRUCache

from newsletter.analysis.asking import answer_to
from newsletter.analysis.batches import Batches
from newsletter.analysis.bounds import Bounds, bounds_of
from newsletter.analysis.day import DaySummary, ask_about_day, read_summary
from newsletter.analysis.endpoint import Endpoint, Ledger, ModelEndpoint, Usage
from newsletter.analysis.faults import ContextTooLong, ModelAway, ModelFault
from newsletter.analysis.prompt import (
    LEAST_PATCH_CHARACTERS,
    Notes,
    Portion,
    budget_of,
    build_portions,
    build_prompt,
    is_huge,
    is_merge,
)
from newsletter.analysis.record import Analysis, Fallback, Subject
from newsletter.analysis.reply import analysis_of, read_analysis, read_notes
from newsletter.analysis.rules import analyse_by_rules
from newsletter.analysis.translation import ask_to_translate, read_translation
from newsletter.analysis.triage import Glance
from newsletter.logs import get_logger
from subscribers import Level

__all__ = ["Analyst", "Ledger", "ModelAway", "ModelEndpoint", "Usage"]

log = get_logger("analysis")

#: First looks that are kept until the second one has come to its end, over all changes.
KEPT_GLANCES = 1000


class Analyst:
    """Analyses changes, each by itself for whoever calls.

    :param endpoint: None = rules only.
    :param ledger: counts what is spent; None = nothing is counted and there is no ceiling.
    """

    def __init__(self, endpoint: ModelEndpoint | None, *, ledger: Ledger | None = None) -> None:
        self._endpoint = Endpoint(endpoint, ledger=ledger) if endpoint is not None else None
        self._batches = Batches(self._endpoint) if self._endpoint is not None else None
        self._glances: LRUCache[tuple[str, str, str], Glance] = LRUCache(maxsize=KEPT_GLANCES)
        #: Characters of patches that the model has room for, once it said that there were too many.
        self._room: int | None = None

    @property
    def asks_model(self) -> bool:
        """Whether there is a model to ask."""
        return self._endpoint is not None

    @property
    def model(self) -> str | None:
        """Name of the model that is asked; None where there is none."""
        return self._endpoint.about.model if self._endpoint is not None else None

    @property
    def trouble(self) -> Fallback | None:
        """Why the model gives no answers at present; None where nothing is known of it."""
        return self._endpoint.trouble if self._endpoint is not None else None

    async def analyse(self, subject: Subject, *, language: str, level: Level | None) -> Analysis:
        """Analyse a change. Gives a complete analysis, which says so where the model gave nothing that can be used.

        :param level: the level frozen on the commit; None where it has none yet.
        :raises ModelAway: the model does not answer now; the work can wait, or be given to :meth:`by_rules`.
        """
        if self._endpoint is None or self._batches is None:
            return analyse_by_rules(subject, language=language, level=level)
        bounds = bounds_of(subject, frozen=level)
        key = subject.repository, subject.sha, language
        decided = level
        try:
            levels = bounds.levels
            if levels[0] is Level.LOW:
                glance = self._glances.get(key) or await self._batches.glance(subject, bounds, language=language)
                decided = bounds.within(glance.level)
                if decided is Level.LOW or (decided is Level.MEDIUM and is_merge(subject)):
                    model = self._endpoint.about.model
                    return analysis_of(glance, subject=subject, bounds=bounds, language=language, model=model)
                # If the model is away now, this has been paid for.
                self._glances[key] = glance
                levels = (decided,)
            analysis = await self._in_depth(self._endpoint, subject, bounds, levels, language)
        except ModelFault as fault:
            analysis = self.by_rules(subject, language=language, level=decided, fallback=fault.fallback)
            analysis = replace(analysis, reasons=bounds.reasons_of(analysis.level))
        self._glances.pop(key, None)
        return analysis

    async def translate(self, analysis: Analysis, subject: Subject, *, language: str) -> Analysis:
        """Return a finished analysis in another language; the rules write it where the model does not.

        :param analysis: a model's.
        :raises ModelAway: as :meth:`analyse` does.
        """
        if self._endpoint is None:
            return analyse_by_rules(subject, language=language, level=analysis.level)
        model = self._endpoint.about.model
        read = partial(read_translation, analysis=analysis, language=language, model=model)
        question = ask_to_translate(analysis, language=language)
        try:
            return await answer_to(question, read, endpoint=self._endpoint, repository=subject.repository)
        except ModelFault as fault:
            fallback = fault.fallback
        except ContextTooLong:
            fallback = Fallback.TOO_LONG
        return self.by_rules(subject, language=language, level=analysis.level, fallback=fallback)

    async def summarise(self, changes: Mapping[str, Analysis], *, repository: str, language: str) -> DaySummary:
        """Return what a repository's day brought, from finished analyses by the name of their commit.

        :raises ModelAway: the model does not answer now.
        :raises ModelFault: it gave nothing that can be used.
        :raises ContextTooLong: it has no room for so much.
        """
        if self._endpoint is None:
            return DaySummary()
        question, ids = ask_about_day(changes, repository=repository, language=language)
        read = partial(read_summary, ids=ids, language=language, model=self._endpoint.about.model)
        return await answer_to(question, read, endpoint=self._endpoint, repository=repository)

    def by_rules(self, subject: Subject, *, language: str, level: Level | None, fallback: Fallback) -> Analysis:
        """Let the rules answer in the model's place, and tell why."""
        log.warning("the model did not answer", action="analysis.fallback", sha=subject.sha, reason=fallback.value)
        return analyse_by_rules(subject, language=language, level=level, fallback=fallback)

    async def close(self) -> None:
        """Close the connections to the model."""
        if self._batches is not None:
            await self._batches.close()
        if self._endpoint is not None:
            await self._endpoint.close()

    async def _in_depth(
        self, endpoint: Endpoint, subject: Subject, bounds: Bounds, levels: Sequence[Level], language: str
    ) -> Analysis:
        """Ask about one change with its patch, with ever less of it until the model has room."""
        most = budget_of(subject, levels)
        budget = min(most, self._room or most)
        is_high = Level.HIGH in levels and (bounds.scored is Level.HIGH or len(levels) == 1)
        while True:
            try:
                notes = None
                if is_high and is_huge(subject, budget=budget):
                    notes = await self._notes(endpoint, subject, budget)
                prompt = build_prompt(subject, language=language, levels=levels, budget=budget, notes=notes)
                read = partial(
                    read_analysis,
                    subject=subject,
                    prompt=prompt,
                    bounds=bounds,
                    language=language,
                    model=endpoint.about.model,
                )
                return await answer_to(prompt.question, read, endpoint=endpoint, repository=subject.repository)
            except ContextTooLong:
                if budget <= LEAST_PATCH_CHARACTERS:
                    raise ModelFault(Fallback.TOO_LONG) from None
                budget = max(budget // 2, LEAST_PATCH_CHARACTERS)
                self._room = min(budget, self._room or budget)
                log.info("the model has room for less", action="analysis.room", characters=budget)

    async def _notes(self, endpoint: Endpoint, subject: Subject, budget: int) -> Notes | None:
        """Have a huge change read in portions; one that gave nothing is left out, and None says that all did."""

        async def read(portion: Portion) -> str:
            try:
                return await answer_to(portion.question, read_notes, endpoint=endpoint, repository=subject.repository)
            except ModelFault as fault:
                if fault.fallback in _CONCERNS_ALL:
                    raise
                return ""

        portions = build_portions(subject, budget=budget)
        texts = await asyncio.gather(*map(read, portions))
        noted = [(text, portion.files) for text, portion in zip(texts, portions, strict=True) if text]
        if not noted:
            return None
        return Notes(texts=tuple(text for text, _ in noted), files=frozenset().union(*(files for _, files in noted)))


#: What no other portion would fare better with.
_CONCERNS_ALL = frozenset({Fallback.KEY, Fallback.QUOTA, Fallback.BUDGET, Fallback.REJECTED})
