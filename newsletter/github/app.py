"""The GitHub App itself: where it is installed, what it may read there, and what its webhook did not get.

https://docs.github.com/en/rest/apps/apps
https://docs.github.com/en/rest/apps/installations
https://docs.github.com/en/rest/apps/webhooks
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from urllib.parse import parse_qs, urlencode, urlsplit

from newsletter.github import answers
from newsletter.github.channel import Channel, Server
from newsletter.github.credentials import PresentCredentials
from newsletter.github.faults import GitHubRefused, GitHubUnavailable, NotOnGitHub, Unauthorised, Unprocessable
from newsletter.github.grants import AppItself
from newsletter.github.manifest import PERMISSIONS, WRITING
from newsletter.github.payload import repository_path
from newsletter.github.reading import entries, read
from newsletter.github.record import HookDelivery, Installation, Repository
from newsletter.github.tokens import InstallationToken, InstallationTokens, Installed
from newsletter.logs import get_logger

log = get_logger("github")

#: Everything that is listed comes at most so many a page.
PER_PAGE = 100
#: Ten thousand repositories of one installation, or installations of the App.
MOST_PAGES = 100


@dataclass
class _OneApp:
    """What is kept of one App; another one begins anew."""

    app_id: int
    tokens: InstallationTokens
    channels: dict[int, Channel] = field(default_factory=dict)
    #: By the repository that may be written.
    writers: dict[str, Channel] = field(default_factory=dict)


class GitHubApp:
    """Asks as an App, and through its installations.

    Every method raises :class:`GitHubRefused` where there is no App or GitHub does not know its key, and
    :class:`GitHubError`'s other subclasses where GitHub cannot be asked.

    :param credentials: the App's at this moment.
    :param clock: gives the present time, aware.
    """

    def __init__(self, server: Server, *, credentials: PresentCredentials, clock: Callable[[], datetime]) -> None:
        self._server, self._credentials, self._clock = server, credentials, clock
        self._itself = Channel(server, AppItself(credentials=credentials, clock=clock))
        self._app: _OneApp | None = None

    async def id(self) -> int | None:
        """Return the App's id; None where there is no App at this moment."""
        credentials = await self._credentials()
        return credentials.app_id if credentials else None

    async def _present(self) -> _OneApp | None:
        app_id = await self.id()
        if app_id is None:
            return None
        if self._app is None or self._app.app_id != app_id:
            self._app = _OneApp(app_id=app_id, tokens=InstallationTokens(self._new_token, self._clock))
        return self._app

    async def channel(self, installation_id: int) -> Channel | None:
        """Return what is asked through an installation.

        None where there is no App, or GitHub gives it no token: it was uninstalled, or suspended.

        :raises GitHubError: GitHub does not know the App's key, or cannot be asked.
        """
        app = await self._present()
        if app is None:
            return None
        try:
            await app.tokens.token(installation_id)
        except Unauthorised:
            raise
        except (NotOnGitHub, GitHubRefused) as error:
            log.debug("no token", action="github.no_token", installation=installation_id, reason=str(error))
            return None
        return self._through(app, installation_id)

    def _through(self, app: _OneApp, installation_id: int) -> Channel:
        if installation_id not in app.channels:
            grants = Installed(tokens=app.tokens, installation_id=installation_id)
            app.channels[installation_id] = Channel(self._server, grants)
        return app.channels[installation_id]

    async def _new_token(self, installation_id: int) -> InstallationToken:
        path = f"/app/installations/{installation_id:d}/access_tokens"
        try:
            data = await self._itself.post(path, {"permissions": PERMISSIONS})
        except Unprocessable:
            # Somebody gave the App less; what it may do is for each request to find out.
            log.warning("an App has fewer permissions than it needs", action="github.app", installation=installation_id)
            data = await self._itself.post(path)
        text, expires_at = read(answers.access_token, data, "token")
        return InstallationToken(text=text, expires_at=expires_at)

    async def writer(self, full_name: str) -> Channel | None:
        """Return what a repository's files are written through: a token for that repository alone.

        None where there is no App, it is not installed there, or nobody allowed it to write.

        :raises GitHubError: GitHub does not know the App's key, or cannot be asked.
        """
        app = await self._present()
        if app is None:
            return None
        known = app.writers.get(full_name.lower())
        if known is not None:
            return known
        installation_id = await self.installation_of(full_name)
        if installation_id is None:
            return None
        tokens = InstallationTokens(partial(self._new_writing_token, full_name), self._clock)
        try:
            await tokens.token(installation_id)
        except Unauthorised:
            raise
        except (NotOnGitHub, GitHubRefused) as error:
            log.debug("may not write", action="github.no_token", installation=installation_id, reason=str(error))
            return None
        grants = Installed(tokens=tokens, installation_id=installation_id)
        return app.writers.setdefault(full_name.lower(), Channel(self._server, grants))

    async def _new_writing_token(self, full_name: str, installation_id: int) -> InstallationToken:
        path = f"/app/installations/{installation_id:d}/access_tokens"
        asked = {"permissions": WRITING, "repositories": [full_name.partition("/")[2]]}
        text, expires_at = read(answers.access_token, await self._itself.post(path, asked), "token")
        return InstallationToken(text=text, expires_at=expires_at)

    async def installation(self, installation_id: int) -> Installation:
        """Return what ``GET /app/installations/{installation_id}`` says.

        :raises NotOnGitHub: there is none of this id, or it is another App's.
        """
        data = await self._itself.get(f"/app/installations/{installation_id:d}")
        return read(answers.installation, data, "installation")

    async def installations(self) -> tuple[Installation, ...]:
        """Return the App's installations, all pages of them."""
        found: dict[int, Installation] = {}
        for page in range(1, MOST_PAGES + 1):
            data = await self._itself.get(f"/app/installations?per_page={PER_PAGE}&page={page}")
            listed = [read(answers.installation, entry, "installations") for entry in read(entries, data, "list")]
            found |= {installation.id: installation for installation in listed}
            if len(listed) < PER_PAGE:
                break
        return tuple(found.values())

    async def installation_of(self, full_name: str) -> int | None:
        """Return the installation through which a repository may be read, also under a former name; None = by none.

        https://docs.github.com/en/rest/apps/apps#get-a-repository-installation-for-the-authenticated-app
        """
        try:
            data = await self._itself.get(f"{repository_path(full_name)}/installation")
        except NotOnGitHub:
            return None
        return read(answers.installation, data, "installation").id

    async def repositories(self, installation_id: int) -> tuple[Repository, ...]:
        """Return the repositories that an installation may read, all pages of them.

        https://docs.github.com/en/rest/apps/installations#list-repositories-accessible-to-the-app-installation

        :raises GitHubUnavailable: they were changed while they were listed, or are more than can be listed.
        """
        app = await self._present()
        if app is None:
            raise GitHubRefused("there is no GitHub App")
        # A token that is not to be had must not be asked for again and again with each page.
        await app.tokens.token(installation_id)
        channel = self._through(app, installation_id)
        found: dict[int, Repository] = {}
        totals: set[int] = set()
        for page in range(1, MOST_PAGES + 1):
            data = await channel.get(f"/installation/repositories?per_page={PER_PAGE}&page={page}")
            totals.add(read(lambda answer: int(answer["total_count"]), data, "installation"))
            listed = read(lambda answer: entries(answer["repositories"]), data, "installation")
            found |= {
                repository.github_id: repository
                for repository in (read(answers.repository, entry, "repositories") for entry in listed)
            }
            if len(listed) < PER_PAGE or len(found) in totals:
                break
        if totals != {len(found)}:
            raise GitHubUnavailable("an installation's repositories changed while they were listed")
        return tuple(found.values())

    async def deliveries(self, cursor: str | None = None) -> tuple[tuple[HookDelivery, ...], str | None]:
        """Return a page of what the App's webhook was sent, newest first, and the cursor of the next page.

        https://docs.github.com/en/rest/apps/webhooks#list-deliveries-for-an-app-webhook

        :raises NotOnGitHub: the App has no webhook.
        """
        asked = {"per_page": str(PER_PAGE)} | ({} if cursor is None else {"cursor": cursor})
        data, more = await self._itself.page(f"/app/hook/deliveries?{urlencode(asked)}")
        listed = [read(answers.hook_delivery, entry, "deliveries") for entry in read(entries, data, "list")]
        # Only the cursor is taken from the link: no address that somebody else gives is visited with our token.
        following = None if more is None else next(iter(parse_qs(urlsplit(more).query).get("cursor", ())), None)
        return tuple(listed), following

    async def redeliver(self, delivery_id: int) -> None:
        """Ask for an event to be delivered again; it keeps its id.

        https://docs.github.com/en/rest/apps/webhooks#redeliver-a-delivery-for-an-app-webhook

        :raises NotOnGitHub: GitHub has forgotten it.
        """
        await self._itself.post(f"/app/hook/deliveries/{delivery_id:d}/attempts")
