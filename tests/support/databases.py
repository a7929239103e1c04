"""Real databases for tests: an installed PostgreSQL in a folder of its own, and SQLite files."""

from __future__ import annotations

import asyncio
import itertools
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psycopg

from newsletter.store.engine import Store, Transaction
from newsletter.store.migrate import upgrade

_PROGRAMS = ("initdb", "pg_ctl", "postgres")
_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/opt/postgresql*/bin", "/usr/local/pgsql/bin")
_ROLE = "newsletter"
#: Bytes that a cluster may grow to.
_ROOM = 2**30
#: Nothing has to survive a power cut here, and a zone far from UTC shows whoever relies on the server's.
_CONFIGURATION = """
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 32MB
max_connections = 200
listen_addresses = ''
unix_socket_directories = '{folder}'
timezone = 'Asia/Kathmandu'
"""


def postgresql_programs() -> Path | None:
    """Return the folder of an installed PostgreSQL's server programs, the newest there is."""
    folders = [folder for place in _PLACES for folder in Path("/").glob(place.removeprefix("/"))]
    folders.sort(key=lambda folder: [int(number) for number in re.findall(r"\d+", str(folder))], reverse=True)
    if found := shutil.which("initdb"):
        folders.append(Path(found).resolve().parent)
    return next((folder for folder in folders if all((folder / name).is_file() for name in _PROGRAMS)), None)


class PostgreSQLServer:
    """A server that listens on a socket in its own folder. It refuses to run as root, so then another user runs it.

    :param programs: folder of ``initdb`` and ``pg_ctl``.
    """

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._user = _unprivileged_user()
        # Not below pytest's own folder: that is closed to other users, and its path is too long for a socket.
        self._folder = Path(tempfile.mkdtemp(prefix="newsletter-pg-", dir=_memory()))
        self._names = (f"test_{number}" for number in itertools.count(1))
        if self._user:
            os.chown(self._folder, self._user.pw_uid, self._user.pw_gid)

    def start(self) -> None:
        """Make a cluster and start it; returns once it answers."""
        data = str(self._folder / "data")
        self._run("initdb", ["-D", data, "-U", _ROLE, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"])
        with (self._folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(_CONFIGURATION.format(folder=self._folder))
        self._run("pg_ctl", ["-D", data, "-w", "-t", "60", "-l", str(self._folder / "log"), "start"])

    def stop(self) -> None:
        """Stop the server and remove everything."""
        self._run("pg_ctl", ["-D", str(self._folder / "data"), "-w", "-m", "immediate", "stop"])
        shutil.rmtree(self._folder)

    def url(self, name: str) -> str:
        """Return the URL of a database, as the DATABASE_URL setting takes it."""
        return f"postgresql://{_ROLE}@/{name}?host={self._folder}"

    def create(self, *, template: str = "template1") -> str:
        """Make a fresh database, or a copy of one, and return its name."""
        name = next(self._names)
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def execute(self, statement: str) -> None:
        """Run a statement that no transaction may hold."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _run(self, program: str, arguments: Sequence[str]) -> None:
        user = self._user
        subprocess.run(
            [self._programs / program, *arguments],
            check=True,
            cwd=self._folder,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
            # The server inherits these: pipes would never be closed.
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def _memory() -> Path | None:
    """Return a folder in memory with room enough: databases are copied there six times as fast."""
    folder = Path("/dev/shm")
    return folder if folder.is_dir() and shutil.disk_usage(folder).free > _ROOM else None


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Return whom to run the server as; None = whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    users = {user.pw_name: user for user in pwd.getpwall()}
    return users.get("postgres") or users["nobody"]


class _Undo(Exception):
    pass


@asynccontextmanager
async def rolled_back(store: Store) -> AsyncIterator[Transaction]:
    """Open a write transaction that is rolled back at its end."""
    with suppress(_Undo):
        async with store.write() as transaction:
            yield transaction
            raise _Undo


def migrated(url: str) -> str:
    """Bring a database to the schema of this version and return its URL."""

    async def migrate() -> None:
        store = Store(url)
        try:
            await upgrade(store)
        finally:
            await store.close()

    asyncio.run(migrate())
    return url
