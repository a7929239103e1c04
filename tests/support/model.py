"""A stand-in for an OpenAI-compatible server: a real HTTP server that answers what the test scripted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from newsletter.analysis.analyst import Analyst, Ledger, ModelEndpoint
from tests.support.model_answers import answer_of

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

USAGE = {"prompt_tokens": 1200, "completion_tokens": 150, "total_tokens": 1350}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request that reached the stand-in."""

    path: str
    authorization: str
    body: Mapping[str, Any]


def says(
    content: object,
    *,
    finish_reason: str | None = "stop",
    refusal: str | None = None,
    usage: object = USAGE,
    **changes: object,
) -> Answer:
    """Answer with a chat completion; what is no text is sent as JSON text.

    :param changes: keys of the completion to replace, for example ``choices``.
    """
    text = content if content is None or isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    completion = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1768900000,
        "model": "stand-in",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish_reason,
                "message": {"role": "assistant", "content": text, "refusal": refusal},
            }
        ],
        "usage": usage,
        **changes,
    }
    return sends(json.dumps(completion))


def answers(**about: Any) -> Answer:
    """Answer whatever is asked, and well.

    :param about: as for :func:`tests.support.model_answers.answer_of`.
    """

    async def answer(request: web.Request) -> web.StreamResponse:
        return await says(answer_of(await request.json(), **about))(request)

    return answer


def sends(text: str, *, content_type: str = "application/json") -> Answer:
    """Answer 200 with any text."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text=text, content_type=content_type)

    return answer


def fails(status: int, *, message: str = "no", code: str | None = None, **headers: str) -> Answer:
    """Answer with an error as OpenAI writes it; ``retry_after="0"`` becomes the header ``Retry-After``."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}

    async def answer(_: web.Request) -> web.StreamResponse:
        error = {"error": {"message": message, "type": "test", "code": code}}
        return web.json_response(error, status=status, headers=given)

    return answer


async def hangs(_: web.Request) -> web.StreamResponse:
    """Answer nothing until the client gives up."""
    await asyncio.Event().wait()
    raise AssertionError


async def hangs_up(request: web.Request) -> web.StreamResponse:
    """Close the connection without an answer."""
    if request.transport is not None:
        request.transport.close()
    return web.Response()


class StandInModel:
    """Serves ``POST /v1/chat/completions`` as ``async with StandInModel(...) as model``.

    :param answers: one a request, in order; the last one is repeated.
    """

    def __init__(self, *answers: Answer) -> None:
        self.asked: list[Asked] = []
        #: Requests under way at once, at most.
        self.most_at_once = 0
        self.url = ""
        self._answers = list(answers)
        self._under_way = 0
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._complete)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        self._under_way += 1
        self.most_at_once = max(self.most_at_once, self._under_way)
        try:
            self.asked.append(
                Asked(
                    path=request.path,
                    authorization=request.headers.get("Authorization", ""),
                    body=await request.json(),
                )
            )
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            return await answer(request)
        finally:
            self._under_way -= 1


def endpoint_at(server: StandInModel, /, **about: Any) -> ModelEndpoint:
    """Return how to ask a stand-in, without the pauses that a test would wait for."""
    return ModelEndpoint(
        **{
            "base_url": server.url,
            "api_key": "key-of-the-model",
            "model": "stand-in-7b",
            "concurrency": 8,
            # A machine that stands still for a while is no model that does.
            "timeout_seconds": 60,
            "linger_seconds": 0.01,
            "pauses": (0.001, 0.001),
            **about,
        }
    )


@asynccontextmanager
async def asking(server: StandInModel, /, *, ledger: Ledger | None = None, **about: Any) -> AsyncIterator[Analyst]:
    """Give an analyst that asks a stand-in."""
    analyst = Analyst(endpoint_at(server, **about), ledger=ledger)
    try:
        yield analyst
    finally:
        await analyst.close()
