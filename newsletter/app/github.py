"""From settings to GitHub: with whose authorisation it is asked, and what of the App has its turns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import aiohttp

from newsletter.app.app_source import AppSource
from newsletter.app.postage import revealed
from newsletter.errors import AppUnreadable, Fault, SettingsError
from newsletter.github.client import GitHubClient
from newsletter.github.credentials import AppCredentials, PresentCredentials
from newsletter.github.faults import GitHubRefused
from newsletter.jobs.rounds import Turn
from newsletter.pipeline.installations import ALL
from newsletter.pipeline.port import Kind
from newsletter.pipeline.redeliver import APP
from newsletter.settings import Settings
from newsletter.store import following
from newsletter.store.engine import Store
from newsletter.store.sealing import Seal

#: What the App has to do at the start, every hour and after an outage; where there is none, nothing.
APP_TURNS = (Turn(kind=Kind.INSTALLATION, key=ALL), Turn(kind=Kind.REDELIVER, key=APP))


def configured_app(settings: Settings) -> AppCredentials | None:
    """Return the App that the settings name; None where they name none.

    :raises SettingsError: its key cannot be read any more.
    """
    github = settings.github
    if github.app_id is None or github.private_key_file is None:
        return None
    try:
        key = github.private_key_file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        fault = Fault(name="NEWSLETTER_GITHUB__PRIVATE_KEY_FILE", expected="cannot be read")
        raise SettingsError((fault,)) from None
    return AppCredentials(app_id=github.app_id, private_key=key)


def app_source(settings: Settings, *, store: Store, seal: Seal | None) -> AppSource:
    """Return what knows the App and the secrets that verify its deliveries.

    :raises SettingsError: as :func:`configured_app` does.
    """
    return AppSource(
        store=store,
        seal=seal,
        configured=configured_app(settings),
        secrets=revealed(settings.github.webhook_secrets),
    )


def present_credentials(apps: AppSource) -> PresentCredentials:
    """Return what says which App the service is at a moment; GitHub counts as refusing one that cannot be read."""

    async def present() -> AppCredentials | None:
        try:
            return await apps.current()
        except AppUnreadable as error:
            raise GitHubRefused(str(error)) from error

    return present


def github_client(
    settings: Settings,
    session: aiohttp.ClientSession,
    *,
    store: Store,
    credentials: PresentCredentials,
    recovered: Callable[[], None],
    clock: Callable[[], datetime],
) -> GitHubClient:
    """Build the client: each repository is read through its installation, or with the token."""
    token = settings.github.token

    async def installation_of(full_name: str) -> int | None:
        async with store.read() as connection:
            return await following.installation_of(connection, full_name)

    return GitHubClient(
        session,
        api_url=settings.github.api_url,
        token=token.get_secret_value() if token else None,
        credentials=credentials,
        installation_of=installation_of,
        recovered=recovered,
        now=clock,
    )
