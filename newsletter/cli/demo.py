"""``newsletter demo``: see the whole service work on this machine, without any account."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table

from newsletter import logs
from newsletter.app import utc_now
from newsletter.cli.session import run
from newsletter.demo.play import ReaderResult, play
from newsletter.demo.stage import Stage, set_stage
from newsletter.errors import InputError
from newsletter.languages import supported_languages

console = Console(highlight=False)


def add_to(program: typer.Typer) -> None:
    """Add the verb."""
    program.command("demo")(demo)


def demo(
    folder: Annotated[
        Path | None, typer.Option(help="Keep the database here; default: a temporary folder.", show_default=False)
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="End by itself; exit 0 when all three mails are right.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the service; 0 = a free one.")] = 0,
    mailbox_port: Annotated[int, typer.Option(min=0, max=65535, help="Of the mailbox page; 0 = a free one.")] = 0,
    language: Annotated[str, typer.Option(help="Of the three readers' mails.")] = "en",
) -> None:
    """Run the service between a stand-in GitHub and a stand-in mailbox, with a sample day of pushes."""
    if language not in supported_languages():
        raise InputError(f"unknown language {language!r}; there are: {', '.join(supported_languages())}")
    # The demo tells what happens in its own words.
    logs.configure(quiet=True)

    async def work(database: Path) -> bool:
        day = (utc_now() - timedelta(days=1)).date()
        async with set_stage(database, day, port=port, viewer_port=mailbox_port, language=language) as stage:
            console.print(f"[bold]{stage.service.settings.title}[/bold], a sample day of two invented repositories.")
            with _progress() as report:
                results = await play(stage, report)
            _show(results)
            if not once:
                await _stay(stage)
        return not any(result.problems for result in results)

    with tempfile.TemporaryDirectory(prefix="newsletter-demo-") as temporary:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        right = run(work(folder or Path(temporary)))
    if not right:
        raise typer.Exit(1)


class _Report:
    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, step: str, done: int, total: int) -> None:
        if step not in self._tasks:
            self._tasks[step] = self._bars.add_task(step, total=total)
        self._bars.update(self._tasks[step], completed=done)


@contextmanager
def _progress() -> Iterator[_Report]:
    columns = (TextColumn("{task.description:<18}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console) as bars:
        yield _Report(bars)


def _show(results: tuple[ReaderResult, ...]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold", title="What each reader got", title_justify="left")
    for column in ("Wants", "Changes", "kB", "Subject"):
        table.add_column(column, justify="right" if column in {"Changes", "kB"} else "left")
    for result in results:
        wants = result.threshold.value if result.threshold.rank == 2 else f"{result.threshold.value} and above"
        table.add_row(wants, str(len(result.shas)), f"{result.size / 1000:.0f}", result.subject)
    console.print()
    console.print(table)
    for result in results:
        for problem in result.problems:
            console.print(f"[red]{result.address}: {problem}[/red]")
    if not any(result.problems for result in results):
        console.print("All three mails are right: each change once, and every higher threshold within the lower one.")


async def _stay(stage: Stage) -> None:
    console.print()
    console.print(f"The mails, as received:  [bold]{stage.viewer_url}[/bold]")
    console.print(f"The service's own page:  [bold]{stage.service_url}/[/bold]")
    console.print("Ctrl-C ends the demo.")
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stage.service.stop.set)
    await stage.service.stop.wait()
    console.print("\nEnding.")
