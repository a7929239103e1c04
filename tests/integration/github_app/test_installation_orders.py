"""Events about installations in any order, twice, late: what is followed in the end is what GitHub gives in the end."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.store import repositories
from newsletter.store.engine import Store
from tests.support.app_house import AppHouse, about, app_house
from tests.support.clock import NOON, FrozenClock
from tests.support.records import github_repository

INSTALLATIONS = (11, 22)
REPOSITORIES = (1, 2, 3)

#: What happens on GitHub: an action, the installation it is about, and a repository where it is about one.
HAPPENINGS = st.tuples(
    st.sampled_from(["install", "uninstall", "suspend", "unsuspend", "give", "take", "by hand"]),
    st.sampled_from(INSTALLATIONS),
    st.sampled_from(REPOSITORIES),
)


@dataclass
class Truth:
    """What GitHub has, and what an operator asked for."""

    house: AppHouse
    by_hand: set[int] = field(default_factory=set)
    untold: list[int] = field(default_factory=list)

    def readable(self) -> dict[int, int]:
        """Return the installation through which each repository may be read."""
        return {
            repository["id"]: number
            for number, installed in self.house.app.installations.items()
            if not installed.suspended
            for repository in installed.repositories
        }

    async def happens(self, action: str, number: int, repository: int) -> None:
        app, name = self.house.app, f"acme/r{repository}"
        installed = app.installations.get(number)
        if action == "by hand":
            self.by_hand.add(repository)
            async with self.house.store.write() as transaction:
                known = github_repository(repository, name)
                await repositories.add(transaction.connection, name, known=known, now=NOON)
            return
        self.untold.append(number)
        if action == "install" and installed is None:
            app.install(number)
        elif action == "uninstall" and installed is not None:
            del app.installations[number]
        elif action in {"suspend", "unsuspend"} and installed is not None:
            installed.suspended = action == "suspend"
        elif action in {"give", "take"} and installed is not None:
            for other in app.installations.values():
                if other is installed or action == "give":
                    other.repositories = [each for each in other.repositories if each["id"] != repository]
            if action == "give":
                # A repository is on one account.
                installed.repositories = [*installed.repositories, about(repository, name)]
                self.untold += app.installations


@settings(max_examples=20)
@given(
    happenings=st.lists(st.tuples(HAPPENINGS, st.booleans()), max_size=12),
    shuffle=st.randoms(use_true_random=False),
)
def test_in_the_end_exactly_that_is_followed_which_github_gives_in_the_end(
    migrated_sqlite: Path, happenings: list[tuple[tuple[str, int, int], bool]], shuffle: Random
) -> None:
    async def check(folder: str) -> None:
        path = Path(folder) / "newsletter.db"
        shutil.copy(migrated_sqlite, path)
        store = Store(f"sqlite:///{path}")
        try:
            async with app_house(store, FrozenClock()) as house:
                await live(house)
        finally:
            await store.close()

    async def live(house: AppHouse) -> None:
        truth = Truth(house)
        for repository in REPOSITORIES:
            house.create(repository, f"acme/r{repository}")
        for (action, number, repository), told in happenings:
            await truth.happens(action, number, repository)
            if told and truth.untold:
                # Some event, be it of now or of long ago.
                await house.told(shuffle.choice(truth.untold))
        shuffle.shuffle(truth.untold)
        await house.told(*truth.untold, *truth.untold[:2])
        readable = truth.readable()
        assert await house.followed() == {
            f"acme/r{repository}": readable.get(repository)
            for repository in REPOSITORIES
            if repository in readable or repository in truth.by_hand
        }

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(check(folder))
