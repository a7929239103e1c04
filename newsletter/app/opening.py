"""From settings to a service: the database and the clients are opened, and closed at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime

import aiohttp

from newsletter.analysis.analyst import Analyst, ModelEndpoint
from newsletter.app.github import APP_TURNS, app_source, github_client, present_credentials
from newsletter.app.levels import orders_from
from newsletter.app.model import model_turns
from newsletter.app.postage import revealed
from newsletter.app.service import Service, utc_now
from newsletter.github.client import TIMEOUT
from newsletter.github.conversion import Conversions
from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.jobs.rounds import Rounds
from newsletter.pipeline.spending import Spending
from newsletter.settings import Settings
from newsletter.store.engine import Store
from newsletter.store.migrate import is_new, require_current, upgrade
from newsletter.store.sealing import Seal
from subscribers import Tokens


@asynccontextmanager
async def open_service(
    settings: Settings, *, clock: Callable[[], datetime] = utc_now, migrate: bool = True
) -> AsyncIterator[Service]:
    """Open the database and the clients, and close them at the end.

    A new SQLite database gets its tables. A PostgreSQL one must have the schema of this version, since several servers
    may share it and only one of them may change it.

    :param migrate: bring an SQLite database of an earlier version to the schema of this one, as its only server may;
        anybody else would do it under a service that runs.
    :raises SettingsError: the operator's rules for levels cannot be used.
    :raises SchemaBehind: `newsletter migrate` has to be run first.
    :raises SchemaAhead: a newer version has been here.
    """
    orders = orders_from(settings.levels.file)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(_database(settings.database_url, migrate=migrate))
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=TIMEOUT))
        spending = Spending(store, daily_tokens=settings.llm.daily_tokens, clock=clock)
        analyst = Analyst(_endpoint(settings), ledger=spending)
        stack.push_async_callback(analyst.close)
        keys = revealed(settings.secret_key)
        seal = Seal(keys) if keys else None
        apps = app_source(settings, store=store, seal=seal)
        credentials = present_credentials(apps)
        jobs = EmbeddedJobs(store, clock=clock)
        rounds = Rounds(store=store, jobs=jobs, clock=clock, besides=(*APP_TURNS, *model_turns(settings)))
        yield Service(
            settings=settings,
            store=store,
            jobs=jobs,
            github=github_client(
                settings, session, store=store, credentials=credentials, recovered=rounds.hurry, clock=clock
            ),
            credentials=credentials,
            apps=apps,
            conversions=Conversions(session, api_url=settings.github.api_url, web_url=settings.github.web_url),
            seal=seal,
            analyst=analyst,
            orders=orders,
            tokens=Tokens(keys) if keys else None,
            clock=clock,
            rounds=rounds,
            stop=asyncio.Event(),
        )


@asynccontextmanager
async def _database(url: str, *, migrate: bool) -> AsyncIterator[Store]:
    store = Store(url)
    try:
        if store.is_sqlite and (migrate or await is_new(store)):
            await upgrade(store)
        else:
            await require_current(store)
        yield store
    finally:
        await store.close()


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
