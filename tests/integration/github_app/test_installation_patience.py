"""What cannot be told of an installation yet is waited for: nothing else would ask again before the next hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from newsletter.github.credentials import AppCredentials
from newsletter.github.faults import GitHubRefused
from newsletter.pipeline.installations import ALL, PATIENCE, installation_job
from newsletter.pipeline.port import Job, Kind, NotYet, RetryAfter
from newsletter.store.engine import Store
from tests.support.app_house import AppHouse, app_house
from tests.support.app_keys import CREDENTIALS
from tests.support.clock import FrozenClock

APP = 11
NOW, LATER = timedelta(0), PATIENCE


@dataclass
class Changing:
    """The credentials of an App that comes and goes."""

    known: AppCredentials | None = CREDENTIALS
    unreadable: bool = False

    async def __call__(self) -> AppCredentials | None:
        if self.unreadable:
            raise GitHubRefused("its secrets cannot be read")
        return self.known


async def do(house: AppHouse, *, waited: timedelta, key: str = str(APP)) -> None:
    """Do the job of an installation that has waited for so long."""
    now = house.clock()
    job = Job(kind=Kind.INSTALLATION, key=key, attempt=1, last=False, queued_at=now - waited)
    await installation_job(job, store=house.store, jobs=house.newsroom.jobs, app=house.github.app, now=now)


@pytest.mark.parametrize(
    ("credentials", "key", "waited", "outcome"),
    [
        pytest.param(Changing(known=None), str(APP), NOW, NotYet, id="an App that another process has just stored"),
        pytest.param(Changing(known=None), str(APP), LATER, None, id="an App that is gone"),
        pytest.param(Changing(known=None), ALL, NOW, None, id="no App at all"),
        pytest.param(Changing(), str(APP), NOW, NotYet, id="an installation that GitHub does not know yet"),
        pytest.param(Changing(), str(APP), LATER, None, id="an installation that is gone"),
        pytest.param(Changing(unreadable=True), str(APP), NOW, RetryAfter, id="an App whose key nothing opens"),
        pytest.param(
            Changing(unreadable=True), ALL, LATER, RetryAfter, id="the round of an App whose key nothing opens"
        ),
    ],
)
async def test_what_may_only_not_be_known_yet_is_asked_again(
    *,
    store: Store,
    clock: FrozenClock,
    credentials: Changing,
    key: str,
    waited: timedelta,
    outcome: type[Exception] | None,
) -> None:
    async with app_house(store, clock, credentials=credentials) as house:
        if outcome is None:
            await do(house, waited=waited, key=key)
        else:
            with pytest.raises(outcome):
                await do(house, waited=waited, key=key)
        assert await house.followed() == {}


async def test_an_installation_of_an_app_that_another_process_made_is_followed_once_it_is_known(
    store: Store, clock: FrozenClock
) -> None:
    credentials = Changing(known=None)
    async with app_house(store, clock, credentials=credentials) as house:
        house.app.install(APP, house.create(100, "acme/tide"))
        with pytest.raises(NotYet):
            await do(house, waited=NOW)
        credentials.known = CREDENTIALS
        await do(house, waited=NOW)
        assert await house.followed() == {"acme/tide": APP}
