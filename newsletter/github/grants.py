"""With whose authorisation a request is made: nobody's, a fixed token's, or an App's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from newsletter.github.credentials import PresentCredentials
from newsletter.github.faults import GitHubRefused
from newsletter.github.identity import app_token


class Grants(Protocol):
    """Gives what a request is authorised with."""

    async def present(self) -> Mapping[str, str]:
        """Return gidgethub's argument: ``oauth_token`` or ``jwt``, or nothing.

        :raises GitHubError: there is none to be had.
        """
        ...

    def refused(self, grant: Mapping[str, str], /) -> bool:
        """Take note that GitHub did not accept a grant; returns whether another one may be had."""
        ...


@dataclass(frozen=True, kw_only=True)
class FixedToken:
    """A token from the settings, or none: then a request is anonymous."""

    token: str | None

    async def present(self) -> Mapping[str, str]:
        """Return the token."""
        return {} if self.token is None else {"oauth_token": self.token}

    def refused(self, _: Mapping[str, str], /) -> bool:
        """There is no other one."""
        return False


@dataclass(frozen=True, kw_only=True)
class AppItself:
    """The App's own word, for what concerns all of its installations."""

    credentials: PresentCredentials
    clock: Callable[[], datetime]

    async def present(self) -> Mapping[str, str]:
        """Return a JSON Web Token.

        :raises GitHubRefused: there is no App, or its key is of no use.
        """
        credentials = await self.credentials()
        if credentials is None:
            raise GitHubRefused("there is no GitHub App")
        try:
            return {"jwt": app_token(credentials, now=self.clock())}
        except ValueError as error:
            raise GitHubRefused(f"the GitHub App's private key is of no use: {error}") from None

    def refused(self, _: Mapping[str, str], /) -> bool:
        """Another one would be the same."""
        return False
