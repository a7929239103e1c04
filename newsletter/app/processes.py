"""What a process of the service does until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection

from aiohttp import web

from newsletter.app.inbound import inbound_server
from newsletter.app.memory import settle
from newsletter.app.service import Service
from newsletter.logs import get_logger

log = get_logger("serve")


async def serve(service: Service, *, with_jobs: bool, ready: Callable[[str], None]) -> None:
    """Answer HTTP, and keep the time and run the jobs unless told otherwise, until the service is to stop.

    :param ready: called with the address once it answers.
    :raises OSError: the address cannot be listened on.
    """
    if with_jobs:
        service.register()
    await service.apps.start()
    runner = web.AppRunner(service.web_app(), access_log=None, shutdown_timeout=10)
    await runner.setup()
    listen = service.settings.listen
    site = web.TCPSite(runner, listen.host, listen.port)
    inbound, inbound_at = inbound_server(service), service.settings.inbound.listen

    async def answer() -> None:
        settle()
        await site.start()
        host, port = runner.addresses[0][:2]
        try:
            if inbound is not None and inbound_at is not None:
                log.info("taking mails in", action="inbound.ready", port=await inbound.start(*inbound_at))
            ready(f"http://{f'[{host}]' if ':' in host else host}:{port}")
            await service.stop.wait()
        finally:
            if inbound is not None:
                await inbound.stop()
            await runner.cleanup()

    await _together(
        service,
        [
            answer,
            service.run_app_source,
            *((service.run_timer, service.run_jobs) if with_jobs else (service.run_hurries,)),
        ],
    )


async def work(service: Service) -> None:
    """Keep the time and run the jobs until the service is to stop."""
    service.register()
    await service.apps.start()
    await _together(service, [service.run_timer, service.run_jobs])


async def _together(service: Service, parts: Collection[Callable[[], Awaitable[None]]]) -> None:
    """Run the parts until all have ended; where one fails, the others are told to stop and finish what they do."""

    async def run(part: Callable[[], Awaitable[None]]) -> None:
        try:
            await part()
        finally:
            service.stop.set()

    results = await asyncio.gather(*(run(part) for part in parts), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
