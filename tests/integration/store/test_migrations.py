"""The migrations make exactly the tables that the code expects, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Inspector, delete, insert, inspect, select, text

from newsletter.delivery.record import DeliveryStatus
from newsletter.digest.search_words import phrases_of
from newsletter.errors import SchemaAhead, SchemaBehind
from newsletter.store import analyses, digests, search, tables
from newsletter.store.engine import Store
from newsletter.store.migrate import configuration, require_current, upgrade
from newsletter.store.search import Wanted
from subscribers import metadata
from tests.conftest import DATABASES
from tests.support.clock import NOON
from tests.support.records import add_reader, analysed_commits, analysis_of, closed_day, follow, sha

#: Tables that SQLite makes for its own index of words.
FTS5 = "search_index"
#: An index that SQLite has another one for; alembic does not ask whether it belongs to the database.
GIN = "ix_search_texts_words"


@pytest.fixture(params=DATABASES)
async def blanks(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Store, Store]]:
    """Two stores without any table."""
    if request.param == "sqlite":
        names = []
        urls = [f"sqlite:///{tmp_path}/{number}.db" for number in range(2)]
    else:
        server = request.getfixturevalue("postgresql_server")
        names = [server.create() for _ in range(2)]
        urls = [server.url(name) for name in names]
    first, second = (Store(url) for url in urls)
    yield first, second
    await first.close()
    await second.close()
    for name in names:
        server.drop(name)


@pytest.fixture
def blank(blanks: tuple[Store, Store]) -> Store:
    """A store without any table."""
    return blanks[0]


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
    async with blank.write() as transaction:
        await transaction.connection.run_sync(downgrade)
    async with blank.read() as connection:
        assert await connection.run_sync(remaining) == {"alembic_version"}
    with pytest.raises(SchemaBehind):
        await require_current(blank)
    await upgrade(blank)
    await require_current(blank)


async def test_deliveries_of_an_earlier_version_keep_the_patience_they_were_promised(blank: Store) -> None:
    def between(connection: Connection) -> None:
        command.downgrade(configuration(connection), "0002")
        command.upgrade(configuration(connection), "head")

    await upgrade(blank)
    digest = await closed_day(blank)
    names = {(await add_reader(blank, f"{name}@example.org")).id: name for name in ("tried", "fresh")}
    table = tables.deliveries
    async with blank.write() as transaction:
        for reader, name in names.items():
            await transaction.connection.execute(
                insert(table).values(
                    digest_id=digest.id,
                    subscriber_id=reader,
                    status=DeliveryStatus.DEFERRED,
                    attempts=int(name == "tried"),
                    created_at=NOON,
                    updated_at=NOON,
                )
            )
        await transaction.connection.run_sync(between)
        rows = await transaction.connection.execute(select(table))
        found = {names[row.subscriber_id]: (row.patience_from, row.refusals) for row in rows}
    assert found == {"tried": (NOON, 0), "fresh": (None, 0)}


async def test_analyses_of_an_earlier_version_can_be_searched(blank: Store) -> None:
    def between(connection: Connection) -> None:
        command.downgrade(configuration(connection), "0010")
        command.upgrade(configuration(connection), "head")

    await upgrade(blank)
    (commit_id,) = await analysed_commits(blank, await follow(blank), [1])
    digest = await closed_day(blank)
    async with blank.write() as transaction:
        connection = transaction.connection
        await analyses.add(connection, commit_id, analysis_of(summary="闸门更低了。"), version=1, now=NOON)
        await digests.take_commits(connection, digest.id, before=NOON + timedelta(days=1), late_before=None)
        words = (await connection.execute(select(tables.search_texts))).all()
        await connection.run_sync(between)
        assert (await connection.execute(select(tables.search_texts))).all() == words
        for query in ("闸门", "measure depth", "#7"):
            (found,) = await search.find(connection, Wanted(phrases=phrases_of(query)), offset=0, limit=9)
            assert found.sha == sha(1)


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
