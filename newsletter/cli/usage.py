"""``newsletter usage``: what the model cost."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from typing import Annotated, Any

import typer

from newsletter.cli.session import print_list, run, service_for
from newsletter.settings.model import ModelSettings
from newsletter.store import usage


def add_to(program: typer.Typer) -> None:
    """Add the verb."""
    program.command("usage")(show)


def show(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=1, max=3660, help="How many UTC days, today included.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """Show the model's tokens by day, repository and model, and their cost where prices are set."""

    async def work() -> list[dict[str, Any]]:
        async with service_for(context) as service, service.store.read() as connection:
            first: date = service.clock().astimezone(UTC).date() - timedelta(days=days - 1)
            spent = await usage.since(connection, first)
            return [_row(each, service.settings.llm) for each in spent]

    print_list(run(work()), as_json=as_json, empty="No model was asked on these days.")


def _row(spent: usage.Spent, settings: ModelSettings) -> dict[str, Any]:
    cost = settings.cost(input_tokens=spent.input_tokens, output_tokens=spent.output_tokens)
    return {
        "day": spent.day.isoformat(),
        "repository": spent.repository,
        "model": spent.model,
        "requests": spent.requests,
        "input_tokens": spent.input_tokens,
        "output_tokens": spent.output_tokens,
        "cost": None if cost is None else round(cost, 4),
    }
