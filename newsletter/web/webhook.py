"""``POST /webhooks/github``: verified, stored, answered; everything else happens later.

GitHub gives a delivery 10 seconds and never repeats it by itself, so nothing here waits for anything but the disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import web

from newsletter.errors import StoreUnavailable
from newsletter.github.installation import InstallationChanged
from newsletter.github.record import Push
from newsletter.github.webhook import (
    LARGEST_BODY,
    BadBody,
    BadSignature,
    Event,
    OtherEvent,
    Ping,
    RepositoryChanged,
    RepositoryDeleted,
    UnsupportedContentType,
    read_event,
    require_signature,
)
from newsletter.logs import get_logger
from newsletter.metrics import webhooks
from newsletter.pipeline.notices import Notices
from newsletter.pipeline.receive import Intake, Receipt

log = get_logger("web")

#: Default for the whole body, seconds: GitHub itself gives up after 10.
BODY_TIMEOUT = 10
TOO_LARGE = f"A delivery has at most {LARGEST_BODY} bytes."
#: Nearly every push is smaller, bytes.
SMALL_BODY = 1024 * 1024
#: So many larger bodies are read at a time: together they take at most about 100 MiB.
MOST_LARGE_BODIES = 4


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """The route and what it needs."""

    intake: Intake
    notices: Notices
    #: Asked at every delivery, so that a secret can join while the service runs; any one of them verifies.
    secrets: Callable[[], Sequence[str]]
    clock: Callable[[], datetime]
    #: Called when a delivery could not be stored: GitHub will not repeat it, so it has to be looked for.
    missed: Callable[[], None] = lambda: None
    #: For the whole body, seconds.
    body_timeout: float = BODY_TIMEOUT
    #: Bodies that are read before anybody knows whether they are signed, and that fill memory meanwhile.
    large_bodies: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_LARGE_BODIES))

    async def post(self, request: web.Request) -> web.Response:
        """Answer a delivery: 202 stored; 200 ping, known or ignored; 4xx with one sentence; 503 try again."""
        hook_id = request.headers.get("X-GitHub-Delivery", "")[:64]
        try:
            response, result = await self._answer(request)
        except BadSignature as error:
            response, result = _refusal(401, error), "bad-signature"
        except UnsupportedContentType as error:
            response, result = _refusal(415, error), "bad-type"
        except BadBody as error:
            response, result = _refusal(400, error), "bad-body"
        except (web.RequestPayloadError, ConnectionError):
            # Not what its headers say it is (compressed, chunked), or the sender hung up in its middle.
            response, result = _refusal(400, "The body did not arrive whole."), "bad-body"
        except TimeoutError:
            response, result = _refusal(408, "The body did not arrive in time."), "slow"
        except StoreUnavailable as error:
            self.missed()
            log.error("a delivery was not stored", action="webhook.unavailable", hook_id=hook_id, reason=str(error))  # noqa: TRY400
            response, result = (
                _refusal(503, "The delivery cannot be stored at the moment; redeliver it."),
                "unavailable",
            )
        webhooks.labels(result=result).inc()
        if response.status != 202:
            log.info("webhook answered", action="webhook.answered", hook_id=hook_id, result=result)
        return response

    async def _answer(self, request: web.Request) -> tuple[web.Response, str]:
        length = request.content_length
        if length is not None and length > LARGEST_BODY:
            return _unread(_refusal(413, TOO_LARGE)), "too-large"
        try:
            # Whoever has no signature at all is not worth a byte of memory.
            require_signature(request.headers.get("X-Hub-Signature-256"))
        except BadSignature as error:
            return _unread(_refusal(401, error)), "bad-signature"
        large = length is None or length > SMALL_BODY
        async with asyncio.timeout(self.body_timeout), self.large_bodies if large else nullcontext():
            body = await _bounded_body(request)
        if body is None:
            return _unread(_refusal(413, TOO_LARGE)), "too-large"
        return await self._take(read_event(request.headers, body, self.secrets()), body)

    async def _take(self, event: Event, body: bytes) -> tuple[web.Response, str]:
        """Do what a verified event asks for; returns the answer and its word for the metrics."""
        match event:
            case Ping():
                return web.json_response({"status": "pong"}), "ping"
            case OtherEvent():
                answer = {"status": "ignored", "reason": f"the event {event.name} is not used"}
                return web.json_response(answer), "ignored"
            case RepositoryChanged():
                receipt = await self.intake.take_over(event.repository)
                return web.json_response({"status": receipt.value}), receipt.value
            case InstallationChanged():
                received = await self.notices.installation(event.installation_id)
            case RepositoryDeleted():
                received = await self.notices.deleted(event.repository)
            case Push():
                received = await self.intake.receive(event, body, now=self.clock())
        said = {"status": received.receipt.value}
        if received.reason is not None:
            said["reason"] = received.reason.value
        status = 202 if received.receipt is Receipt.STORED else 200
        return web.json_response(said, status=status), received.receipt.value


async def _bounded_body(request: web.Request) -> bytes | None:
    """Read a body of at most :data:`LARGEST_BODY` bytes; None where it is longer, whatever its header said."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > LARGEST_BODY:
            return None
    return bytes(body)


def _unread(response: web.Response) -> web.Response:
    # What was not read must not be taken for the next request.
    response.force_close()
    return response


def _refusal(status: int, sentence: object) -> web.Response:
    return web.json_response({"error": str(sentence)}, status=status)
