"""One model on one OpenAI-compatible server, and what was learnt about it since the start.

The library's own ``parse()`` is not used: it leaks ``pydantic.ValidationError`` and ``TypeError``, and its length error
is no ``APIError``. Nor are its retries: it waits for a ``Retry-After`` of at most 120 seconds, and holds the place of
others meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import openai
from openai import AsyncOpenAI

from newsletter.analysis.faults import (
    FormatRefused,
    LimitNameRefused,
    ModelAway,
    ModelFault,
    Transient,
    fault_of,
)
from newsletter.analysis.pace import FIRST_OUTAGE, Door, Estimate, TokenBucket
from newsletter.analysis.places import Places
from newsletter.analysis.question import Mode, Question, Repair, Reply, messages_of, response_format
from newsletter.analysis.record import Fallback
from newsletter.logs import get_logger
from newsletter.metrics import tokens as tokens_counter

log = get_logger("analysis")

#: A wait up to here is waited for; a longer one is the caller's, seconds.
LONGEST_WAIT = 20.0
#: What a reasoning model may write besides its answer, once it used that up with hidden thoughts, tokens.
THOUGHTS = 8_000
#: What the ceiling of an answer is called: most servers know the first, OpenAI's reasoning models only the second.
_LIMIT_NAMES = ("max_tokens", "max_completion_tokens")
#: Of the library, and what breaks in it on an answer that is no answer.
_FAILURES = (openai.OpenAIError, TimeoutError, ValueError, TypeError, AttributeError, RecursionError)
#: Changes of manner that one question may lead to.
_MOST_LESSONS = len(Mode) + len(_LIMIT_NAMES)


@dataclass(frozen=True, kw_only=True)
class ModelEndpoint:
    """Where the model is, and how it may be asked."""

    base_url: str
    api_key: str | None
    model: str
    #: Requests under way at once.
    concurrency: int
    #: For one request, seconds.
    timeout_seconds: float
    #: None = no limit.
    tokens_per_minute: int | None = None
    #: How long the first of several changes waits for others to be asked about together, seconds.
    linger_seconds: float = 1.0
    #: Before each further try of a request that failed, seconds.
    pauses: tuple[float, ...] = (1.0, 4.0)
    #: After a question was given up, and twice as long each time until one is answered, seconds.
    outage_seconds: float = FIRST_OUTAGE


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Tokens of one request, as the server counted them; estimated where it does not say."""

    model: str
    repository: str
    input_tokens: int
    output_tokens: int


class Ledger(Protocol):
    """Knows what was spent today, and what may be."""

    async def allows(self, under_way: int) -> bool:
        """Whether another request may be made while so many tokens are under way."""
        ...

    async def charge(self, usage: Usage) -> None:
        """Count one request."""
        ...


