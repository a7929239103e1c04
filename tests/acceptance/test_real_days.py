"""Days of real pushes, through the whole service: each digest holds exactly what reached the branch on its day.

The days are real commits of public repositories and are not part of the project; without them this is not collected.
"""

from __future__ import annotations

import asyncio
import email
import json
import re
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from email.policy import default
from pathlib import Path

import aiohttp
import pytest

import subscribers
from newsletter.app import Service, imprint_from, open_service, serve
from newsletter.delivery.record import DeliveryStatus
from newsletter.demo.github import StandInGitHub
from newsletter.demo.mailbox import StandInMailbox
from newsletter.github.replay import post_delivery, read_deliveries
from newsletter.pipeline.close import close_day, outstanding
from newsletter.pipeline.compose import compose
from newsletter.settings import SERVING, load_settings
from newsletter.store import deliveries, digests, repositories
from subscribers import EVERY_REPOSITORY, Choice, Level, Preferences, Status
from tests.support.corpus import FilesOnDisk, RealDay, real_days
from tests.support.waiting import until

PATIENCE = 240


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[tuple[Service, StandInMailbox, str, str]]:
    days = real_days()
    secret = secrets.token_urlsafe(24)
    about = {day.repository: json.loads((day.folder / "repo.json").read_text(encoding="utf-8")) for day in days}
    async with (
        StandInGitHub(repositories=about, commits=FilesOnDisk([day.folder for day in days])) as github,
        StandInMailbox() as mailbox,
    ):
        settings = load_settings(
            environment={
                "NEWSLETTER_LISTEN": "127.0.0.1:0",
                "NEWSLETTER_DATABASE_URL": f"sqlite:///{tmp_path}/newsletter.db",
                "NEWSLETTER_SECRET_KEY": "k" * 40,
                "NEWSLETTER_GITHUB__WEBHOOK_SECRETS": secret,
                "NEWSLETTER_GITHUB__API_URL": github.url,
                "NEWSLETTER_SMTP__HOST": mailbox.host,
                "NEWSLETTER_SMTP__PORT": str(mailbox.port),
                "NEWSLETTER_SMTP__TLS": "none",
                "NEWSLETTER_MAIL__FROM": "digest@newsletter.example",
            },
            required=SERVING,
        )
        async with open_service(settings) as service:
            await prepare(service, list(about))
            answering: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            task = asyncio.create_task(serve(service, with_jobs=True, ready=answering.set_result))
            yield service, mailbox, await answering, secret
            service.stop.set()
            await task


async def prepare(service: Service, names: list[str]) -> None:
    for name in names:
        known = await service.github.repository(name)
        async with service.store.write() as transaction:
            await repositories.add(transaction.connection, name, known=known, now=service.clock())
    for language in ("en", "zh"):
        for level in Level:
            async with service.store.write() as transaction:
                await subscribers.add(
                    transaction.connection,
                    subscribers.parse_address(f"{level.value}-{language}@reader.example"),
                    Preferences.of(language, [Choice(repository=EVERY_REPOSITORY, threshold=level)]),
                    status=Status.ACTIVE,
                    now=datetime.now(UTC),
                )


async def post_day(day: RealDay, url: str, secret: str) -> None:
    async with aiohttp.ClientSession() as session:
        for delivery in read_deliveries(day.folder / "pushes.jsonl"):
            status, answer = await post_delivery(session, f"{url}/webhooks/github", delivery, secret=secret)
            assert status in {200, 202}, answer


async def delivered(service: Service, digest_id: int) -> dict[DeliveryStatus, int]:
    under_way = {DeliveryStatus.QUEUED, DeliveryStatus.SENDING, DeliveryStatus.DEFERRED}

    async def look() -> dict[DeliveryStatus, int] | None:
        async with service.store.read() as connection:
            counts = await deliveries.counts(connection, digest_id)
        return None if under_way & counts.keys() else counts

    return await until(look, seconds=PATIENCE)


async def analysed(service: Service, day: date) -> None:
    async def look() -> bool | None:
        return None if await outstanding(day, store=service.store, zone=service.settings.zone) else True

    await until(look, seconds=PATIENCE)


def shas_in(raw: bytes) -> set[str]:
    message = email.message_from_bytes(raw, policy=default)
    part = message.get_body(("html",))
    assert part is not None
    assert len(part.get_content().encode()) <= 98_000
    return set(re.findall(r"/commit/([0-9a-f]{40})", part.get_content()))


async def test_each_digest_holds_exactly_the_commits_of_its_day(
    running: tuple[Service, StandInMailbox, str, str],
) -> None:
    service, mailbox, url, secret = running
    zone = service.settings.zone
    for day in real_days():
        await post_day(day, url, secret)
        await analysed(service, day.day)
        before = len(mailbox.messages)
        closed = await close_day(
            day.day, store=service.store, jobs=service.jobs, zone=zone, language="en", now=service.clock()
        )
        await compose(
            closed.digest_id,
            store=service.store,
            jobs=service.jobs,
            imprint=imprint_from(service.settings),
            now=service.clock(),
        )
        counts = await delivered(service, closed.digest_id)
        async with service.store.read() as connection:
            items = await digests.items(connection, closed.digest_id)

        expected = day.pushed_to_default_branch()
        assert {item.sha for item in items} == expected
        assert len(expected) == day.commits
        assert not any(item.late for item in items)

        mails = {message.recipient: message.raw for message in mailbox.messages[before:]}
        assert Counter(message.recipient for message in mailbox.messages[before:]).most_common(1)[0][1] == 1
        assert counts.get(DeliveryStatus.SENT, 0) == len(mails)
        assert counts.get(DeliveryStatus.SENT, 0) + counts.get(DeliveryStatus.SKIPPED, 0) == 6
        for language in ("en", "zh"):
            high, medium, low = (
                shas_in(mails[address]) if (address := f"{level.value}-{language}@reader.example") in mails else set()
                for level in Level
            )
            assert high <= medium <= low == expected
