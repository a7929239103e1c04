"""Verbs on a database of another version: none changes it under a running service, none fails with a traceback."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection

from newsletter.app import open_service
from newsletter.settings import load_settings
from newsletter.store.engine import Store
from newsletter.store.migrate import configuration
from tests.support.command_line import CommandLine

SERVING = {
    "NEWSLETTER_SECRET_KEY": "k" * 40,
    "NEWSLETTER_GITHUB__WEBHOOK_SECRETS": "s",
    "NEWSLETTER_MAIL__FROM": "digest@newsletter.example",
    "NEWSLETTER_LISTEN": "127.0.0.1:0",
}
#: Those that look and those that change something.
VERBS = (
    ("repositories", "list"),
    ("repositories", "add", "acme/tide", "--no-check"),
    ("subscribers", "add", "ada@reader.example"),
    ("digests", "list"),
    ("digests", "close", "--day", "2026-03-01"),
    ("deliveries", "retry"),
    ("work",),
)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "newsletter.db"


@pytest.fixture
def newsletter(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, database: Path
) -> CommandLine:
    monkeypatch.chdir(tmp_path)
    return CommandLine(monkeypatch, capsys, SERVING | {"NEWSLETTER_DATABASE_URL": f"sqlite:///{database}"})


@pytest.fixture
def older(database: Path) -> Path:
    """A database as the first version left it."""

    def first(connection: Connection) -> None:
        command.upgrade(configuration(connection), "0001")

    async def make() -> None:
        store = Store(f"sqlite:///{database}")
        async with store.write() as transaction:
            await transaction.connection.run_sync(first)
        await store.close()

    asyncio.run(make())
    return database


@pytest.fixture
def newer(newsletter: CommandLine, database: Path) -> Path:
    """A database that a version to come has migrated."""
    assert newsletter("migrate").code == 0
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    return database


def revision(database: Path) -> str:
    with closing(sqlite3.connect(database)) as connection:
        (found,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(found)


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_a_verb_refuses_an_older_database_and_leaves_it_as_it_is(
    newsletter: CommandLine, older: Path, verb: tuple[str, ...]
) -> None:
    ended = newsletter(*verb)
    assert ended.code == 1
    assert "run `newsletter migrate`" in ended.err
    assert revision(older) == "0001"


def test_who_migrates_may_go_on(newsletter: CommandLine, older: Path) -> None:
    assert newsletter("migrate").code == 0
    assert revision(older) != "0001"
    assert newsletter("repositories", "list").code == 0


async def test_serving_migrates_an_older_database(older: Path) -> None:
    settings = load_settings(environment=SERVING | {"NEWSLETTER_DATABASE_URL": f"sqlite:///{older}"})
    async with open_service(settings):
        assert revision(older) != "0001"


@pytest.mark.parametrize("verb", [*VERBS, ("serve",), ("migrate",)], ids=" ".join)
def test_a_newer_database_is_refused_in_one_sentence(
    newsletter: CommandLine, newer: Path, verb: tuple[str, ...]
) -> None:
    ended = newsletter(*verb)
    assert ended.code == 1
    assert ended.err.startswith("newsletter: the database is at migration 9999, which this version does not know")
    assert ended.err.count("\n") == 1
    assert revision(newer) == "9999"


def test_any_verb_may_make_a_new_database(newsletter: CommandLine, database: Path) -> None:
    assert newsletter("repositories", "list").code == 0
    made = revision(database)
    assert newsletter("migrate").out == f"The database is at migration {made} already.\n"
