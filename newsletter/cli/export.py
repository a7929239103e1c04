"""``newsletter digests export``: a closed day as a Markdown report."""

from __future__ import annotations

import asyncio
import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from newsletter.app import Service
from newsletter.cli.digests import Day
from newsletter.cli.session import run, service_for
from newsletter.digest.report import report_of
from newsletter.errors import InputError, NewsletterError
from newsletter.languages import supported_languages
from newsletter.pipeline.report_contents import load_day
from newsletter.store import digests, repositories
from newsletter.store.digests import DigestItem

#: As a file's name: what is written goes to standard output.
_STANDARD_OUTPUT = "-"


def add_to(program: typer.Typer) -> None:
    """Add the verb to the program."""
    program.command("export")(export)


def export(
    context: typer.Context,
    day: Day,
    out: Annotated[str, typer.Option(metavar="FILE", help="File for the Markdown; - for standard output.")],
    repository: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OWNER/NAME",
            help="May be given several times. Without it all public ones are in the report; a private one is in it "
            "only where it is named.",
        ),
    ] = None,
    language: Annotated[str | None, typer.Option(help="Default: the newsletter's.")] = None,
) -> None:
    """Write the report of a closed day in Markdown, as it looks best on GitHub.

    Private repositories are left out unless they are named by --repository.
    """
    if language is not None and language not in supported_languages():
        raise InputError(f"unknown language {language!r}; there are: {', '.join(supported_languages())}")

    async def work() -> str:
        async with service_for(context) as service:
            return await _report(service, day.date(), names=repository or [], language=language)

    document = run(work())
    if out == _STANDARD_OUTPUT:
        # Whatever the terminal's encoding is: a report is a file in UTF-8.
        sys.stdout.buffer.write(document.encode())
        sys.stdout.buffer.flush()
    else:
        Path(out).write_text(document, encoding="utf-8", newline="\n")
        typer.echo(out)


async def _report(service: Service, day: date, *, names: list[str], language: str | None) -> str:
    settings = service.settings
    async with service.store.read() as connection:
        digest = await digests.by_day(connection, day)
        keys = set()
        for name in names:
            found = await repositories.by_name(connection, name)
            if found is None:
                raise InputError(f"{name} is not followed")
            keys.add(found.key)
    if digest is None:
        raise NewsletterError(f"{day} is not closed yet: newsletter digests close --day {day}")

    def wanted(item: DigestItem) -> bool:
        return item.repository_key in keys if keys else not item.private

    told = await load_day(
        digest,
        store=service.store,
        language=language or settings.language,
        github_url=settings.github.web_url,
        with_model=settings.llm.enabled,
        wanted=wanted,
    )
    document = await asyncio.to_thread(report_of, told)
    if document is None:
        where = ", ".join(names) if names else "any public repository"
        raise NewsletterError(f"nothing reached {where} on {day}, so there is no report")
    return document
