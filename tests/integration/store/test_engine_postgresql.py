"""Connections to PostgreSQL."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from newsletter.errors import StoreUnavailable
from newsletter.store.tables import repositories
from tests.support.databases import PostgreSQLServer
from tests.support.transactions import a_repository, names, opened


class TestPostgreSQL:
    """What the docstring of the engine promises of PostgreSQL."""

    async def test_the_session_speaks_utc_whatever_the_server_does(self, postgresql_url: str) -> None:
        async with opened(postgresql_url) as store, store.read() as connection:
            assert (await connection.execute(text("SHOW timezone"))).scalar_one() == "UTC"
            assert store.path is None

    async def test_a_connection_that_the_server_ended_is_replaced(
        self, postgresql_url: str, postgresql_server: PostgreSQLServer
    ) -> None:
        async with opened(postgresql_url) as store:
            async with store.read() as connection:
                pid = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            postgresql_server.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
            async with store.read() as connection:
                assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1

    async def test_a_connection_that_breaks_in_a_transaction_is_an_outage(self, postgresql_url: str) -> None:
        called: list[str] = []
        async with opened(postgresql_url) as store:

            async def write() -> None:
                async with store.write() as transaction:
                    transaction.on_commit(lambda: called.append("never"))
                    await transaction.connection.execute(insert(repositories).values(a_repository()))
                    pid = (await transaction.connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
                    async with store.read() as other:
                        await other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

            with pytest.raises(StoreUnavailable):
                await write()
            assert await names(store) == []
        assert called == []

    async def test_a_server_that_is_away_is_an_outage(self, tmp_path: Path) -> None:
        async with opened(f"postgresql://newsletter@/newsletter?host={tmp_path}") as store:
            with pytest.raises(StoreUnavailable, match="cannot be used"):
                async with store.read():
                    pass

    async def test_a_database_that_is_missing_is_an_outage(self, postgresql_server: PostgreSQLServer) -> None:
        async with opened(postgresql_server.url("nobody_made_this")) as store:
            with pytest.raises(StoreUnavailable, match="nobody_made_this"):
                async with store.write():
                    pass

    async def test_a_server_that_says_nothing_is_an_outage_before_github_gives_up(self) -> None:
        silent = asyncio.Event()

        async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await silent.wait()
            writer.close()

        async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
            host, port = server.sockets[0].getsockname()
            async with opened(f"postgresql://newsletter@{host}:{port}/newsletter?sslmode=disable") as store:
                with pytest.raises(StoreUnavailable):
                    async with asyncio.timeout(8), store.read():
                        pass
            silent.set()
