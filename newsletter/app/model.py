"""What has to be done about the model in its turns: watch it, and try again what it failed at."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from newsletter.app.postage import operator_from
from newsletter.jobs.rounds import Turn
from newsletter.pipeline.again import EVERYTHING, try_again
from newsletter.pipeline.port import Job, Kind, Retries
from newsletter.pipeline.watch import MODEL, watch
from newsletter.settings import Settings

if TYPE_CHECKING:
    from newsletter.app.service import Service

#: How often the last hour is looked at.
WATCH_PAUSE = timedelta(minutes=5)
#: The next turn comes anyway.
RETRIES = Retries(max_attempts=3, first=timedelta(seconds=10), longest=timedelta(minutes=1))
#: Visits to the database at once, so that the analyses of the day are not held up.
VISITS = 2


def model_turns(settings: Settings) -> tuple[Turn, ...]:
    """Return what has its turns where a model is asked."""
    if not settings.llm.enabled:
        return ()
    return (Turn(kind=Kind.WATCH, key=MODEL, pause=WATCH_PAUSE), Turn(kind=Kind.AGAIN, key=EVERYTHING))


def register_model(service: Service) -> None:
    """Register what does these jobs."""
    store, jobs, clock = service.store, service.jobs, service.clock
    operator, turns = operator_from(service.settings), asyncio.Semaphore(VISITS)

    async def do_watch(_: Job) -> None:
        await watch(store=store, jobs=jobs, analyst=service.analyst, operator=operator, now=clock())

    async def do_again(_: Job) -> None:
        await try_again(
            store=store,
            jobs=jobs,
            analyst=service.analyst,
            turns=turns,
            language=service.settings.language,
            orders=service.orders,
            now=clock(),
        )

    jobs.register(Kind.WATCH, do_watch, concurrency=1, retries=RETRIES)
    jobs.register(Kind.AGAIN, do_again, concurrency=1, retries=RETRIES)
