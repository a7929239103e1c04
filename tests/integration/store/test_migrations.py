"""The migrations make exactly the tables that the code expects, on both databases."""

from __future__ import annotations

import asyncio

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Inspector, delete, insert, inspect, select, text

from newsletter.errors import SchemaAhead, SchemaBehind
from newsletter.store import tables
from newsletter.store.engine import Store
from newsletter.store.migrate import configuration, require_current, upgrade
from subscribers import metadata
from tests.support.clock import NOON
from tests.support.records import (
    add_reader,
    follow,
)

#: Tables that SQLite makes for its own index of words.
FTS5 = "search_index"
#: An index that SQLite has another one for; alembic does not ask whether it belongs to the database.
GIN = "ix_search_texts_words"


async def test_all_migrations_together_are_the_tables_of_the_code(store: Store) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                "target_metadata": metadata,
                "include_name": lambda name, kind, _: kind != "table" or not str(name).startswith(FTS5),
                "include_object": lambda _, name, *__: name != GIN or not store.is_sqlite,
            },
        )
        return list(compare_metadata(context, metadata))

    assert tables.jobs.metadata is metadata
    async with store.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_a_migrated_database_reads_like_a_fresh_one(blanks: tuple[Store, Store]) -> None:
    """Also what alembic does not compare: check constraints, primary keys and what a deletion takes along."""
    migrated, fresh = blanks
    await upgrade(migrated)
    async with fresh.write() as transaction:
        await transaction.connection.run_sync(metadata.create_all)
    descriptions = []
    for each in (migrated, fresh):
        async with each.read() as connection:
            descriptions.append(await connection.run_sync(described))
    assert descriptions[0] == descriptions[1]
    assert len(descriptions[0]) == len(metadata.tables) + 1


def described(connection: Connection) -> dict[str, list[str]]:
    inspector: Inspector = inspect(connection)
    return {
        table: sorted(
            repr(sorted(part.items(), key=str))
            for parts in (
                [column | {"type": repr(column["type"])} for column in inspector.get_columns(table)],
                [
                    # The condition of a partial index is an object that is equal to nothing else.
                    index | {"dialect_options": {name: str(value) for name, value in index["dialect_options"].items()}}
                    for index in inspector.get_indexes(table)
                ],
                inspector.get_unique_constraints(table),
                inspector.get_check_constraints(table),
                inspector.get_foreign_keys(table),
                [inspector.get_pk_constraint(table)],
            )
            for part in parts
        )
        for table in inspector.get_table_names()
        if table != "alembic_version" and not table.startswith(FTS5)
    } | {"statements": made_by_statements(connection)}


def made_by_statements(connection: Connection) -> list[str]:
    """Return what only SQLite's own words tell of: the index of words and the triggers that keep it right."""
    if connection.dialect.name != "sqlite":
        return []
    made = "SELECT sql FROM sqlite_master WHERE type = 'trigger' OR name = 'search_index' ORDER BY name"
    found = list(connection.execute(text(made)).scalars())
    assert len(found) == 4
    return found


async def test_migrating_says_what_it_did_and_twice_changes_nothing(blank: Store) -> None:
    before, after = await upgrade(blank)
    assert before is None
    assert await upgrade(blank) == (after, after)


async def test_two_processes_that_migrate_at_once_do_no_harm(blank: Store) -> None:
    other = Store(blank.url.render_as_string(hide_password=False))
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(upgrade(blank))
            group.create_task(upgrade(other))
    finally:
        await other.close()
    await require_current(blank)


async def test_a_database_without_tables_is_behind_until_it_is_migrated(blank: Store) -> None:
    with pytest.raises(SchemaBehind, match=r"none.*newsletter migrate"):
        await require_current(blank)
    await upgrade(blank)
    await require_current(blank)


async def test_a_database_of_a_newer_version_is_told_from_one_that_is_behind(blank: Store) -> None:
    await upgrade(blank)
    async with blank.write() as transaction:
        await transaction.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for ask in (upgrade, require_current):
        with pytest.raises(SchemaAhead, match="9999"):
            await ask(blank)


async def test_migrations_can_be_taken_back_to_the_base_and_done_again(blank: Store) -> None:
    def downgrade(connection: Connection) -> None:
        command.downgrade(configuration(connection), "base")

    def remaining(connection: Connection) -> set[str]:
        return set(inspect(connection).get_table_names())

    await upgrade(blank)
    async with blank.rebuild() as connection:
        await connection.run_sync(downgrade)
    async with blank.read() as connection:
        assert await connection.run_sync(remaining) == {"alembic_version"}
    with pytest.raises(SchemaBehind):
        await require_current(blank)
    await upgrade(blank)
    await require_current(blank)


async def test_a_migration_that_is_interrupted_leaves_nothing(blank: Store) -> None:
    def half(connection: Connection) -> None:
        command.upgrade(configuration(connection), "head")
        raise LookupError

    with pytest.raises(LookupError):
        async with blank.write() as transaction:
            await transaction.connection.run_sync(half)
    async with blank.read() as connection:
        assert await connection.run_sync(lambda each: inspect(each).get_table_names()) == []


async def test_the_id_of_an_erased_reader_is_never_given_to_another(store: Store) -> None:
    """Links in old mails hold it: they must not speak for somebody else."""
    readers, choices = metadata.tables["subscribers"], metadata.tables["choices"]
    erased = await add_reader(store, "ada@example.org")
    async with store.write() as transaction:
        await transaction.connection.execute(delete(readers).where(readers.c.id == erased.id))
    assert (await add_reader(store, "bea@example.org")).id > erased.id
    async with store.read() as connection:
        held = await connection.execute(select(choices.c.subscriber_id))
        assert erased.id not in set(held.scalars())


async def test_the_id_of_a_removed_repository_is_never_given_to_another(store: Store) -> None:
    """Readers' choices hold it: nobody may get a private repository for having chosen another."""
    removed = await follow(store, "acme/tide", github_id=1)
    async with store.write() as transaction:
        await transaction.connection.execute(delete(tables.repositories))
        await transaction.connection.execute(
            insert(tables.repositories).values(full_name="a/b", name_key="a/b", private=True, added_at=NOON)
        )
        (found,) = (await transaction.connection.execute(select(tables.repositories.c.id))).scalars()
    assert found > removed.id
