"""What the verbs share: settings from the options, an open service, and how lists are printed."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from newsletter.app import Service, open_service
from newsletter.settings import Settings, load_settings

Result = TypeVar("Result")
#: Of a table that goes to a file or a program, characters.
WIDEST = 10_000


@dataclass(frozen=True, kw_only=True)
class Options:
    """Options that stand before the verb."""

    config: Path | None

    def settings(self, *, required: tuple[str, ...] = ()) -> Settings:
        """Read the settings.

        :raises SettingsError: naming every fault.
        """
        return load_settings(self.config, required=required)


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end."""
    return asyncio.run(work)


@asynccontextmanager
async def service_for(
    context: typer.Context, *, required: tuple[str, ...] = (), migrate: bool = False
) -> AsyncIterator[Service]:
    """Open the service with the settings of this call.

    :param migrate: whether this verb may bring an SQLite database of an earlier version to the schema of this one.
    """
    options: Options = context.obj
    async with open_service(options.settings(required=required), migrate=migrate) as service:
        yield service


def stop_on_signals(service: Service) -> None:
    """Let SIGTERM and Ctrl-C end the service gracefully; a second one ends it at once."""
    loop = asyncio.get_running_loop()

    def stop(number: signal.Signals) -> None:
        service.stop.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)


def print_list(rows: Sequence[Mapping[str, Any]], *, as_json: bool, empty: str) -> None:
    """Print rows as a table for people, or as one JSON array for programs.

    :param rows: all with the same keys, in the order of the columns.
    :param empty: what to say to people where there is nothing.
    """
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2, default=str))
        return
    if not rows:
        typer.echo(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in rows[0]:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    # A program that reads the table must find each value in one piece, whatever the width of no terminal is.
    Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else WIDEST).print(table)
