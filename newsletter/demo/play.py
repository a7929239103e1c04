"""The demo's play: pushes are posted, the day is closed, the mails are read and checked."""

from __future__ import annotations

import asyncio
import email
import re
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default

import aiohttp

from newsletter.delivery.record import DeliveryStatus
from newsletter.demo.mailbox import Received
from newsletter.demo.stage import Stage, reader_address
from newsletter.errors import NewsletterError
from newsletter.github.replay import StoredDelivery, post_delivery
from newsletter.pipeline.close import close_day, outstanding
from newsletter.store import deliveries, digests
from subscribers import Level

#: For everything to arrive, seconds; it takes two or three.
PATIENCE = 120
_LOOK_AGAIN = 0.05
#: Statuses of deliveries that have not ended.
UNDER_WAY = {DeliveryStatus.QUEUED, DeliveryStatus.DEFERRED, DeliveryStatus.SENDING}
_COMMIT = re.compile(r"/commit/([0-9a-f]{40})")

#: Says how far a step is: its name, done, of how many.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class ReaderResult:
    """What one reader got."""

    threshold: Level
    address: str
    subject: str
    #: Changes that the mail links to.
    shas: frozenset[str]
    #: Of the whole message, bytes.
    size: int
    #: What is wrong with it; empty when all is right.
    problems: tuple[str, ...]


async def play(stage: Stage, progress: Progress) -> tuple[ReaderResult, ...]:
    """Post the sample day, close it, wait for the mails and check them.

    :raises NewsletterError: a push was refused, or something did not happen in time.
    """
    async with asyncio.timeout(PATIENCE):
        await _post_pushes(stage, progress)
        await _wait_for_analyses(stage, progress)
        closed = await close_day(
            stage.sample.day,
            store=stage.service.store,
            jobs=stage.service.jobs,
            zone=stage.service.settings.zone,
            language=stage.service.settings.language,
            orders=stage.service.orders,
            now=stage.service.clock(),
        )
        await _wait_for_mails(stage, closed.digest_id, progress)
    return check(stage)


async def _post_pushes(stage: Stage, progress: Progress) -> None:
    pushes = stage.sample.pushes
    url = f"{stage.service_url}/webhooks/github"
    async with aiohttp.ClientSession() as session:
        for done, push in enumerate(pushes, start=1):
            delivery = StoredDelivery(body=push.body, event="push", hook_id=push.hook_id)
            status, answer = await post_delivery(session, url, delivery, secret=stage.webhook_secret)
            if status not in {200, 202}:
                raise NewsletterError(f"the service answered a push with {status}: {answer}")
            progress("Pushes posted", done, len(pushes))


async def _wait_for_analyses(stage: Stage, progress: Progress) -> None:
    total = len(stage.sample.commits)
    while missing := await outstanding(stage.sample.day, store=stage.service.store, zone=stage.service.settings.zone):
        progress("Changes analysed", max(total - missing, 0), total)
        await _breathe(stage)
    progress("Changes analysed", total, total)


async def _wait_for_mails(stage: Stage, digest_id: int, progress: Progress) -> None:
    while True:
        async with stage.service.store.read() as connection:
            digest = await digests.by_id(connection, digest_id)
            ledger = await deliveries.counts(connection, digest_id)
        sent = ledger.get(DeliveryStatus.SENT, 0)
        progress("Mails delivered", min(sent, len(Level)), len(Level))
        if digest is not None and digest.composed and not UNDER_WAY & ledger.keys():
            return
        await _breathe(stage)


async def _breathe(stage: Stage) -> None:
    if stage.running.done():
        await stage.running
        raise NewsletterError("the service ended before the demo did")
    await asyncio.sleep(_LOOK_AGAIN)


def check(stage: Stage) -> tuple[ReaderResult, ...]:
    """Say what each reader got and what is wrong with it."""
    results = []
    wider: frozenset[str] = frozenset(sha for _, sha in stage.sample.commits)
    for level in sorted(Level, key=lambda level: level.rank):
        result = _check_reader(stage, level, wider=wider)
        results.append(result)
        wider = result.shas
    return tuple(reversed(results))


def _check_reader(stage: Stage, level: Level, *, wider: frozenset[str]) -> ReaderResult:
    address = reader_address(level)
    received = [message for message in stage.mailbox.messages if message.recipient == address]
    if not received:
        return ReaderResult(
            threshold=level, address=address, subject="", shas=frozenset(), size=0, problems=("no mail came",)
        )
    message, text, html = _read(received[0])
    shas = frozenset(_COMMIT.findall(html))
    problems = []
    if len(received) > 1:
        problems.append(f"{len(received)} mails came")
    if level is Level.LOW and shas != wider:
        problems.append(f"{len(shas)} of {len(wider)} changes are in it")
    if level is not Level.LOW and not shas < wider:
        problems.append("its changes are not fewer than those of the next lower threshold")
    if not shas:
        problems.append("it has no changes")
    if frozenset(_COMMIT.findall(text)) != shas:
        problems.append("text and HTML do not hold the same changes")
    link = str(message["List-Unsubscribe"]).strip("<>")
    if link not in text or link not in html or not link.startswith(stage.service_url):
        problems.append("the unsubscribe link is not the same everywhere")
    return ReaderResult(
        threshold=level,
        address=address,
        subject=str(message["Subject"]),
        shas=shas,
        size=len(received[0].raw),
        problems=tuple(problems),
    )


def _read(received: Received) -> tuple[EmailMessage, str, str]:
    message = email.message_from_bytes(received.raw, policy=default)
    parts = [message.get_body((kind,)) for kind in ("plain", "html")]
    text, html = (str(part.get_content()) if part is not None else "" for part in parts)
    return message, text, html
