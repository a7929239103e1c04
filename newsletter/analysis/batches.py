"""Changes that are to be looked at about the same time are asked about together.

The first one waits a moment for others: so a day's changes fill questions of twenty, and one that comes alone waits no
longer than the moment. What is wrong with the answer about one change
costs the others nothing.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from newsletter.analysis.asking import note_unusable
from newsletter.analysis.bounds import Bounds
from newsletter.analysis.endpoint import Endpoint
from newsletter.analysis.faults import ContextTooLong, ModelFault
from newsletter.analysis.question import Repair, ReplyError
from newsletter.analysis.record import Fallback, Subject
from newsletter.analysis.triage import MOST_CHANGES, Glance, ask_about, read_glances

#: Where nothing of an answer can be used, the changes are asked about again so many at a time: one of them may be why.
AGAIN_TOGETHER = 5


@dataclass(frozen=True, kw_only=True)
class _Waiting:
    subject: Subject
    bounds: Bounds
    language: str
    seen: asyncio.Future[Glance]


#: Repository and language: what a question is about has both in common.
_Topic = tuple[str, str]


class Batches:
    """Collects changes, and gives each its own part of the answer."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._waiting: dict[_Topic, list[_Waiting]] = defaultdict(list)
        self._full: dict[_Topic, asyncio.Event] = defaultdict(asyncio.Event)
        self._tasks: set[asyncio.Task[None]] = set()

    async def glance(self, subject: Subject, bounds: Bounds, *, language: str) -> Glance:
        """Return what a first look sees of a change.

        :raises ModelFault: what was said of it cannot be used, twice, or there will be no answer.
        :raises ModelAway: there is no answer for now.
        """
        topic = subject.repository, language
        waiting = _Waiting(
            subject=subject, bounds=bounds, language=language, seen=asyncio.get_running_loop().create_future()
        )
        group = self._waiting[topic]
        group.append(waiting)
        if len(group) == 1:
            self._start(topic, self._endpoint.about.linger_seconds)
        elif len(group) >= MOST_CHANGES:
            self._full[topic].set()
        return await waiting.seen

    async def close(self) -> None:
        """Ask nothing any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, topic: _Topic, linger: float) -> None:
        task = asyncio.create_task(self._collect(topic, linger), name=f"triage:{topic[0]}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _collect(self, topic: _Topic, linger: float) -> None:
        full = self._full[topic]
        with suppress(TimeoutError):
            await asyncio.wait_for(full.wait(), linger)
        group, left = self._waiting[topic][:MOST_CHANGES], self._waiting[topic][MOST_CHANGES:]
        full.clear()
        if left:
            self._waiting[topic] = left
            self._start(topic, 0 if len(left) >= MOST_CHANGES else self._endpoint.about.linger_seconds)
        else:
            del self._waiting[topic], self._full[topic]
        await self._look_at(group)

    async def _look_at(self, group: Sequence[_Waiting], *, problem: str | None = None) -> None:
        """Ask about some changes, and see to it that each of them gets an answer or the reason why there is none.

        :param problem: what was wrong with the first answer, when this is the second time.
        """
        # Whoever waited for it may have been told to stop meanwhile.
        group = [waiting for waiting in group if not waiting.seen.done()]
        if not group:
            return
        try:
            await self._ask(group, problem)
        except ContextTooLong:
            if len(group) > 1:
                half = len(group) // 2
                parts = group[:half], group[half:]
                await asyncio.gather(*(self._look_at(part, problem=problem) for part in parts))
            else:
                _fail(group, ModelFault(Fallback.TOO_LONG))
        except Exception as error:  # noqa: BLE001 - whoever waits for an answer is told, and decides
            _fail(group, error)
        except asyncio.CancelledError:
            for waiting in group:
                waiting.seen.cancel()
            raise

    async def _ask(self, group: Sequence[_Waiting], problem: str | None) -> None:
        sorting = ask_about([(waiting.subject, waiting.bounds) for waiting in group], language=group[0].language)
        repair = Repair(said="", problem=problem) if problem is not None else None
        reply = await self._endpoint.ask(sorting.question, repository=group[0].subject.repository, repair=repair)
        said: Sequence[Glance | ReplyError]
        together = 1
        try:
            said = read_glances(reply, sorting)
        except ReplyError as error:
            note_unusable(error, reply, sorting.question, self._endpoint)
            said, together = [error] * len(group), AGAIN_TOGETHER
        failed: list[tuple[_Waiting, ReplyError]] = []
        for waiting, glance in zip(group, said, strict=True):
            if isinstance(glance, Glance):
                _answer(waiting, glance)
            elif problem is not None:
                _fail([waiting], ModelFault(glance.fallback))
            else:
                failed.append((waiting, glance))
        parts = [failed[start : start + together] for start in range(0, len(failed), together)]
        await asyncio.gather(
            *(self._look_at([waiting for waiting, _ in part], problem=part[0][1].problem) for part in parts)
        )


def _answer(waiting: _Waiting, glance: Glance) -> None:
    if not waiting.seen.done():
        waiting.seen.set_result(glance)


def _fail(group: Sequence[_Waiting], error: Exception) -> None:
    for waiting in group:
        if not waiting.seen.done():
            waiting.seen.set_exception(error)
