"""Bring the database to the schema of this version.

Migrations only ever add (expand) and a later release removes (contract), so that the version before can run beside
this one while servers are replaced.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from newsletter.errors import SchemaAhead, SchemaBehind
from newsletter.store.engine import Store

_SCRIPTS = Path(__file__).parent / "migrations"
#: Held while migrating on PostgreSQL: any number that nobody else locks in this database.
_ADVISORY_KEY = 0x6D696772617465


def configuration(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration, bound to a connection where one is given."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return config


async def upgrade(store: Store) -> tuple[str | None, str]:
    """Run every migration that is missing, in one transaction; returns the revision before and after.

    Of several processes that do so at once, the others wait for the first and find nothing left to do.

    :raises SchemaAhead: a newer version has been here; nothing was changed.
    """

    def run(connection: Connection) -> tuple[str | None, str]:
        before = _revision(connection)
        _require_known(before)
        command.upgrade(configuration(connection), "head")
        return before, _head()

    async with store.rebuild() as connection:
        if not store.is_sqlite:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_KEY})
        return await connection.run_sync(run)


async def require_current(store: Store) -> None:
    """Make sure that the database has had every migration, and no other.

    :raises SchemaBehind: it has not.
    :raises SchemaAhead: a newer version has been here.
    """
    async with store.read() as connection:
        found = await connection.run_sync(_revision)
    _require_known(found)
    if found != _head():
        raise SchemaBehind(
            f"the database is at migration {found or 'none'}, this version needs {_head()}: run `newsletter migrate`"
        )


async def is_new(store: Store) -> bool:
    """Whether the database has had no migration at all."""
    async with store.read() as connection:
        return await connection.run_sync(_revision) is None


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _require_known(revision: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()}
    if revision is not None and revision not in known:
        raise SchemaAhead(
            f"the database is at migration {revision}, which this version does not know (its last is {_head()}): "
            "run the version that made it, or a newer one"
        )


def _head() -> str:
    head = ScriptDirectory.from_config(configuration()).get_current_head()
    if head is None:
        raise SchemaBehind("the migrations are missing: reinstall the newsletter package")
    return head
