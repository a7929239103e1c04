"""Whoever is killed while an installation is compared leaves nothing that the next comparison does not put right."""

from __future__ import annotations

from datetime import datetime

import pytest

from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.pipeline.installations import SLICE, follow_installation
from newsletter.pipeline.port import Kind
from newsletter.store.engine import Transaction
from newsletter.store.states import Stopped
from tests.support.app_house import AppHouse, about

APP = 11


class Killed(Exception):
    pass


class Deadly(EmbeddedJobs):
    """An engine at whose third turn of a slice the process ends."""

    left = SLICE + 3

    async def put(self, transaction: Transaction, kind: Kind, key: str, *, run_at: datetime | None = None) -> None:
        self.left -= 1
        if not self.left:
            raise Killed
        await super().put(transaction, kind, key, run_at=run_at)


async def half_followed(house: AppHouse) -> int:
    """Install the App on more than a slice of repositories and end in the second one; returns how many there are."""
    count = 2 * SLICE
    house.app.install(APP, *(about(number, f"acme/r{number}") for number in range(1, count + 1)))
    with pytest.raises(Killed):
        await follow_installation(
            APP,
            store=house.store,
            jobs=Deadly(house.store, clock=house.clock),
            app=house.github.app,
            now=house.clock(),
        )
    assert len(await house.followed()) == len(await house.newsroom.queued(Kind.RECONCILE)) == SLICE
    return count


async def again(house: AppHouse) -> None:
    await follow_installation(APP, store=house.store, jobs=house.newsroom.jobs, app=house.github.app, now=house.clock())


async def test_the_next_comparison_follows_the_rest_and_nothing_twice(house: AppHouse) -> None:
    count = await half_followed(house)
    await again(house)
    assert len(await house.followed()) == count
    assert len(await house.newsroom.queued(Kind.RECONCILE)) == count


async def test_what_was_followed_by_then_is_let_go_where_the_app_was_uninstalled_since(house: AppHouse) -> None:
    await half_followed(house)
    del house.app.installations[APP]
    await again(house)
    assert await house.followed() == {}
    assert set((await house.stopped()).values()) == {Stopped.UNINSTALLED}
