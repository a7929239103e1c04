"""What a web server that runs no jobs does about deliveries that it may have missed."""

from __future__ import annotations

import asyncio

from newsletter.app import open_service, serve
from newsletter.pipeline.port import Kind
from newsletter.settings import SERVING, load_settings
from newsletter.store import jobs
from newsletter.store.engine import Store
from tests.support.records import follow
from tests.support.waiting import PATIENCE, eventually


async def test_a_server_without_jobs_queues_the_comparison_that_it_cannot_run(database_url: str, store: Store) -> None:
    key = (await follow(store)).key
    settings = load_settings(
        environment={
            "NEWSLETTER_LISTEN": "127.0.0.1:0",
            "NEWSLETTER_DATABASE_URL": database_url,
            "NEWSLETTER_SECRET_KEY": "k" * 40,
            "NEWSLETTER_GITHUB__WEBHOOK_SECRETS": "a webhook secret",
            "NEWSLETTER_MAIL__FROM": "digest@news.example",
        },
        required=SERVING,
    )

    async def queued() -> bool:
        async with store.read() as connection:
            return await jobs.known_keys(connection, Kind.RECONCILE.value) == {key}

    async with open_service(settings) as service:
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(serve(service, with_jobs=False, ready=ready.set_result))
        await ready
        # At the start, and each time that something is missed.
        for _ in range(2):
            await eventually(queued)
            async with store.write() as transaction:
                (job,) = await jobs.due(
                    transaction.connection, Kind.RECONCILE.value, now=service.clock(), limit=9, running=()
                )
                await jobs.finish(transaction.connection, job.id)
            service.rounds.hurry()
        service.stop.set()
        await asyncio.wait_for(task, PATIENCE)
