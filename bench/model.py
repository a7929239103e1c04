"""A stand-in for a model server that takes a fixed time for each answer, and counts what it is sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from aiohttp import web


class SlowModel:
    """Serves ``POST /v1/chat/completions`` as ``async with SlowModel(...) as model``.

    :param latency: of each answer, seconds.
    :param levels: of a change by its title; others are medium.
    """

    def __init__(self, *, latency: float, levels: Mapping[str, str]) -> None:
        self.url = ""
        self.requests = 0
        #: Of messages and schemas.
        self.bytes_sent = 0
        self._latency = latency
        self._levels = levels
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=8 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self._complete)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _complete(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.requests += 1
        schema = body["response_format"]["json_schema"]["schema"]
        contents = [message["content"] for message in body["messages"]]
        self.bytes_sent += sum(len(content.encode()) for content in contents) + len(json.dumps(schema))
        await asyncio.sleep(self._latency)
        answer = self._answer(contents[1], schema["properties"])
        return web.json_response(
            {
                "id": "1",
                "object": "chat.completion",
                "created": 0,
                "model": "bench",
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "stop",
                        "message": {"role": "assistant", "content": json.dumps(answer)},
                    }
                ],
            }
        )

    def _answer(self, user: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
        sentence = "It does what its title says."
        if "changes" in wanted:
            changes = [json.loads(line) for line in user.splitlines() if line.startswith('{"id"')]
            return {
                "changes": [
                    {
                        "id": change["id"],
                        "level": self._levels.get(change["title"], "medium"),
                        "kind": "fix",
                        "sentence": sentence,
                    }
                    for change in changes
                ]
            }
        if "notes" in wanted:
            return {"notes": [sentence]}
        texts: dict[str, Any] = {
            "summary": sentence,
            "scope": sentence,
            "areas": [],
            "risks": [],
            "advice": [],
            "insight": None,
        }
        return {"kind": "fix", "level": "medium", **{key: text for key, text in texts.items() if key in wanted}}
