"""``newsletter subscribers``: the readers."""

from __future__ import annotations

import re
from datetime import datetime, time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

import subscribers
from newsletter.app import Service
from newsletter.cli.session import print_list, run, service_for
from newsletter.errors import InputError, NewsletterError
from newsletter.languages import supported_languages
from newsletter.store import repositories
from subscribers import (
    DAILY,
    EVERY_REPOSITORY,
    Address,
    Cadence,
    Choice,
    Level,
    Preferences,
    Rhythm,
    Status,
    Subscriber,
    Weekday,
)

program = typer.Typer(no_args_is_help=True, help="Who reads the newsletter.")

PAGE = 500


@program.command()
def add(
    context: typer.Context,
    address: Annotated[str, typer.Argument(metavar="ADDRESS")],
    threshold: Annotated[Level, typer.Option(help="The lowest importance wanted.")] = Level.MEDIUM,
    repository: Annotated[
        list[str] | None,
        typer.Option(metavar="OWNER/NAME", help="May be given several times; without it: every public repository."),
    ] = None,
    language: Annotated[str | None, typer.Option(help="Of the mails; default: the newsletter's.")] = None,
    timezone: Annotated[str | None, typer.Option(help="IANA name; default: the newsletter's.")] = None,
    cadence: Annotated[Cadence, typer.Option(help="How often a digest comes.")] = Cadence.DAILY,
    weekday: Annotated[
        Weekday | None, typer.Option(help="On which the weekly digest of the seven days before comes; default: monday.")
    ] = None,
    hour: Annotated[
        str | None, typer.Option(metavar="HH:MM", help="In the reader's zone; default: the newsletter's hour, there.")
    ] = None,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="Also mail high changes within 15 minutes, at most four times a day.")
    ] = False,
    confirmed: Annotated[
        bool, typer.Option("--confirmed", help="The reader has agreed; without it no mail is sent to them.")
    ] = False,
) -> None:
    """Add a reader. With --confirmed, one who was added without it becomes active and keeps what they chose."""
    checked = subscribers.parse_address(address)
    if language is not None and language not in supported_languages():
        raise InputError(f"unknown language {language!r}; there are: {', '.join(supported_languages())}")
    _check_zone(timezone)
    rhythm = _rhythm(cadence, weekday, hour)

    async def work() -> tuple[Subscriber, bool]:
        async with service_for(context) as service, service.store.write() as transaction:
            settings = service.settings
            preferences = Preferences.of(
                language or settings.language,
                await _choices(transaction.connection, repository or (), threshold),
                timezone=timezone or settings.timezone,
                at_once=at_once,
            )
            return await _added(
                transaction.connection, checked, preferences, rhythm=rhythm, confirmed=confirmed, now=service.clock()
            )

    reader, new = run(work())
    if not new:
        typer.echo(f"Reader {reader.id} was pending and is active now, with what was chosen for them before.")
        return
    typer.echo(f"Reader {reader.id} added: {reader.status.value}, from {threshold.value} on.")
    if reader.status is Status.PENDING:
        typer.echo("No mail is sent to a pending reader; once they agreed, add them again with --confirmed.")


async def _added(
    connection: AsyncConnection,
    address: Address,
    preferences: Preferences,
    *,
    rhythm: Rhythm,
    confirmed: bool,
    now: datetime,
) -> tuple[Subscriber, bool]:
    """Return the reader of an address, and whether they are new; one who waits for it becomes active."""
    status = Status.ACTIVE if confirmed else Status.PENDING
    try:
        added = await subscribers.add(connection, address, preferences, rhythm=rhythm, status=status, now=now)
    except subscribers.AlreadySubscribed as error:
        known = error.subscriber
        # Only who waits for it: whoever left, or must not be mailed, is not brought back by an operator.
        if not confirmed or known.status is not Status.PENDING:
            raise NewsletterError(f"nothing was changed: {error}") from error
        await subscribers.change_status(connection, known.id, Status.ACTIVE, now=now)
        return known, False
    return added, True


def _check_zone(name: str | None) -> None:
    if name is None:
        return
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        raise InputError(f"unknown time zone {name!r}; expected an IANA name such as Europe/Berlin") from error


def _rhythm(cadence: Cadence, weekday: Weekday | None, hour: str | None) -> Rhythm:
    if weekday is not None and cadence is not Cadence.WEEKLY:
        raise InputError("--weekday is for a weekly digest: add --cadence weekly")
    return Rhythm(cadence=cadence, weekday=weekday or DAILY.weekday, send_at=None if hour is None else _hour(hour))


def _hour(text: str) -> time:
    if not re.fullmatch(r"([01]?[0-9]|2[0-3]):[0-5][0-9]", text, re.ASCII):
        raise InputError(f"unknown hour {text!r}; expected a time of day such as 07:30")
    hours, minutes = map(int, text.split(":"))
    return time(hours, minutes)


async def _choices(connection: AsyncConnection, names: list[str] | tuple[()], threshold: Level) -> list[Choice]:
    if not names:
        return [Choice(repository=EVERY_REPOSITORY, threshold=threshold)]
    found: dict[str, Choice] = {}
    for name in names:
        repository = await repositories.by_name(connection, name)
        if repository is None:
            raise InputError(f"{name} is not followed; first: newsletter repositories add {name}")
        found[repository.key] = Choice(repository=repository.key, threshold=threshold)
    return list(found.values())


@program.command("list")
def listing(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """Show the readers and what they chose."""

    async def work() -> list[dict[str, Any]]:
        async with service_for(context) as service:
            return await _rows(service)

    print_list(run(work()), as_json=as_json, empty="There are no readers yet: newsletter subscribers add ADDRESS")


async def _rows(service: Service) -> list[dict[str, Any]]:
    async with service.store.read() as connection:
        names = {repository.key: repository.full_name for repository in await repositories.ever_followed(connection)}
        rows: list[dict[str, Any]] = []
        after = 0
        while page := await subscribers.page(connection, after=after, limit=PAGE):
            rows += (_row(reader, names) for reader in page)
            after = page[-1].id
    return rows


def _row(reader: Subscriber, names: dict[str, str]) -> dict[str, Any]:
    chosen = (
        f"{names.get(choice.repository, choice.repository)}: {choice.threshold.value}"
        for choice in reader.preferences.choices
    )
    rhythm = reader.rhythm
    return {
        "id": reader.id,
        "address": reader.address,
        "status": reader.status.value,
        "choices": ", ".join(chosen),
        "language": reader.preferences.language,
        "timezone": reader.timezone,
        "cadence": rhythm.cadence.value,
        "weekday": rhythm.weekday.value if rhythm.cadence is Cadence.WEEKLY else None,
        "hour": rhythm.send_at.isoformat("minutes") if rhythm.send_at else None,
        "at_once": reader.preferences.at_once,
        "added": reader.created_at.isoformat(timespec="seconds"),
    }
