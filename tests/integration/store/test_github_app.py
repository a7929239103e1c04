"""The stored App: one, sealed, replaced only by whoever knows which one there is."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from newsletter.errors import AppUnreadable
from newsletter.github.credentials import AppCredentials
from newsletter.github.manifest import CreatedApp
from newsletter.store import github_app
from newsletter.store.engine import Store
from newsletter.store.sealing import Seal
from newsletter.store.tables import github_app as table
from tests.support.clock import NOON

KEY, OLD_KEY = "new key " * 4, "old key " * 4
SEAL = Seal([KEY])


def app(number: int, *, secret: str = "a webhook secret") -> CreatedApp:
    credentials = AppCredentials(
        app_id=number,
        private_key="-----BEGIN RSA PRIVATE KEY-----",
        webhook_secret=secret,
        slug=f"rocket-news-{number}",
        html_url=f"https://github.com/apps/rocket-news-{number}",
    )
    return CreatedApp(credentials=credentials, client_id=f"Iv1.{number}")


async def save(store: Store, new: CreatedApp, *, replaces: int | None = None, seal: Seal = SEAL) -> bool:
    async with store.write() as transaction:
        return await github_app.save(transaction.connection, new, seal, replaces=replaces, now=NOON)


async def load(store: Store, seal: Seal | None = SEAL) -> AppCredentials | None:
    async with store.read() as connection:
        return await github_app.load(connection, seal)


async def sealed(store: Store) -> str:
    async with store.read() as connection:
        return str((await connection.execute(select(table.c.sealed))).scalar_one())


async def test_an_app_is_read_as_it_was_stored(store: Store) -> None:
    assert await load(store) is None
    assert await save(store, app(7))
    assert await load(store) == app(7).credentials
    async with store.read() as connection:
        identity = await github_app.identity(connection)
    assert identity is not None
    assert (identity.app_id, identity.slug, identity.connected_at) == (7, "rocket-news-7", NOON)


async def test_whoever_has_the_database_alone_has_no_secret(store: Store) -> None:
    await save(store, app(7))
    async with store.read() as connection:
        row = " ".join(map(str, (await connection.execute(select(table))).one()))
    assert "webhook secret" not in row
    assert "PRIVATE KEY" not in row


@pytest.mark.parametrize(
    ("replaces", "stored"),
    [
        pytest.param(None, 7, id="by whoever knows of none"),
        pytest.param(6, 7, id="by whoever knows of another"),
        pytest.param(7, 8, id="by whoever means it"),
    ],
)
async def test_an_app_is_replaced_only_by_who_knows_it(store: Store, replaces: int | None, stored: int) -> None:
    await save(store, app(7))
    assert await save(store, app(8), replaces=replaces) is (stored == 8)
    assert await load(store) == app(stored).credentials


async def test_nothing_is_stored_in_the_place_of_an_app_that_is_not_there(store: Store) -> None:
    assert not await save(store, app(8), replaces=7)
    assert await load(store) is None


async def test_of_two_at_once_one_is_stored(store: Store) -> None:
    stored = await asyncio.gather(save(store, app(7)), save(store, app(8)))
    assert sorted(stored) == [False, True]
    assert await load(store) == app(7 if stored[0] else 8).credentials


async def test_the_database_itself_holds_one_app_at_most(store: Store) -> None:
    await save(store, app(7))
    values = {"app_id": 8, "slug": "x", "html_url": "x", "client_id": "x", "sealed": "x", "connected_at": NOON}
    with pytest.raises(IntegrityError):
        async with store.write() as transaction:
            await transaction.connection.execute(insert(table).values(id=2, **values))


async def test_an_app_is_sealed_with_the_newest_key_once_it_is_there(store: Store) -> None:
    await save(store, app(7), seal=Seal([OLD_KEY]))
    both = Seal([KEY, OLD_KEY])
    assert await load(store, both) == app(7).credentials
    for resealed in (True, False):
        async with store.write() as transaction:
            assert await github_app.reseal(transaction.connection, both) is resealed
    assert await load(store, SEAL) == app(7).credentials
    with pytest.raises(AppUnreadable):
        await load(store, Seal([OLD_KEY]))


async def test_where_there_is_no_app_there_is_nothing_to_seal(store: Store) -> None:
    async with store.write() as transaction:
        assert not await github_app.reseal(transaction.connection, SEAL)


async def test_without_its_key_an_app_says_what_to_do(store: Store) -> None:
    await save(store, app(7))
    before = await sealed(store)
    with pytest.raises(AppUnreadable, match=r"SECRET_KEY.*behind the present one.*/admin/app"):
        await load(store, Seal([OLD_KEY]))
    with pytest.raises(AppUnreadable, match="NEWSLETTER_SECRET_KEY is not set"):
        await load(store, None)
    with pytest.raises(AppUnreadable):
        async with store.write() as transaction:
            await github_app.reseal(transaction.connection, Seal([OLD_KEY]))
    assert await sealed(store) == before


async def test_a_damaged_row_is_unreadable_and_may_be_replaced(store: Store) -> None:
    await save(store, app(7))
    async with store.write() as transaction:
        await transaction.connection.execute(update(table).values(sealed="damaged"))
    with pytest.raises(AppUnreadable):
        await load(store)
    assert await save(store, app(8), replaces=7)
    assert await load(store) == app(8).credentials
