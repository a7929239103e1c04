"""The real service between a stand-in GitHub and a stand-in mailbox, on this machine only."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from aiohttp import web

import subscribers
from newsletter.app import Service, open_service, serve
from newsletter.demo.github import StandInGitHub
from newsletter.demo.mailbox import StandInMailbox
from newsletter.demo.sample import SampleDay, sample_day
from newsletter.demo.viewer import viewer_app
from newsletter.settings import SERVING, Settings, load_settings
from newsletter.store import repositories
from subscribers import EVERY_REPOSITORY, Choice, Level, Preferences, Status

HOST = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Everything that is running."""

    service: Service
    mailbox: StandInMailbox
    github: StandInGitHub
    sample: SampleDay
    webhook_secret: str
    #: Where the service answers.
    service_url: str
    #: Where the received mails can be looked at.
    viewer_url: str
    #: Ends when the service does.
    running: asyncio.Task[None]


def reader_address(level: Level) -> str:
    """Return the address of the sample reader with this threshold."""
    return f"{level.value}@reader.example"


@asynccontextmanager
async def set_stage(
    folder: Path, day: date, *, port: int, viewer_port: int, language: str, database_url: str | None = None
) -> AsyncIterator[Stage]:
    """Start everything, with the sample's repositories followed and one reader for each level.

    :param folder: for the database, which is SQLite unless ``database_url`` names another.
    :param port: of the service; 0 = a free one. Likewise ``viewer_port``.
    """
    sample = sample_day(day)
    webhook_secret = secrets.token_urlsafe(24)
    async with AsyncExitStack() as stack:
        github = await stack.enter_async_context(
            StandInGitHub(
                repositories={repository.full_name: repository.rest for repository in sample.repositories},
                commits=sample.commits,
                pull_requests=sample.pull_requests,
            )
        )
        mailbox = await stack.enter_async_context(StandInMailbox())
        settings = _settings(
            database_url or f"sqlite:///{folder / 'newsletter.db'}",
            webhook_secret,
            port=port or _free_port(),
            github=github,
            mailbox=mailbox,
            language=language,
        )
        service = await stack.enter_async_context(open_service(settings))
        await _prepare(service, sample, language=language)
        viewer_url = await stack.enter_async_context(_viewer(mailbox, viewer_port))
        running, service_url = await _start(service)
        try:
            yield Stage(
                service=service,
                mailbox=mailbox,
                github=github,
                sample=sample,
                webhook_secret=webhook_secret,
                service_url=service_url,
                viewer_url=viewer_url,
                running=running,
            )
        finally:
            service.stop.set()
            with suppress(asyncio.CancelledError):
                await running


def _settings(
    database_url: str, webhook_secret: str, *, port: int, github: StandInGitHub, mailbox: StandInMailbox, language: str
) -> Settings:
    return load_settings(
        environment={
            "NEWSLETTER_BASE_URL": f"http://{HOST}:{port}",
            "NEWSLETTER_LISTEN": f"{HOST}:{port}",
            "NEWSLETTER_DATABASE_URL": database_url,
            "NEWSLETTER_SECRET_KEY": secrets.token_urlsafe(32),
            "NEWSLETTER_TITLE": "Harbour Light Digest",
            "NEWSLETTER_LANGUAGE": language,
            "NEWSLETTER_GITHUB__WEBHOOK_SECRETS": webhook_secret,
            "NEWSLETTER_GITHUB__API_URL": github.url,
            "NEWSLETTER_SMTP__HOST": mailbox.host,
            "NEWSLETTER_SMTP__PORT": str(mailbox.port),
            "NEWSLETTER_SMTP__TLS": "none",
            "NEWSLETTER_MAIL__FROM": '"Harbour Light Digest" <digest@newsletter.example>',
        },
        required=SERVING,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


async def _prepare(service: Service, sample: SampleDay, *, language: str) -> None:
    now = service.clock()
    for repository in sample.repositories:
        known = await service.github.repository(repository.full_name)
        async with service.store.write() as transaction:
            await repositories.add(transaction.connection, repository.full_name, known=known, now=now)
    async with service.store.write() as transaction:
        for level in Level:
            address = subscribers.parse_address(reader_address(level))
            if await subscribers.by_address(transaction.connection, address) is not None:
                continue
            await subscribers.add(
                transaction.connection,
                address,
                Preferences.of(language, [Choice(repository=EVERY_REPOSITORY, threshold=level)]),
                status=Status.ACTIVE,
                now=now,
            )


@asynccontextmanager
async def _viewer(mailbox: StandInMailbox, port: int) -> AsyncIterator[str]:
    runner = web.AppRunner(viewer_app(mailbox), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
        yield f"http://{HOST}:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def _start(service: Service) -> tuple[asyncio.Task[None], str]:
    answering: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(serve(service, with_jobs=True, ready=answering.set_result))
    # Where the service ends before it answers, its own reason comes out.
    running.add_done_callback(lambda _: answering.done() or answering.cancel())
    try:
        return running, await answering
    except asyncio.CancelledError:
        await running
        raise
