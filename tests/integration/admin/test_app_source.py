"""Which App a process knows: its own at once, another process's soon, and never none by mistake."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from newsletter.app.app_source import REMEMBERED, SHORTEST_PAUSE, AppSource
from newsletter.errors import AppUnreadable, StoreUnavailable
from newsletter.github.credentials import AppCredentials
from newsletter.github.manifest import CreatedApp
from newsletter.store import github_app
from newsletter.store.engine import Store
from newsletter.store.sealing import Seal
from tests.support.clock import NOON

KEY, OTHER_KEY = "new key " * 4, "old key " * 4


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def credentials(number: int) -> AppCredentials:
    return AppCredentials(
        app_id=number, private_key="a key", webhook_secret=f"secret {number}", slug="x", html_url="https://github.com/x"
    )


async def save(store: Store, number: int, *, replaces: int | None = None, key: str = KEY) -> None:
    app = CreatedApp(credentials=credentials(number), client_id="x")
    async with store.write() as transaction:
        assert await github_app.save(transaction.connection, app, Seal([key]), replaces=replaces, now=NOON)


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


def source_of(store: Store, seconds: Seconds, *, configured: AppCredentials | None = None, key: str = KEY) -> AppSource:
    return AppSource(store=store, seal=Seal([key]), configured=configured, secrets=["mine"], clock=seconds)


@pytest.fixture
async def sqlite(sqlite_url: str) -> Store:
    return Store(sqlite_url)


@pytest.fixture
async def source(sqlite: Store, seconds: Seconds) -> AppSource:
    source = source_of(sqlite, seconds)
    await source.start()
    return source


async def test_an_app_of_another_process_is_noticed_after_some_seconds(
    sqlite: Store, source: AppSource, seconds: Seconds
) -> None:
    assert await source.current() is None
    await save(sqlite, 7)
    assert await source.current() is None
    seconds.now += REMEMBERED
    assert await source.current() == credentials(7)
    assert list(source.webhook_secrets()) == ["mine", "secret 7"]
    await save(sqlite, 8, replaces=7)
    await source.refresh()
    assert await source.current() == credentials(8)
    assert list(source.webhook_secrets()) == ["mine", "secret 8"]
    await sqlite.close()


async def test_a_delivery_that_nobody_signed_makes_it_look_and_not_again_at_once(
    sqlite: Store, source: AppSource, seconds: Seconds
) -> None:
    tried = source.webhook_secrets()
    seconds.now += SHORTEST_PAUSE
    assert not await source.renewed(tried)
    await save(sqlite, 7)
    seconds.now += SHORTEST_PAUSE / 2
    assert not await source.renewed(tried)
    seconds.now += SHORTEST_PAUSE / 2
    # All that come while it looks have the answer.
    assert await asyncio.gather(*(source.renewed(tried) for _ in range(20))) == [True] * 20
    assert not await source.renewed(source.webhook_secrets())
    await sqlite.close()


async def test_the_app_of_the_settings_wins_and_the_other_ones_secret_verifies(sqlite: Store, seconds: Seconds) -> None:
    await save(sqlite, 7)
    source = source_of(sqlite, seconds, configured=AppCredentials(app_id=99, private_key="a key"))
    await source.start()
    found = await source.current()
    assert found is not None
    assert found.app_id == 99
    assert list(source.webhook_secrets()) == ["mine", "secret 7"]
    await sqlite.close()


async def test_an_app_that_cannot_be_read_is_never_taken_for_none(
    sqlite: Store, seconds: Seconds, capsys: pytest.CaptureFixture[str]
) -> None:
    await save(sqlite, 7, key=OTHER_KEY)
    source = source_of(sqlite, seconds)
    await source.start()
    for _ in range(2):
        with pytest.raises(AppUnreadable, match="SECRET_KEY"):
            await source.current()
        seconds.now += REMEMBERED
    assert list(source.webhook_secrets()) == ["mine"]
    await sqlite.close()


async def test_an_app_that_is_resealed_while_this_process_runs_stays_known(
    sqlite: Store, source: AppSource, seconds: Seconds
) -> None:
    await save(sqlite, 7)
    await source.refresh()
    async with sqlite.write() as transaction:
        assert await github_app.reseal(transaction.connection, Seal([OTHER_KEY, KEY]))
    seconds.now += REMEMBERED
    assert await source.current() == credentials(7)
    assert list(source.webhook_secrets()) == ["mine", "secret 7"]
    await sqlite.close()


async def test_while_the_database_is_away_the_last_one_is_known_and_none_is_not_guessed(
    tmp_path: Path, seconds: Seconds
) -> None:
    # Without its tables a database cannot be asked.
    empty = Store(f"sqlite:///{tmp_path}/empty.db")
    source = source_of(empty, seconds)
    await source.start()
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await source.current()
    assert not await source.renewed(source.webhook_secrets())
    await empty.close()


async def test_it_looks_now_and_then_until_it_is_told_to_stop(sqlite: Store, seconds: Seconds) -> None:
    await save(sqlite, 7)
    source = source_of(sqlite, seconds)
    stop = asyncio.Event()
    running = asyncio.create_task(source.run(stop))
    async with asyncio.timeout(60):
        while len(source.webhook_secrets()) == 1:
            await asyncio.sleep(0)
        stop.set()
        await running
    await sqlite.close()
