"""``newsletter digests``: close a day, look at what a reader gets, list what is closed."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from newsletter.app import Service, imprint_from, operator_from
from newsletter.cli.session import print_list, run, service_for
from newsletter.digest.record import Rendering
from newsletter.digest.schedule import day_bounds
from newsletter.errors import InputError, JobsLocked, NewsletterError
from newsletter.github.faults import GitHubError, GitHubUnavailable
from newsletter.languages import supported_languages
from newsletter.pipeline.close import Closed, close_day, outstanding
from newsletter.pipeline.compose import compose, preview
from newsletter.pipeline.port import Kind
from newsletter.pipeline.reconcile import reconcile
from newsletter.pipeline.unfit import UnfitMail
from newsletter.store import digests, repositories
from subscribers import EVERY_REPOSITORY, Choice, Level, Preferences

program = typer.Typer(no_args_is_help=True, help="Closed days and what their mails look like.")

#: Before it git counted no time; the last day of the calendar has no next one in which it would be over.
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(9999, 12, 30)


def _within_calendar(day: datetime) -> datetime:
    if not FIRST_DAY <= day.date() <= LAST_DAY:
        raise typer.BadParameter(f"{day.date()} is not between {FIRST_DAY} and {LAST_DAY}.")
    return day


Day = Annotated[
    datetime, typer.Option(formats=["%Y-%m-%d"], callback=_within_calendar, help="In the newsletter's time zone.")
]
#: Between two looks at what is still missing.
LOOK_AGAIN = timedelta(milliseconds=200)
#: For one repository, seconds.
MOST_TO_COMPARE = 60
#: What an analysis needs; mails are left to `serve` and `work`.
BEFORE_CLOSING = frozenset({Kind.EXPAND, Kind.COMPLETE, Kind.FETCH, Kind.ANALYSE})


@program.command()
def close(
    context: typer.Context,
    day: Day,
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for analyses under way; then the rules write the rest.")
    ] = 300,
    reconciling: Annotated[
        bool, typer.Option("--reconcile/--no-reconcile", help="Ask GitHub first whether a push was missed.")
    ] = True,
) -> None:
    """Close a day: freeze its digest, render it for every cohort and queue the mails, whatever hour readers chose."""

    async def work() -> tuple[Closed, bool]:
        async with service_for(context) as service:
            if reconciling:
                await _reconcile(service)
            await _wait_for_analyses(service, day.date(), patience=timedelta(seconds=wait))
            settings = service.settings
            closed = await close_day(
                day.date(),
                store=service.store,
                jobs=service.jobs,
                zone=settings.zone,
                language=settings.language,
                orders=service.orders,
                with_model=settings.llm.enabled,
                with_reports=settings.reports.enabled,
                now=service.clock(),
            )
            imprint, operator = imprint_from(settings), operator_from(settings)
            for digest_id in closed.made:
                await compose(
                    digest_id,
                    store=service.store,
                    jobs=service.jobs,
                    imprint=imprint,
                    operator=operator,
                    now=service.clock(),
                )
            return closed, service.clock() >= day_bounds(closed.day, settings.zone)[1]

    closed, ended = run(work())
    changes = f"{closed.changes} {'change' if closed.changes == 1 else 'changes'}"
    if closed.new:
        typer.echo(f"Closed {closed.day}: {changes}. The mails are queued; `serve` or `work` sends them.")
        if not ended:
            typer.echo(f"{closed.day} has not ended yet: what still comes goes into the next digest.", err=True)
    else:
        typer.echo(f"{closed.day} was closed already, with {changes}; nothing was changed.")


async def _reconcile(service: Service) -> None:
    async with service.store.read() as connection:
        followed = await repositories.everything(connection)
    with Console(stderr=True).status("") as status:
        for repository in followed:
            status.update(f"Comparing {repository.full_name} with GitHub …")
            try:
                async with asyncio.timeout(MOST_TO_COMPARE):
                    await reconcile(
                        repository,
                        store=service.store,
                        jobs=service.jobs,
                        github=service.github,
                        now=service.clock(),
                    )
            except (GitHubError, TimeoutError) as error:
                reason = str(error) or "no answer in time"
                typer.echo(f"{repository.full_name}: a missed push would not be noticed ({reason}).", err=True)
                if isinstance(error, GitHubUnavailable | TimeoutError):
                    # It would not answer about the others either.
                    return
    async with service.store.read() as connection:
        compared = await repositories.everything(connection)
    for repository in compared:
        if repository.problem is not None:
            typer.echo(f"{repository.full_name}: {repository.problem}", err=True)


async def _wait_for_analyses(service: Service, day: date, *, patience: timedelta) -> None:
    """Wait for what is under way in another process, or do it here where no other process is at it."""
    zone = service.settings.zone
    if not await outstanding(day, store=service.store, zone=zone):
        return
    service.register()
    helper = asyncio.create_task(_help(service))
    deadline = asyncio.get_running_loop().time() + patience.total_seconds()
    with Console(stderr=True).status("") as status:
        while missing := await outstanding(day, store=service.store, zone=zone):
            if asyncio.get_running_loop().time() > deadline:
                typer.echo(f"{missing} analyses are still missing; the rules write them.", err=True)
                break
            status.update(f"Waiting for {missing} {'analysis' if missing == 1 else 'analyses'} …")
            await asyncio.sleep(LOOK_AGAIN.total_seconds())
    service.stop.set()
    await helper


async def _help(service: Service) -> None:
    try:
        await service.run_jobs(only=BEFORE_CLOSING)
    except JobsLocked:
        # Another process runs the jobs already: the usual case.
        return


@program.command("preview")
def show(
    context: typer.Context,
    day: Day,
    out: Annotated[Path, typer.Option(help="File for the HTML; the text goes beside it as .txt.")],
    threshold: Annotated[Level, typer.Option(help="The lowest importance wanted.")] = Level.LOW,
    language: Annotated[str | None, typer.Option(help="Default: the newsletter's.")] = None,
    repository: Annotated[
        list[str] | None, typer.Option(metavar="OWNER/NAME", help="May be given several times; default: all public.")
    ] = None,
) -> None:
    """Write the mail of a closed day as a reader with these preferences gets it; nothing is sent."""
    if language is not None and language not in supported_languages():
        raise InputError(f"unknown language {language!r}; there are: {', '.join(supported_languages())}")

    if out.suffix.lower() == ".txt":
        raise InputError(f"{out} is where the text would go; name the file of the HTML, for example {out.stem}.html")

    async def work() -> str:
        async with service_for(context) as service:
            keys = await _keys(service, repository or [])
            preferences = Preferences.of(
                language or service.settings.language,
                [Choice(repository=key, threshold=threshold) for key in keys],
                timezone=service.settings.timezone,
            )
            try:
                rendering = await preview(
                    day.date(),
                    preferences,
                    store=service.store,
                    imprint=imprint_from(service.settings),
                    now=service.clock(),
                )
            except LookupError as error:
                raise NewsletterError(f"{error.args[0]}: newsletter digests close --day {day:%Y-%m-%d}") from error
            except UnfitMail as unfit:
                # To be looked at: what is wrong may be easier to see than to say.
                if unfit.rendering is not None:
                    _write(unfit.rendering, out)
                raise
        if rendering is None:
            raise NewsletterError(f"nothing on {day:%Y-%m-%d} reaches {threshold.value}, so there is no mail")
        _write(rendering, out)
        return rendering.subject

    subject = run(work())
    typer.echo(f"{subject}\n{out} and {out.with_suffix('.txt')}")


def _write(rendering: Rendering, out: Path) -> None:
    out.write_text(rendering.html, encoding="utf-8")
    out.with_suffix(".txt").write_text(f"Subject: {rendering.subject}\n\n{rendering.text}", encoding="utf-8")


async def _keys(service: Service, names: list[str]) -> list[str]:
    if not names:
        return [EVERY_REPOSITORY]
    keys = []
    async with service.store.read() as connection:
        for name in names:
            repository = await repositories.by_name(connection, name)
            if repository is None:
                raise InputError(f"{name} is not followed")
            keys.append(repository.key)
    return list(dict.fromkeys(keys))


@program.command("list")
def listing(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="How many of the latest.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """Show the digests, newest first: closed days, weeks by their last day, and what went out at once."""

    async def work() -> tuple[digests.DigestCount, ...]:
        async with service_for(context) as service, service.store.read() as connection:
            return await digests.recent(connection, limit=limit)

    rows: list[dict[str, Any]] = [
        {
            "cadence": digest.cadence.value,
            "day": digest.day.isoformat(),
            "changes": digest.changes,
            **{level.value: digest.levels[level] for level in Level},
            "late": digest.late,
            "composed": digest.composed,
            "closed": digest.closed_at.isoformat(timespec="seconds"),
        }
        for digest in run(work())
    ]
    print_list(rows, as_json=as_json, empty="No day is closed yet: newsletter digests close --day YYYY-MM-DD")
