"""The service: everything the verbs work with, opened and closed together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from newsletter.analysis.analyst import Analyst
from newsletter.analysis.orders import Orders
from newsletter.app.admin import operators_pages
from newsletter.app.app_source import AppSource
from newsletter.app.handlers import register_handlers
from newsletter.app.postage import revealed
from newsletter.errors import Fault, SettingsError
from newsletter.github.client import GitHubClient
from newsletter.github.conversion import Conversions
from newsletter.github.credentials import PresentCredentials
from newsletter.jobs.embedded import LOCK_PATIENCE, EmbeddedJobs
from newsletter.jobs.rounds import Rounds
from newsletter.jobs.timer import DailyTimer
from newsletter.pipeline.deliver import park_unfinished
from newsletter.pipeline.notices import Notices
from newsletter.pipeline.port import Kind
from newsletter.pipeline.receive import Intake
from newsletter.pipeline.recover import requeue
from newsletter.resources import templates_directory
from newsletter.settings import Settings
from newsletter.store.engine import Store
from newsletter.store.sealing import Seal
from newsletter.web.archive.desk import Desk
from newsletter.web.archive.routes import archive_routes
from newsletter.web.kept import Kept
from newsletter.web.pages import Pages
from newsletter.web.readers import Readers
from newsletter.web.routes import create_web_app
from newsletter.web.service import ServicePages
from newsletter.web.webhook import Webhook
from subscribers import Tokens


def utc_now() -> datetime:
    """Return the present time, aware."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Service:
    """Everything the verbs work with."""

    settings: Settings
    store: Store
    jobs: EmbeddedJobs
    github: GitHubClient
    apps: AppSource
    conversions: Conversions
    seal: Seal | None
    #: Which GitHub App the service is at a moment.
    credentials: PresentCredentials
    analyst: Analyst
    #: The operator's rules for levels.
    orders: Orders
    tokens: Tokens | None
    clock: Callable[[], datetime]
    rounds: Rounds
    stop: asyncio.Event

    def register(self) -> None:
        """Say who does the jobs of each kind; compiles the templates, so that a broken one is known at start."""
        register_handlers(self)

    async def run_jobs(self, *, only: Collection[Kind] | None = None) -> None:
        """Run jobs until :attr:`stop` is set; :meth:`register` comes first."""
        if only is None:
            # A verb that helps for a while has the lock until it has ended.
            await self.jobs.run(self.stop, before=self._repair, patience=LOCK_PATIENCE)
        else:
            await self.jobs.run(self.stop, only=only)

    async def run_timer(self) -> None:
        """Close each day at its time, and compare with GitHub in between, until :attr:`stop` is set."""
        timer = DailyTimer(
            store=self.store,
            jobs=self.jobs,
            send_at=self.settings.send_at,
            zone=self.settings.zone,
            clock=self.clock,
        )
        await asyncio.gather(timer.run(self.stop), self.rounds.run(self.stop))

    async def run_hurries(self) -> None:
        """Queue the comparison of what may have been missed here, where another process keeps the time."""
        await self.rounds.run_hurries(self.stop)

    async def run_app_source(self) -> None:
        """Notice which GitHub App the service is, until :attr:`stop` is set."""
        await self.apps.run(self.stop)

    async def _repair(self) -> None:
        """Put right what the process before this one left behind; nobody else runs jobs meanwhile."""
        await park_unfinished(store=self.store, now=self.clock())
        await requeue(store=self.store, jobs=self.jobs, now=self.clock())

    def web_app(self) -> web.Application:
        """Build the web application."""
        settings = self.settings
        if self.tokens is None or self.seal is None:
            raise SettingsError((Fault(name="NEWSLETTER_SECRET_KEY", expected="is required"),))
        templates = templates_directory() / "web"
        pages = Pages(templates, title=settings.title, language=settings.language)
        return create_web_app(
            webhook=Webhook(
                intake=Intake(store=self.store, jobs=self.jobs),
                notices=Notices(store=self.store, jobs=self.jobs, credentials=self.credentials),
                secrets=self.apps.webhook_secrets,
                renewed=self.apps.renewed,
                clock=self.clock,
                missed=self.rounds.hurry,
            ),
            readers=Readers(store=self.store, tokens=self.tokens, pages=pages, clock=self.clock),
            service=ServicePages(store=self.store, pages=pages, github_url=settings.github.web_url),
            static=templates,
            archive=archive_routes(
                Desk(
                    store=self.store,
                    pages=pages,
                    kept=Kept(self.store),
                    title=settings.title,
                    language=settings.language,
                    base_url=settings.base_url,
                    github_url=settings.github.web_url,
                )
            ),
            admin=operators_pages(
                self, pages, keys=revealed(settings.secret_key), seal=self.seal, conversions=self.conversions
            ),
        )
