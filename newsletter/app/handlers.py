"""Which pipeline function does the jobs of each kind, how many at once and how stubbornly."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from newsletter.analysis.triage import MOST_CHANGES
from newsletter.app.model import register_model
from newsletter.app.postage import operator_from, postage_from, revealed
from newsletter.app.reports import register_reports
from newsletter.digest.render import Renderer
from newsletter.pipeline.analyse import analyse_job
from newsletter.pipeline.at_once import send_at_once
from newsletter.pipeline.bounce import inbound_job
from newsletter.pipeline.close import close_when_ready
from newsletter.pipeline.compose import Imprint, compose
from newsletter.pipeline.deliver import deliver
from newsletter.pipeline.expand import complete, expand
from newsletter.pipeline.fetch import fetch
from newsletter.pipeline.installations import installation_job
from newsletter.pipeline.port import Job, Kind, Retries
from newsletter.pipeline.reconcile import reconcile_job
from newsletter.pipeline.recover import requeue
from newsletter.pipeline.redeliver import redeliver_job
from newsletter.resources import templates_directory
from newsletter.settings import Settings

if TYPE_CHECKING:
    from newsletter.app.service import Service

#: Attempts at once where they wait for nothing but our own database.
LOCAL_CONCURRENCY = 4
#: Requests to the GitHub API at once; GitHub asks to keep them few.
FETCH_CONCURRENCY = 8
RECONCILE_CONCURRENCY = 2
#: Changes under way at once for the model, besides two for each of its requests: three full questions.
FILLING_BATCHES = 3 * MOST_CHANGES

#: About nine hours of patience with GitHub; whatever it still keeps then is analysed from its push.
FETCH_RETRIES = Retries(max_attempts=45, first=timedelta(seconds=2), longest=timedelta(minutes=15))
#: A little more than an hour: until the next turn, which begins anew.
RECONCILE_RETRIES = Retries(max_attempts=13, first=timedelta(seconds=2), longest=timedelta(minutes=15))
LOCAL_RETRIES = Retries(max_attempts=50, first=timedelta(seconds=1), longest=timedelta(minutes=5))


def imprint_from(settings: Settings) -> Imprint:
    """Return what all digests have in common; compiles the templates, once."""
    sender = settings.mail.from_
    return Imprint(
        title=settings.title,
        language=settings.language,
        github_url=settings.github.web_url,
        domain=sender.domain if sender else "localhost",
        with_model=settings.llm.enabled,
        send_at=settings.send_at,
        renderer=Renderer(
            templates_directory(),
            base_url=settings.base_url,
            postal_address=settings.mail.postal_address,
            own=settings.templates_dir,
        ),
    )


def register_handlers(service: Service) -> None:
    """Register every handler with the service's engine of jobs."""
    _register_app(service)
    _register_collecting(service)
    _register_publishing(service)
    _register_inbound(service)
    register_model(service)


def _register_app(service: Service) -> None:
    """From what the GitHub App may read to what is followed, and to what its webhook did not get."""
    store, jobs, clock = service.store, service.jobs, service.clock

    async def do_installation(job: Job) -> None:
        await installation_job(job, store=store, jobs=jobs, app=service.github.app, now=clock())

    async def do_redeliver(job: Job) -> None:
        await redeliver_job(job, store=store, app=service.github.app, now=clock())

    # One after the other: a repository may go from one installation to another.
    jobs.register(Kind.INSTALLATION, do_installation, concurrency=1, retries=RECONCILE_RETRIES)
    jobs.register(Kind.REDELIVER, do_redeliver, concurrency=1, retries=RECONCILE_RETRIES)


