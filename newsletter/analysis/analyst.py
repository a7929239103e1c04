"""Asks the model, and lets the rules answer where it does not.

Chat completions are what every OpenAI-compatible server shares. The library's own ``parse()`` is not used: it leaks
``pydantic.ValidationError`` and ``TypeError``, and its length error is no ``APIError``.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import openai
from openai import AsyncOpenAI

from newsletter.analysis.prompt import Prompt, answer_schema, build_prompt
from newsletter.analysis.record import Analysis, Fallback, Subject
from newsletter.analysis.reply import ReplyError, read_reply
from newsletter.analysis.rules import analyse_by_rules
from newsletter.logs import get_logger
from newsletter.metrics import fallbacks, tokens
from subscribers import Level

log = get_logger("analysis")

#: Output of one answer, tokens: several times what is asked for.
ANSWER_TOKENS = 2000
#: The library's own tries after a failure, besides the first.
RETRIES = 2


@dataclass(frozen=True, kw_only=True)
class ModelEndpoint:
    """Where the model is."""

    base_url: str
    api_key: str | None
    model: str
    #: Requests under way at once.
    concurrency: int
    #: For one request, seconds.
    timeout_seconds: float


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Tokens of one request, as the server counted them."""

    model: str
    input_tokens: int
    output_tokens: int


class Analyst:
    """Analyses changes: by a model where there is one, by the rules otherwise.

    :param endpoint: None = rules only.
    """

    def __init__(self, endpoint: ModelEndpoint | None) -> None:
        self._endpoint = endpoint
        self._client = None
        if endpoint is not None:
            self._client = AsyncOpenAI(
                base_url=endpoint.base_url,
                # Servers without keys still want the header.
                api_key=endpoint.api_key or "none",
                timeout=endpoint.timeout_seconds,
                max_retries=RETRIES,
            )
            self._places = asyncio.Semaphore(endpoint.concurrency)

    @property
    def asks_model(self) -> bool:
        """Whether there is a model to ask."""
        return self._client is not None

    async def analyse(self, subject: Subject, *, language: str, level: Level | None) -> tuple[Analysis, Usage | None]:
        """Analyse a change. Always gives a complete analysis, and says so where the model did not answer.

        :param level: the level frozen on the commit; None where it has none yet.
        """
        if self._client is None or self._endpoint is None:
            return analyse_by_rules(subject, language=language, level=level), None
        usage: Usage | None = None
        try:
            prompt = build_prompt(subject, language=language)
            async with self._places:
                completion = await self._ask(self._client, self._endpoint.model, prompt)
            usage = _usage_of(completion, self._endpoint.model)
            choice = completion.choices[0] if completion.choices else None
            analysis = read_reply(
                choice.message.content if choice else None,
                finish_reason=choice.finish_reason if choice else None,
                refusal=choice.message.refusal if choice else None,
                subject=subject,
                prompt=prompt,
                language=language,
                model=self._endpoint.model,
                level=level,
            )
        except (openai.OpenAIError, ReplyError, ValueError, TypeError, AttributeError, RecursionError) as error:
            # ValueError and what follows it: half an answer or an endless one, which the library hands on unchecked.
            reason = _reason(error)
            fallbacks.labels(reason=reason.value).inc()
            log.warning("the model did not answer", action="analysis.fallback", sha=subject.sha, reason=reason.value)
            return analyse_by_rules(subject, language=language, level=level, fallback=reason), usage
        return analysis, usage

    async def _ask(self, client: AsyncOpenAI, model: str, prompt: Prompt) -> openai.types.chat.ChatCompletion:
        return await client.chat.completions.create(
            model=model,
            messages=[{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}],
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "analysis", "strict": True, "schema": answer_schema()},
            },
            max_tokens=ANSWER_TOKENS,
        )

    async def close(self) -> None:
        """Close the connections to the model."""
        if self._client is not None:
            await self._client.close()


def _usage_of(completion: openai.types.chat.ChatCompletion, model: str) -> Usage | None:
    # The library hands on whatever stands there; a cost that makes no sense is no reason to lose the answer.
    counted = (getattr(completion.usage, name, None) for name in ("prompt_tokens", "completion_tokens"))
    sent, written = (count if isinstance(count, int) and count >= 0 else None for count in counted)
    if sent is None or written is None:
        return None
    tokens.labels(direction="input").inc(sent)
    tokens.labels(direction="output").inc(written)
    return Usage(model=model, input_tokens=sent, output_tokens=written)


def _reason(error: Exception) -> Fallback:
    if isinstance(error, ReplyError):
        return error.fallback
    if isinstance(error, openai.APITimeoutError):
        return Fallback.TIMEOUT
    if isinstance(error, openai.RateLimitError):
        return Fallback.RATE_LIMITED
    if isinstance(error, openai.APIConnectionError | openai.InternalServerError):
        return Fallback.UNREACHABLE
    if isinstance(error, openai.APIStatusError):
        return Fallback.REJECTED
    return Fallback.UNREADABLE
