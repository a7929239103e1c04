"""``newsletter work``: the schedule and the jobs without the web."""

from __future__ import annotations

import typer

from newsletter.app import work as run_jobs
from newsletter.cli.serve import warn_of
from newsletter.cli.session import run, service_for, stop_on_signals
from newsletter.settings import SERVING


def add_to(program: typer.Typer) -> None:
    """Add the verb."""
    program.command("work")(work)


def work(context: typer.Context) -> None:
    """Run the schedule and the jobs only, beside `serve --no-jobs`."""

    async def keep_working() -> None:
        async with service_for(context, required=SERVING) as service:
            stop_on_signals(service)
            warn_of(service.settings)
            await run_jobs(service)

    run(keep_working())
