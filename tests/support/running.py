"""Runs the service's web application on a free port over a database of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

import subscribers
from newsletter.github.record import Repository
from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.pipeline.notices import Notices
from newsletter.pipeline.receive import Intake
from newsletter.resources import templates_directory
from newsletter.store import repositories
from newsletter.store.engine import Store
from newsletter.store.migrate import upgrade
from newsletter.web.archive.desk import Desk
from newsletter.web.archive.routes import archive_routes
from newsletter.web.kept import Kept
from newsletter.web.pages import Pages
from newsletter.web.readers import Readers
from newsletter.web.routes import create_web_app
from newsletter.web.service import ServicePages
from newsletter.web.webhook import BODY_TIMEOUT, Webhook, none_joined
from subscribers import EVERY_REPOSITORY, Choice, Level, Preferences, Status, Subscriber, Tokens
from tests.support.app_keys import CREDENTIALS, present
from tests.support.pushes import SAMPLE, SECRET

NOW = datetime(2026, 1, 21, 8, 0, tzinfo=UTC)
KEY = "a key that signs links and has its 32 characters"


@dataclass(frozen=True, kw_only=True)
class Running:
    """A service that answers at :attr:`url`."""

    url: str
    host: str
    port: int
    store: Store
    database: Path
    tokens: Tokens
    client: aiohttp.ClientSession
    app: web.Application

    def rows(self, query: str) -> list[Any]:
        """Return what another process would see on disk at this moment."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()

    async def counted(self, sample: str) -> float:
        """Return a sample of ``/metrics``, for example ``newsletter_webhooks_total{result="ping"}``; 0 where absent."""
        async with self.client.get(f"{self.url}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{sample} ")), 0.0)

    async def follow(self, full_name: str, *, github_id: int, private: bool = False) -> None:
        """Follow a repository."""
        known = Repository(github_id=github_id, full_name=full_name, default_branch="main", private=private)
        async with self.store.write() as transaction:
            await repositories.add(transaction.connection, full_name, known=known, now=NOW)

    async def reader(
        self, address: str = "ada@example.org", *, language: str = "en", status: Status = Status.ACTIVE
    ) -> Subscriber:
        """Store a reader."""
        async with self.store.write() as transaction:
            return await subscribers.add(
                transaction.connection,
                subscribers.parse_address(address),
                Preferences.of(language, [Choice(repository=EVERY_REPOSITORY, threshold=Level.LOW)]),
                status=status,
                now=NOW,
            )

    def statuses(self) -> list[str]:
        """Return the status of every reader, as it is on disk."""
        return [status for (status,) in self.rows("SELECT status FROM subscribers ORDER BY id")]


@asynccontextmanager
async def running(
    folder: Path,
    *,
    secrets: Sequence[str] = (SECRET,),
    keys: Sequence[str] = (KEY,),
    migrated: bool = True,
    follow: bool = True,
    language: str = "en",
    body_timeout: float = BODY_TIMEOUT,
    renewed: Callable[[Sequence[str]], Awaitable[bool]] = none_joined,
    with_app: bool = True,
) -> AsyncIterator[Running]:
    """Run the web application.

    :param secrets: those of the moment; they may become others while it runs.
    :param follow: whether the repositories of the sample day are followed.
    :param with_app: whether there is a GitHub App.
    """
    database = folder / "newsletter.db"
    store = Store(f"sqlite:///{database}", busy_timeout=0.05)
    if migrated:
        await upgrade(store)
    templates = templates_directory() / "web"
    pages = Pages(templates, title="Rocket news", language=language)
    tokens = Tokens(keys)
    jobs = EmbeddedJobs(store, clock=lambda: NOW)
    app = create_web_app(
        webhook=Webhook(
            intake=Intake(store=store, jobs=jobs),
            notices=Notices(store=store, jobs=jobs, credentials=present(CREDENTIALS if with_app else None)),
            secrets=lambda: tuple(secrets),
            renewed=renewed,
            clock=lambda: NOW,
            body_timeout=body_timeout,
        ),
        readers=Readers(store=store, tokens=tokens, pages=pages, clock=lambda: NOW),
        service=ServicePages(store=store, pages=pages, github_url="https://github.com"),
        static=templates,
        archive=archive_routes(
            Desk(
                store=store,
                pages=pages,
                kept=Kept(store),
                title="Rocket news",
                language=language,
                base_url="https://news.example",
                github_url="https://github.com",
            )
        ),
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    # A jar that takes nothing: no page may depend on a cookie.
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
        service = Running(
            url=f"http://{host}:{port}",
            host=host,
            port=port,
            store=store,
            database=database,
            tokens=tokens,
            client=client,
            app=app,
        )
        if follow and migrated:
            for repository in SAMPLE.repositories:
                await service.follow(repository.full_name, github_id=repository.rest["id"])
        try:
            yield service
        finally:
            await runner.cleanup()
            await store.close()
