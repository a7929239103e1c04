"""From the code that GitHub gave a browser to an App whose secrets are stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from newsletter.errors import NewsletterError
from newsletter.github.conversion import Conversions
from newsletter.github.credentials import AppCredentials
from newsletter.logs import get_logger
from newsletter.store import github_app, spent
from newsletter.store.engine import Store
from newsletter.store.sealing import Seal

log = get_logger("github")


class ConnectError(NewsletterError):
    """The App was not stored, and what is stored is as before."""


class RequestUsed(ConnectError):
    """This request for an App was answered before."""


class AnotherConnected(ConnectError):
    """Another App was stored since this one was asked for."""


@dataclass(frozen=True, kw_only=True)
class AppRequest:
    """A request for an App, as the page that made it remembers it."""

    id: str
    #: GitHub's codes are good for an hour, and so is what goes with them.
    expires_at: datetime
    #: Id of the App that is stored and was to be replaced; None = there was none.
    replaces: int | None


async def connect_app(
    request: AppRequest, code: str, *, conversions: Conversions, store: Store, seal: Seal, now: datetime
) -> AppCredentials:
    """Turn a code into an App and store it, once.

    The request is used up together with the storing, so that a page that met an outage of GitHub's can be loaded again.

    :raises RequestUsed: it was answered before.
    :raises AnotherConnected: the stored App is not the one that was to be replaced.
    :raises GitHubError: GitHub does not give the App for the code.
    """
    async with store.read() as connection:
        if await spent.is_spent(connection, request.id):
            raise RequestUsed("this request for an App was answered before")
        present = await github_app.identity(connection)
    # A code is good once: it is not given away where nothing can come of it.
    if (present.app_id if present else None) != request.replaces:
        raise AnotherConnected("another App was connected meanwhile")
    app = await conversions.convert(code)
    async with store.write() as transaction:
        connection = transaction.connection
        if not await spent.spend(connection, request.id, expires_at=request.expires_at, now=now):
            raise RequestUsed("this request for an App was answered before")
        if not await github_app.save(connection, app, seal, replaces=request.replaces, now=now):
            raise AnotherConnected("another App was connected meanwhile")
    credentials = app.credentials
    log.info(
        "GitHub App connected",
        action="github.app_connected",
        app=credentials.app_id,
        slug=credentials.slug,
        replaced=request.replaces,
    )
    return credentials
