"""Fixtures of every test: databases and a clock."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings

from newsletter.store.engine import Store
from tests.support.clock import FrozenClock
from tests.support.databases import PostgreSQLServer, migrated, postgresql_programs

# A machine that is busy with something else fails nothing; what takes too long is measured in bench/.
settings.register_profile("project", deadline=None)
settings.load_profile("project")

DATABASES = ("sqlite", "postgresql")


def missing(service: str) -> NoReturn:
    """Skip a test for want of a service, or fail it where all of them have to be there."""
    reason = f"{service} is not installed"
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(f"{reason}, and REQUIRE_SERVICES=1 wants it")
    pytest.skip(reason)


@pytest.fixture
def clock() -> FrozenClock:
    """A clock that stands still."""
    return FrozenClock()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQLServer]:
    """A PostgreSQL server without any database of ours."""
    programs = postgresql_programs()
    if programs is None:
        missing("a PostgreSQL server")
    server = PostgreSQLServer(programs)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server: PostgreSQLServer) -> str:
    """Name of a migrated database to copy."""
    name = postgresql_server.create()
    migrated(postgresql_server.url(name))
    return name


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "newsletter.db"
    migrated(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """URL of a migrated and empty SQLite database."""
    path = tmp_path / "newsletter.db"
    shutil.copy(migrated_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(postgresql_server: PostgreSQLServer, migrated_postgresql: str) -> Iterator[str]:
    """URL of a migrated and empty PostgreSQL database."""
    name = postgresql_server.create(template=migrated_postgresql)
    yield postgresql_server.url(name)
    postgresql_server.drop(name)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> str:
    """URL of a migrated and empty database: the test runs on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """A migrated and empty store: the test runs on each kind of database."""
    store = Store(database_url)
    yield store
    await store.close()
