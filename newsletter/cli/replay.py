"""``newsletter replay``: deliver stored pushes again, as GitHub would."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import aiohttp
import typer
from rich.console import Console
from rich.progress import Progress

from newsletter.app import revealed
from newsletter.cli.session import Options, run
from newsletter.errors import InputError, NewsletterError
from newsletter.github.replay import post_delivery, read_deliveries

TIMEOUT = aiohttp.ClientTimeout(total=30)
WEBHOOK_PATH = "/webhooks/github"


def add_to(program: typer.Typer) -> None:
    """Add the verb."""
    program.command("replay")(replay)


def replay(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Payloads: .json, or .jsonl with one a line.")],
    to: Annotated[str, typer.Option(metavar="URL", help="Of the service, or of its webhook route.")],
) -> None:
    """Sign stored pushes with the webhook's secret and post them, in order."""
    options: Options = context.obj
    secrets = revealed(options.settings(required=("GITHUB__WEBHOOK_SECRETS",)).github.webhook_secrets)
    if urlsplit(to).scheme not in {"http", "https"}:
        raise InputError("expected --to http://HOST:PORT or https://HOST")
    url = to if urlsplit(to).path.strip("/") else to.rstrip("/") + WEBHOOK_PATH
    deliveries = [delivery for path in files for delivery in read_deliveries(path)]

    async def work() -> Counter[str]:
        results: Counter[str] = Counter()
        async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
            with Progress(console=Console(stderr=True), transient=True) as progress:
                for delivery in progress.track(deliveries, description="Posting"):
                    try:
                        status, answer = await post_delivery(session, url, delivery, secret=secrets[0])
                    except (aiohttp.ClientError, TimeoutError) as error:
                        raise NewsletterError(f"{url} cannot be reached: {type(error).__name__}") from error
                    results[str(status)] += 1
                    if status >= 400:
                        typer.echo(f"{delivery.hook_id}: {status} {answer}", err=True)
        return results

    results = run(work())
    summary = ", ".join(f"{number} × {status}" for status, number in sorted(results.items())) or "nothing to post"
    typer.echo(f"{len(deliveries)} posted: {summary}")
    if any(status >= "400" for status in results):
        raise typer.Exit(1)
