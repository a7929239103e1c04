"""``newsletter repositories``: which repositories are followed, and what of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from newsletter.app import Service
from newsletter.cli.session import print_list, run, service_for
from newsletter.errors import InputError, NewsletterError
from newsletter.github.client import GitHubClient
from newsletter.github.faults import GitHubError, NotOnGitHub
from newsletter.github.payload import is_full_name
from newsletter.pipeline.backfill import Filled, backfill
from newsletter.pipeline.follow import Introduction, follow, introduce
from newsletter.store import installations, repositories
from newsletter.store.repositories import FollowedRepository
from newsletter.store.states import Stopped

program = typer.Typer(no_args_is_help=True, help="Which repositories are followed.")

#: Before it git counted no time.
FIRST_DAY = date(1970, 1, 1)
SHORTEST_POLL, LONGEST_POLL = timedelta(minutes=1), timedelta(days=1)
_DURATION = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

_REASONS = {
    Stopped.REMOVED: "removed from the App's installation",
    Stopped.UNINSTALLED: "the App was uninstalled",
    Stopped.SUSPENDED: "the App is suspended",
    Stopped.DELETED: "deleted on GitHub",
}

FullName = Annotated[str, typer.Argument(metavar="OWNER/NAME")]


@program.command()
def add(
    context: typer.Context,
    full_name: FullName,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Ask GitHub about the repository; else its first push tells.")
    ] = True,
    branch: Annotated[
        list[str] | None,
        typer.Option(help="A branch that counts, or a pattern like 'release/*'; may be repeated. [default branch]"),
    ] = None,
    poll: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION", help="Without a webhook: how often to ask GitHub, as in 15m or 1h; off ends it."
        ),
    ] = None,
) -> None:
    """Follow a repository from now on. Repeat it with other options to change them."""
    _require_full_name(full_name)
    interval = _interval(poll)

    async def work() -> tuple[FollowedRepository, bool]:
        async with service_for(context) as service:
            introduction = await _ask(service.github, full_name, branch or ()) if check else None
            return await follow(
                full_name,
                introduction=introduction,
                branch_patterns=branch,
                poll=interval,
                store=service.store,
                now=service.clock(),
            )

    repository, new = run(work())
    kind = "private" if repository.private else "public"
    if repository.github_id is None:
        kind = "treated as private until its first push says otherwise"
    typer.echo(f"{'Following' if new else 'Already following'} {repository.full_name} ({kind}).")
    if interval:
        typer.echo(f"GitHub is asked every {_duration(interval)} for what is new.")


def _require_full_name(full_name: str) -> None:
    if not is_full_name(full_name):
        raise InputError(f"expected OWNER/NAME, for example python/cpython; got {full_name!r}")


def _interval(text: str | None) -> timedelta | None:
    if text is None:
        return None
    if text == "off":
        return timedelta(0)
    match = _DURATION.fullmatch(text)
    interval = timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else timedelta(0)
    if not SHORTEST_POLL <= interval <= LONGEST_POLL:
        raise InputError(f"expected a duration between 1m and 1d, for example 15m or 1h, or off; got {text!r}")
    return interval


def _duration(interval: timedelta) -> str:
    seconds = int(interval.total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


async def _ask(github: GitHubClient, full_name: str, branches: list[str] | tuple[()]) -> Introduction | None:
    try:
        return await introduce(full_name, branch_patterns=branches, github=github)
    except NotOnGitHub as error:
        raise NewsletterError(
            f"GitHub knows no repository {full_name}, or not for this token (NEWSLETTER_GITHUB__TOKEN); "
            "to follow it all the same: --no-check"
        ) from error
    except GitHubError as error:
        typer.echo(f"GitHub could not be asked ({error}); the first push will complete what is known.", err=True)
        return None


@program.command("list")
def listing(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """Show the repositories that are followed, how, and those that are not any more."""

    async def work() -> tuple[tuple[FollowedRepository, ...], dict[int, str]]:
        async with service_for(context) as service, service.store.read() as connection:
            known = await installations.everything(connection)
            return await repositories.ever_followed(connection), {each.id: each.account for each in known}

    found, accounts = run(work())
    rows = [
        {
            "repository": repository.full_name,
            "private": repository.private,
            "default_branch": repository.default_branch,
            "branches": ", ".join(repository.branch_patterns) or repository.default_branch,
            "followed": _how(repository, accounts),
            "poll": None if repository.poll is None else _duration(repository.poll),
            "compared": repository.reconciled_at and repository.reconciled_at.isoformat(timespec="seconds"),
            "problem": repository.problem,
            "added": repository.added_at.isoformat(timespec="seconds"),
        }
        for repository in found
    ]
    print_list(rows, as_json=as_json, empty="No repository is followed yet: newsletter repositories add OWNER/NAME")


def _how(repository: FollowedRepository, accounts: Mapping[int, str]) -> str:
    """Say for whose sake a repository is followed, or why it is not any more."""
    if repository.stopped is not None:
        return f"no: {_REASONS[repository.stopped]}"
    ways = ["by hand"] if repository.by_hand_at is not None else []
    if repository.installation_id is not None:
        ways.append(f"by the App on {accounts.get(repository.installation_id) or repository.installation_id}")
    return ", ".join(ways)


def _within_history(day: datetime) -> datetime:
    # The calendars of some zones end not long before year 1 does.
    if day.date() < FIRST_DAY:
        raise typer.BadParameter(f"{day.date()} is before {FIRST_DAY}.")
    return day


@program.command("backfill")
def fill(
    context: typer.Context,
    full_name: FullName,
    since: Annotated[
        datetime,
        typer.Option(
            formats=["%Y-%m-%d"], callback=_within_history, help="First day to look at, in the newsletter's time zone."
        ),
    ],
) -> None:
    """Fetch what reached a repository's branches since a day and is not known yet.

    It goes into the digests of its days where they are not closed yet, else into the next one. What a digest already
    had is never sent again.
    """
    _require_full_name(full_name)

    async def work() -> Filled:
        async with service_for(context) as service:
            start = since.replace(tzinfo=service.settings.zone).astimezone(UTC)
            if start > service.clock():
                raise InputError(f"{since.date()} has not begun yet")
            async with service.store.read() as connection:
                repository = await repositories.by_name(connection, full_name)
            if repository is None or not repository.followed:
                raise InputError(f"{full_name} is not followed: newsletter repositories add {full_name}")
            return await _with_progress(service, repository, start)

    filled = run(work())
    typer.echo(
        f"{filled.seen} commits since {since.date()}, {filled.new} of them new. "
        "`serve` or `work` analyses them; `digests close --day` closes a past day."
    )


async def _with_progress(service: Service, repository: FollowedRepository, since: datetime) -> Filled:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("commits"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(repository.full_name, total=None)
        return await backfill(
            repository,
            since=since,
            store=service.store,
            jobs=service.jobs,
            github=service.github,
            now=service.clock(),
            progress=lambda branch, listed: bar.update(task, description=branch, completed=listed),
        )
