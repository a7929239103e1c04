"""Installation access tokens: each is asked for once, used by everybody, and renewed before it expires.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-an-installation-access-token-for-a-github-app
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

#: A token lives an hour; what begins with it must also end with it.
MARGIN = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class InstallationToken:
    """A token of one installation."""

    #: Up to 520 characters.
    text: str = field(repr=False)
    expires_at: datetime


class InstallationTokens:
    """Keeps the token of each installation; however many ask at once, GitHub is asked once.

    :param ask: asks GitHub for a token of an installation.
    :param clock: gives the present time, aware.
    """

    def __init__(self, ask: Callable[[int], Awaitable[InstallationToken]], clock: Callable[[], datetime]) -> None:
        self._ask, self._clock = ask, clock
        self._kept: dict[int, InstallationToken] = {}
        self._asking: dict[int, asyncio.Task[InstallationToken]] = {}

    async def token(self, installation_id: int) -> str:
        """Return a token that is good for some minutes at least.

        :raises GitHubError: there is none to be had.
        """
        kept = self._kept.get(installation_id)
        if kept is not None and self._clock() < kept.expires_at - MARGIN:
            return kept.text
        asking = self._asking.get(installation_id)
        if asking is None:
            asking = asyncio.create_task(self._fetch(installation_id))
            self._asking[installation_id] = asking
            asking.add_done_callback(partial(self._answered, installation_id))
        # Whoever gives up waiting must not take the token from the others.
        return (await asyncio.shield(asking)).text

    async def _fetch(self, installation_id: int) -> InstallationToken:
        found = await self._ask(installation_id)
        self._kept[installation_id] = found
        return found

    def _answered(self, installation_id: int, asking: asyncio.Task[InstallationToken]) -> None:
        del self._asking[installation_id]
        if not asking.cancelled():
            # Everybody who waited may have left; then nobody wants to know what went wrong.
            asking.exception()

    def drop(self, installation_id: int, text: str) -> None:
        """Forget a token that GitHub does not accept, unless there is another one by now."""
        kept = self._kept.get(installation_id)
        if kept is not None and kept.text == text:
            del self._kept[installation_id]


@dataclass(frozen=True, kw_only=True)
class Installed:
    """What is asked through one installation."""

    tokens: InstallationTokens
    installation_id: int

    async def present(self) -> Mapping[str, str]:
        """Return the installation's token.

        :raises GitHubError: there is none to be had.
        """
        return {"oauth_token": await self.tokens.token(self.installation_id)}

    def refused(self, grant: Mapping[str, str], /) -> bool:
        """Forget a token that was taken back; the next one may be good."""
        self.tokens.drop(self.installation_id, grant["oauth_token"])
        return True
