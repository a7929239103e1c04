"""``newsletter deliveries``: the ledger of who got what."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from newsletter.cli.session import print_list, run, service_for
from newsletter.delivery.record import DeliveryStatus
from newsletter.pipeline.port import Kind
from newsletter.store import deliveries

program = typer.Typer(no_args_is_help=True, help="The ledger: who got which digest, and why not.")

PAGE = 500
RETRIED = (DeliveryStatus.FAILED, DeliveryStatus.UNCERTAIN)

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Of one digest only.")]


@program.command("list")
def listing(
    context: typer.Context,
    day: Day = None,
    status: Annotated[list[DeliveryStatus] | None, typer.Option(help="May be given several times.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """Show deliveries with the mail server's last reply."""

    async def work() -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        async with service_for(context) as service, service.store.read() as connection:
            after = 0
            while lines := await deliveries.listing(
                connection, day=day.date() if day else None, statuses=tuple(status or ()), after=after, limit=PAGE
            ):
                rows += (_row(line) for line in lines)
                after = lines[-1].delivery.id
        return rows

    print_list(run(work()), as_json=as_json, empty="There are no such deliveries.")


def _row(line: deliveries.LedgerLine) -> dict[str, Any]:
    delivery = line.delivery
    reply = delivery.reply
    return {
        "id": delivery.id,
        "cadence": line.cadence.value,
        "day": line.day.isoformat(),
        "address": line.address,
        "status": delivery.status.value,
        "reason": delivery.skip_reason.value if delivery.skip_reason else None,
        "attempts": delivery.attempts,
        "next_attempt": delivery.next_attempt_at.isoformat(timespec="seconds") if delivery.next_attempt_at else None,
        "reply": f"{reply.code or ''} {reply.text}".strip() if reply else None,
        "updated": delivery.updated_at.isoformat(timespec="seconds"),
        "message_id": delivery.message_id,
    }


@program.command()
def retry(
    context: typer.Context,
    day: Day = None,
    status: Annotated[
        list[DeliveryStatus] | None,
        typer.Option(help="failed or uncertain; may be given several times. Default: failed."),
    ] = None,
) -> None:
    """Queue deliveries again that failed, or whose outcome is uncertain: those may have arrived already."""
    wanted = tuple(status or (DeliveryStatus.FAILED,))
    if unfit := [one.value for one in wanted if one not in RETRIED]:
        raise typer.BadParameter(f"only failed and uncertain deliveries can be tried again, not {', '.join(unfit)}")

    async def work() -> int:
        async with service_for(context) as service:
            async with service.store.write() as transaction:
                digest_ids = await deliveries.retry(
                    transaction.connection, statuses=wanted, day=day.date() if day else None, now=service.clock()
                )
                for digest_id in sorted(set(digest_ids)):
                    await service.jobs.put(transaction, Kind.DELIVER, str(digest_id))
            return len(digest_ids)

    number = run(work())
    typer.echo(f"{number} {'delivery' if number == 1 else 'deliveries'} queued again.")
