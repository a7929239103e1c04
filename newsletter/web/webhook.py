"""``POST /webhooks/github``: verified, stored, answered; everything else happens later.

GitHub gives a delivery 10 seconds and never repeats it by itself, so nothing here waits for anything but the disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from aiohttp import web
from prometheus_client import Counter

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
    read_verified,
    require_signature,
    verify,
)
from newsletter.logs import get_logger
from newsletter.metrics import webhooks
from newsletter.pipeline.notices import Notices
from newsletter.pipeline.receive import Intake, Receipt
from newsletter.web.seldom import Seldom

log = get_logger("web")

#: Default for the whole body, seconds: GitHub itself gives up after 10.
BODY_TIMEOUT = 10
STORED = b'{"status": "stored"}'
TOO_LARGE = f"A delivery has at most {LARGEST_BODY} bytes."
#: Nearly every push is smaller, bytes.
SMALL_BODY = 1024 * 1024
#: So many larger bodies are read at a time: together they take at most about 100 MiB.
MOST_LARGE_BODIES = 4
#: Between two lines of the log about deliveries that anybody could have sent, of each sort, seconds.
UNVERIFIED_EVERY = 10
#: What may become of a delivery before anybody knows whether it is signed.
UNVERIFIED = ("bad-signature", "too-large", "slow", "not-whole")


async def none_joined(_: Sequence[str]) -> bool:
    """Say that the secrets stay what they are."""
    return False


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """The route and what it needs."""

    intake: Intake
    notices: Notices
    #: Asked at every delivery, so that a secret can join while the service runs; any one of them verifies.
    secrets: Callable[[], Sequence[str]]
    clock: Callable[[], datetime]
    #: Asked with the secrets that did not verify a delivery: whether there are others by now.
    renewed: Callable[[Sequence[str]], Awaitable[bool]] = none_joined
    #: Called when a delivery could not be stored: GitHub will not repeat it, so it has to be looked for.
    missed: Callable[[], None] = lambda: None
    #: For the whole body, seconds.
    body_timeout: float = BODY_TIMEOUT
    #: Bodies that are read before anybody knows whether they are signed, and that fill memory meanwhile.
    large_bodies: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_LARGE_BODIES))
    unverified: Mapping[str, Seldom] = field(
        default_factory=lambda: {reason: Seldom(UNVERIFIED_EVERY) for reason in UNVERIFIED}
    )

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
            response, result = _refusal(400, "The body did not arrive whole."), "not-whole"
        except TimeoutError:
            response, result = _refusal(408, "The body did not arrive in time."), "slow"
        except StoreUnavailable as error:
            self.missed()
            log.error("a delivery was not stored", action="webhook.unavailable", hook_id=hook_id, reason=str(error))  # noqa: TRY400
            response, result = (
                _refusal(503, "The delivery cannot be stored at the moment; redeliver it."),
                "unavailable",
            )
        _counted(result).inc()
        self._log(hook_id, result)
        return response

    def _log(self, hook_id: str, result: str) -> None:
        if result in self.unverified:
            # Anybody can send those, as many as they like.
            if times := self.unverified[result].happened():
                log.warning("unverified deliveries were refused", action="webhook.refused", result=result, times=times)
        elif result != Receipt.STORED.value:
            log.info("webhook answered", action="webhook.answered", hook_id=hook_id, result=result)

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
        body = await self._body(request, large=large)
        if body is None or len(body) > LARGEST_BODY:
            return _unread(_refusal(413, TOO_LARGE)), "too-large"
        await self._verify(request.headers.get("X-Hub-Signature-256"), body)
        return await self._take(read_verified(request.headers, body), body)

    async def _body(self, request: web.Request, *, large: bool) -> bytes | None:
        """Read the body; None where it is longer than it may be."""
        if not large and request.content.is_eof():
            # Nearly always: a push comes together with its headers.
            return request.content.read_nowait()
        async with asyncio.timeout(self.body_timeout), self.large_bodies if large else nullcontext():
            return await _bounded_body(request)

    async def _verify(self, signature: str | None, body: bytes) -> None:
        secrets = self.secrets()
        try:
            await _verified(signature, body, secrets)
        except BadSignature:
            # Another process may have connected the App whose secret this is.
            if not await self.renewed(secrets):
                raise
            await _verified(signature, body, self.secrets())

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
        if received.receipt is Receipt.STORED:
            return web.Response(body=STORED, status=202, content_type="application/json"), received.receipt.value
        said = {"status": received.receipt.value}
        if received.reason is not None:
            said["reason"] = received.reason.value
        return web.json_response(said), received.receipt.value


async def _bounded_body(request: web.Request) -> bytes | None:
    """Read a body of at most :data:`LARGEST_BODY` bytes; None where it is longer, whatever its header said."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > LARGEST_BODY:
            return None
    return bytes(body)


async def _verified(signature: str | None, body: bytes, secrets: Sequence[str]) -> None:
    if len(body) > SMALL_BODY:
        # Whoever sends wrong ones by the 25 MiB keeps a thread busy, and nobody waiting.
        await asyncio.to_thread(verify, signature, body, secrets)
    else:
        verify(signature, body, secrets)


@cache
def _counted(result: str) -> Counter:
    # Looking a label up takes longer than counting.
    return webhooks.labels(result=result)


def _unread(response: web.Response) -> web.Response:
    # What was not read must not be taken for the next request.
    response.force_close()
    return response


def _refusal(status: int, sentence: object) -> web.Response:
    return web.json_response({"error": str(sentence)}, status=status)
