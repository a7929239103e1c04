"""How the service is known to GitHub: as an App, by a token, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from newsletter.errors import AppUnreadable
from newsletter.github.credentials import AppCredentials
from newsletter.store import github_app
from newsletter.store.engine import Store
from newsletter.store.github_app import AppIdentity
from newsletter.store.sealing import Seal


class How(StrEnum):
    """What GitHub knows the service by."""

    #: The App that the settings name.
    SETTINGS = "settings"
    #: The App that was made here.
    APP = "app"
    #: That App, whose secrets no key opens.
    UNREADABLE = "unreadable"
    TOKEN = "token"  # noqa: S105 - the word for it, shown to nobody
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True)
class State:
    """What GitHub knows the service by, and the App that is stored, used or not."""

    how: How
    app: AppIdentity | None


@dataclass(frozen=True, kw_only=True)
class Connection:
    """Finds it out."""

    store: Store
    seal: Seal
    #: The App that the settings name.
    configured: AppCredentials | None
    has_token: bool

    async def state(self) -> State:
        """Return how it is at the moment."""
        async with self.store.read() as connection:
            app = await github_app.identity(connection)
            if self.configured is not None:
                return State(how=How.SETTINGS, app=app)
            if app is None:
                return State(how=How.TOKEN if self.has_token else How.NOTHING, app=None)
            try:
                await github_app.load(connection, self.seal)
            except AppUnreadable:
                return State(how=How.UNREADABLE, app=app)
            return State(how=How.APP, app=app)
