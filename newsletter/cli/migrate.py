"""``newsletter migrate``: bring the database to the schema of this version."""

from __future__ import annotations

import typer

from newsletter.cli.session import Options, run
from newsletter.store.engine import Store
from newsletter.store.migrate import upgrade


def add_to(program: typer.Typer) -> None:
    """Add the verb."""
    program.command("migrate")(migrate)


def migrate(context: typer.Context) -> None:
    """Create the tables, or bring those of an earlier version up to date."""
    options: Options = context.obj
    settings = options.settings()

    async def work() -> tuple[str | None, str]:
        # A large table is rewritten for as long as that takes, and a second migration waits for the first.
        store = Store(settings.database_url, patience=None)
        try:
            return await upgrade(store)
        finally:
            await store.close()

    before, after = run(work())
    typer.echo(f"The database is at migration {after}" + (" already." if before == after else "."))
