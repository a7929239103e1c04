"""A question until there is an answer that can be used: one repair attempt, which says what was wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from newsletter.analysis.endpoint import Endpoint
from newsletter.analysis.faults import ModelFault
from newsletter.analysis.question import Question, Repair, Reply, ReplyError
from newsletter.logs import get_logger
from newsletter.metrics import repairs

log = get_logger("analysis")

Answer = TypeVar("Answer")


async def answer_to(
    question: Question, read: Callable[[Reply], Answer], *, endpoint: Endpoint, repository: str
) -> Answer:
    """Ask, and once more where the answer cannot be used.

    :param read: turns a reply into the answer, or raises :class:`ReplyError`.
    :raises ModelFault: the second answer cannot be used either, or there will be none.
    :raises ModelAway: there is no answer for now.
    :raises ContextTooLong: the question was more than the model reads.
    """
    reply = await endpoint.ask(question, repository=repository)
    try:
        return read(reply)
    except ReplyError as error:
        first = error
    note_unusable(first, reply, question, endpoint)
    repair = Repair(said=reply.text or "", problem=first.problem)
    reply = await endpoint.ask(question, repository=repository, repair=repair)
    try:
        return read(reply)
    except ReplyError as second:
        raise ModelFault(second.fallback) from second


def note_unusable(error: ReplyError, reply: Reply, question: Question, endpoint: Endpoint) -> None:
    """Count an answer that cannot be used, and let the next be longer where hidden thoughts used it up."""
    repairs.labels(reason=error.fallback.value).inc()
    log.debug("an answer cannot be used", action="analysis.repair", question=question.name, problem=error.problem)
    if reply.finish_reason == "length":
        endpoint.grow()