class Endpoint:
    """Asks one question after the other, as fast as the server and the settings allow.

    :param ledger: None = nothing is counted and there is no ceiling.
    :param clock: seconds; never goes back.
    """

    def __init__(
        self,
        about: ModelEndpoint,
        *,
        ledger: Ledger | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.about = about
        self._client = AsyncOpenAI(
            base_url=about.base_url,
            # Servers without keys still want the header.
            api_key=about.api_key or "none",
            timeout=about.timeout_seconds,
            max_retries=0,
        )
        self._ledger, self._clock, self._sleep = ledger, clock, sleep
        self._places = Places(about.concurrency)
        self._door, self._estimate = Door(about.outage_seconds), Estimate()
        self._bucket = TokenBucket(about.tokens_per_minute)
        self._under_way = 0
        self._mode, self._proven = Mode.JSON_SCHEMA, False
        self._limit_name, self._thoughts = _LIMIT_NAMES[0], 0

    @property
    def trouble(self) -> Fallback | None:
        """Why there is no answer at present; None where there is none known of."""
        return self._door.trouble(self._clock())

    def grow(self) -> None:
        """Let answers be longer from now on: the model thinks before it writes."""
        if not self._thoughts:
            self._thoughts = THOUGHTS
            log.info("the model thinks before it writes", action="analysis.thinking", model=self.about.model)

    async def ask(self, question: Question, *, repository: str, repair: Repair | None = None) -> Reply:
        """Ask, again where a request fails.

        :param repository: whose changes it is about, for the account.
        :raises ModelAway: there is no answer for now.
        :raises ModelFault: there will be none.
        :raises ContextTooLong: the question was more than the model reads.
        """
        failures = lessons = 0
        while True:
            await self._wait_for_turn(question)
            try:
                return await self._request(question, repository, repair)
            except (FormatRefused, LimitNameRefused) as refused:
                lessons += 1
                if lessons > _MOST_LESSONS:
                    raise ModelFault(Fallback.REJECTED) from refused
            except ModelFault as fault:
                if fault.lasting or (fault.fallback is Fallback.KEY and not self._proven):
                    self._door.bar(fault.fallback, now=self._clock())
                raise
            except Transient as failure:
                failures += 1
                await self._after(failure, failures)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _wait_for_turn(self, question: Question) -> None:
        """Wait for the server's pause and for tokens of the minute, and hold nobody's place meanwhile."""
        taken = self._expected(question)
        while True:
            now = self._clock()
            if barred := self._door.barred(now):
                raise ModelFault(barred)
            if pause := self._door.wait(now):
                reason = self._door.reason
            elif pause := self._bucket.wait(taken, now=now):
                reason = Fallback.RATE_LIMITED
            else:
                return
            if pause > LONGEST_WAIT:
                raise ModelAway(reason, after=pause, outage=True)
            await self._sleep(pause)

    async def _after(self, failure: Transient, failures: int) -> None:
        """Wait before the next try.

        :raises ModelAway: that would be too long, or there were enough of them.
        """
        pauses = self.about.pauses
        asked = failure.retry_after
        if asked is not None and asked > LONGEST_WAIT:
            self._door.pause(asked, failure.fallback, now=self._clock())
            raise ModelAway(failure.fallback, after=asked, outage=True) from failure
        # Whoever did not answer in time has had much of it already, and what cannot be read has one repair attempt.
        once = failure.fallback in {Fallback.TIMEOUT, Fallback.UNREADABLE}
        most = min(len(pauses), 1) if once else len(pauses)
        if failures > most:
            if failure.fallback is Fallback.UNREADABLE:
                raise ModelFault(Fallback.UNREADABLE) from failure
            after, outage = self._door.failed(failure.fallback, now=self._clock())
            raise ModelAway(failure.fallback, after=after, outage=outage) from failure
        if asked:
            self._door.pause(asked, failure.fallback, now=self._clock())
        await self._sleep(pauses[failures - 1] if asked is None else asked)

    async def _request(self, question: Question, repository: str, repair: Repair | None) -> Reply:
        expected = self._expected(question)
        used = 0
        try:
            async with self._places.one(urgent=question.urgent):
                mode, limit_name = self._mode, self._limit_name
                if self._ledger is not None and not await self._ledger.allows(self._under_way):
                    raise ModelFault(Fallback.BUDGET)
                self._under_way += expected
                try:
                    completion = await self._create(question, mode, limit_name, repair)
                    usage = self._usage_of(completion, question, repository)
                except _FAILURES as error:
                    raise self._learnt(fault_of(error, now=datetime.now(UTC)), mode, limit_name) from error
                finally:
                    self._under_way -= expected
            used = usage.input_tokens + usage.output_tokens
        finally:
            self._bucket.correct(expected, used)
        self._proven = True
        self._door.answered()
        if self._ledger is not None:
            await self._ledger.charge(usage)
        return _reply_of(completion)

    async def _create(self, question: Question, mode: Mode, limit_name: str, repair: Repair | None) -> Any:
        body: dict[str, Any] = {
            "model": self.about.model,
            "messages": messages_of(question, mode, repair),
            limit_name: question.answer_tokens + self._thoughts,
        }
        if (wanted := response_format(question, mode)) is not None:
            body["response_format"] = wanted
        # The library's time-out is between two pieces of an answer: one that comes in drops would never end.
        async with asyncio.timeout(self.about.timeout_seconds):
            return await self._client.chat.completions.create(**body)

    def _learnt(self, fault: Exception, mode: Mode, limit_name: str) -> Exception:
        """Remember the manner that a server did not take; requests under way may have done so before this one."""
        if isinstance(fault, ModelFault) and fault.fallback is Fallback.REJECTED and not self._proven:
            # Some say no more than 400. Until one request was taken, it may be the manner.
            fault = fault if fault.lasting else FormatRefused(str(fault))
        if isinstance(fault, FormatRefused):
            if mode.below is None:
                # It was not the manner: whatever comes next is asked in the strictest again.
                self._mode = Mode.JSON_SCHEMA
                return ModelFault(Fallback.REJECTED)
            if self._mode is mode:
                self._mode = mode.below
                log.info("the model is asked less strictly", action="analysis.mode", mode=self._mode.value)
        if isinstance(fault, LimitNameRefused) and self._limit_name == limit_name:
            self._limit_name = next(name for name in _LIMIT_NAMES if name != limit_name)
        return fault

    def _expected(self, question: Question) -> int:
        return self._estimate.tokens(question.size) + question.usual_tokens

    def _usage_of(self, completion: Any, question: Question, repository: str) -> Usage:
        # The library hands on whatever stands there; a cost that makes no sense is no reason to lose the answer.
        counted = [getattr(completion.usage, name, None) for name in ("prompt_tokens", "completion_tokens")]
        sent, written = (count if isinstance(count, int) and count >= 0 else None for count in counted)
        if sent is None or written is None:
            sent, written = self._estimate.tokens(question.size), question.usual_tokens
        else:
            self._estimate.learn(question.size, sent)
        tokens_counter.labels(direction="input").inc(sent)
        tokens_counter.labels(direction="output").inc(written)
        return Usage(model=self.about.model, repository=repository, input_tokens=sent, output_tokens=written)


def _reply_of(completion: Any) -> Reply:
    """Return the answer of a completion; a choice that is none is a blank one."""
    choices = completion.choices if isinstance(completion.choices, list) else []
    choice = choices[0] if choices else None
    message = getattr(choice, "message", None)
    text, refusal = getattr(message, "content", None), getattr(message, "refusal", None)
    return Reply(
        text=text if isinstance(text, str) else None,
        finish_reason=getattr(choice, "finish_reason", None),
        refusal=refusal if isinstance(refusal, str) else None,
    )