def _register_collecting(service: Service) -> None:
    """From a stored push to the analyses of its commits."""
    settings, store, jobs, clock = service.settings, service.store, service.jobs, service.clock

    async def do_expand(job: Job) -> None:
        await expand(job.key, store=store, jobs=jobs, now=clock())

    async def do_complete(job: Job) -> None:
        await complete(job, store=store, jobs=jobs, github=service.github, now=clock())

    async def do_reconcile(job: Job) -> None:
        await reconcile_job(job, store=store, jobs=jobs, github=service.github, now=clock())

    async def do_fetch(job: Job) -> None:
        await fetch(job, store=store, jobs=jobs, github=service.github, now=clock())

    turns = asyncio.Semaphore(LOCAL_CONCURRENCY)

    async def do_analyse(job: Job) -> None:
        await analyse_job(
            job,
            store=store,
            jobs=jobs,
            analyst=service.analyst,
            orders=service.orders,
            language=settings.language,
            also=settings.reports.languages,
            turns=turns,
            send_at=settings.send_at,
            zone=settings.zone,
            now=clock(),
        )

    register = jobs.register
    # One after the other, in the order in which they came: each begins where the one before has ended.
    register(Kind.EXPAND, do_expand, concurrency=1, retries=LOCAL_RETRIES)
    register(Kind.COMPLETE, do_complete, concurrency=1, retries=FETCH_RETRIES)
    register(Kind.RECONCILE, do_reconcile, concurrency=RECONCILE_CONCURRENCY, retries=RECONCILE_RETRIES)
    register(Kind.FETCH, do_fetch, concurrency=FETCH_CONCURRENCY, retries=FETCH_RETRIES)
    # More than the model is asked at once: changes that wait together are asked about together.
    analysing = FILLING_BATCHES + 2 * settings.llm.concurrency if settings.llm.enabled else LOCAL_CONCURRENCY
    register(Kind.ANALYSE, do_analyse, concurrency=analysing, retries=LOCAL_RETRIES)


def _register_publishing(service: Service) -> None:
    """From the end of a day to its mails."""
    settings, store, jobs, clock = service.settings, service.store, service.jobs, service.clock
    imprint, operator = imprint_from(settings), operator_from(settings)
    postage = postage_from(settings, service.tokens) if service.tokens else None

    async def do_close(job: Job) -> None:
        # Work whose job was given up in an outage belongs into this digest as well.
        await requeue(store=store, jobs=jobs, now=clock())
        await close_when_ready(
            job,
            store=store,
            jobs=jobs,
            zone=settings.zone,
            language=settings.language,
            orders=service.orders,
            with_model=settings.llm.enabled,
            with_reports=settings.reports.enabled,
            now=clock(),
        )

    async def do_at_once(_: Job) -> None:
        await send_at_once(store=store, jobs=jobs, zone=settings.zone, now=clock())

    async def do_compose(job: Job) -> None:
        await compose(
            int(job.key),
            store=store,
            jobs=jobs,
            imprint=imprint,
            analyst=service.analyst,
            operator=operator,
            now=clock(),
        )

    async def do_deliver(job: Job) -> None:
        if postage is not None:
            await deliver(
                int(job.key), store=store, jobs=jobs, postage=postage, clock=clock, stopping=service.stop.is_set
            )

    register = jobs.register
    register(Kind.AT_ONCE, do_at_once, concurrency=1, retries=LOCAL_RETRIES)
    register(Kind.CLOSE, do_close, concurrency=1, retries=LOCAL_RETRIES)
    register(Kind.COMPOSE, do_compose, concurrency=1, retries=LOCAL_RETRIES)
    # One run at a time has all the connections there are.
    register(Kind.DELIVER, do_deliver, concurrency=1, retries=LOCAL_RETRIES)
    register_reports(service)


def _register_inbound(service: Service) -> None:
    """Register what handles mail that came in."""

    async def do_inbound(job: Job) -> None:
        if service.tokens is not None:
            keys = revealed(service.settings.secret_key)
            await inbound_job(job, store=service.store, keys=keys, tokens=service.tokens, now=service.clock())

    service.jobs.register(Kind.INBOUND, do_inbound, concurrency=1, retries=LOCAL_RETRIES)
