"""``newsletter subscribers suppressed``: who is mailed no more, and why."""

from __future__ import annotations

from typing import Annotated, Any

import typer

import subscribers
from newsletter.cli.session import print_list, run, service_for
from newsletter.errors import NewsletterError
from subscribers import Suppression

program = typer.Typer(no_args_is_help=True, help="Who is mailed no more because of bounces or a complaint.")

PAGE = 500


@program.command("list")
def listing(
    context: typer.Context,
    past: Annotated[bool, typer.Option("--past", help="Also what was undone since.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """Show who is mailed no more, since when and why."""

    async def work() -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        async with service_for(context) as service, service.store.read() as connection:
            after = 0
            while page := await subscribers.suppressed(connection, past=past, after=after, limit=PAGE):
                rows += (_row(suppression) for suppression in page)
                after = page[-1].id
        return rows

    print_list(run(work()), as_json=as_json, empty="Nobody is suppressed.")


def _row(suppression: Suppression) -> dict[str, Any]:
    lifted = suppression.lifted_at
    return {
        "reader": suppression.subscriber_id,
        "address": suppression.address,
        "reason": suppression.reason.value,
        "status": suppression.status,
        "since": suppression.at.isoformat(timespec="seconds"),
        "lifted": lifted.isoformat(timespec="seconds") if lifted else None,
    }


@program.command()
def lift(context: typer.Context, address: Annotated[str, typer.Argument(metavar="ADDRESS")]) -> None:
    """Mail a reader again, and forget what came back so far."""
    checked = subscribers.parse_address(address)

    async def work() -> int:
        async with service_for(context) as service, service.store.write() as transaction:
            reader = await subscribers.by_address(transaction.connection, checked)
            if reader is None:
                raise NewsletterError("nothing was changed: there is no reader with this address")
            if not await subscribers.lift(transaction.connection, reader.id, now=service.clock()):
                raise NewsletterError(f"nothing was changed: reader {reader.id} is not suppressed")
            return reader.id

    typer.echo(f"Reader {run(work())} is active again.")
