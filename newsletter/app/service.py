"""The service: everything the verbs work with, opened and closed together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
from aiohttp import web

from newsletter.analysis.analyst import Analyst, ModelEndpoint
from newsletter.app.handlers import register_handlers
from newsletter.app.postage import revealed
from newsletter.errors import Fault, SettingsError
from newsletter.github.client import TIMEOUT, GitHubClient
from newsletter.jobs.embedded import LOCK_PATIENCE, EmbeddedJobs
from newsletter.jobs.rounds import Rounds
from newsletter.jobs.timer import DailyTimer
from newsletter.pipeline.deliver import park_unfinished
from newsletter.pipeline.port import Kind
from newsletter.pipeline.receive import Intake
from newsletter.pipeline.recover import requeue
from newsletter.pipeline.spending import Spending
from newsletter.resources import templates_directory
from newsletter.settings import SERVING, Settings
from newsletter.store.engine import Store
from newsletter.store.migrate import is_new, require_current, upgrade
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
    analyst: Analyst
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

    async def _repair(self) -> None:
        """Put right what the process before this one left behind; nobody else runs jobs meanwhile."""
        await park_unfinished(store=self.store, now=self.clock())
        await requeue(store=self.store, jobs=self.jobs, now=self.clock())

    def web_app(self) -> web.Application:
        """Build the web application."""
        settings = self.settings
        if self.tokens is None:
            raise SettingsError((Fault(name="NEWSLETTER_SECRET_KEY", expected="is required"),))
        templates = templates_directory() / "web"
        secrets = revealed(settings.github.webhook_secrets)
        pages = Pages(templates, title=settings.title, language=settings.language)
        return create_web_app(
            webhook=Webhook(
                intake=Intake(store=self.store, jobs=self.jobs),
                secrets=lambda: secrets,
                clock=self.clock,
                missed=self.rounds.hurry,
            ),
            readers=Readers(store=self.store, tokens=self.tokens, pages=pages, clock=self.clock),
            service=ServicePages(store=self.store, pages=pages, github_url=settings.github.web_url),
            static=templates,
        )


@asynccontextmanager
async def open_service(
    settings: Settings, *, clock: Callable[[], datetime] = utc_now, migrate: bool = True
) -> AsyncIterator[Service]:
    """Open the database and the clients, and close them at the end.

    A new SQLite database gets its tables. A PostgreSQL one must have the schema of this version, since several servers
    may share it and only one of them may change it.

    :param migrate: bring an SQLite database of an earlier version to the schema of this one, as its only server may;
        anybody else would do it under a service that runs.
    :raises SchemaBehind: `newsletter migrate` has to be run first.
    :raises SchemaAhead: a newer version has been here.
    """
    async with AsyncExitStack() as stack:
        store = Store(settings.database_url)
        stack.push_async_callback(store.close)
        if store.is_sqlite and (migrate or await is_new(store)):
            await upgrade(store)
        else:
            await require_current(store)
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=TIMEOUT))
        spending = Spending(store, daily_tokens=settings.llm.daily_tokens, clock=clock)
        analyst = Analyst(_endpoint(settings), ledger=spending)
        stack.push_async_callback(analyst.close)
        keys = revealed(settings.secret_key)
        token = settings.github.token
        jobs = EmbeddedJobs(store, clock=clock)
        rounds = Rounds(store=store, jobs=jobs, clock=clock)
        yield Service(
            settings=settings,
            store=store,
            jobs=jobs,
            github=GitHubClient(
                session,
                api_url=settings.github.api_url,
                token=token.get_secret_value() if token else None,
                recovered=rounds.hurry,
            ),
            analyst=analyst,
            tokens=Tokens(keys) if keys else None,
            clock=clock,
            rounds=rounds,
            stop=asyncio.Event(),
        )


def require_serving(settings: Settings) -> None:
    """Make sure that everything is set that mails cannot be made without.

    :raises SettingsError: naming each that is missing.
    """
    given = {
        "SECRET_KEY": settings.secret_key,
        "GITHUB__WEBHOOK_SECRETS": settings.github.webhook_secrets,
        "MAIL__FROM": settings.mail.from_,
    }
    missing = [Fault(name=f"NEWSLETTER_{name}", expected="is required") for name in SERVING if not given[name]]
    if missing:
        raise SettingsError(tuple(missing))


def _endpoint(settings: Settings) -> ModelEndpoint | None:
    llm = settings.llm
    if llm.base_url is None or llm.model is None:
        return None
    return ModelEndpoint(
        base_url=llm.base_url,
        api_key=llm.api_key.get_secret_value() if llm.api_key else None,
        model=llm.model,
        concurrency=llm.concurrency,
        timeout_seconds=llm.timeout_seconds,
        tokens_per_minute=llm.tokens_per_minute,
    )
