"""The way to a GitHub App: a form that is posted to GitHub, and the browser that comes back with a code.

https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from aiohttp import web

from newsletter.errors import NewsletterError, StoreUnavailable
from newsletter.github.conversion import Conversions
from newsletter.github.faults import GitHubError, NotOnGitHub
from newsletter.github.manifest import is_code, is_organization, manifest, obstacle, registration_url
from newsletter.logs import get_logger
from newsletter.pipeline.connect import AnotherConnected, AppRequest, ConnectError, RequestUsed, connect_app
from newsletter.store.engine import Store
from newsletter.store.sealing import Seal
from newsletter.web.admin.connection import Connection, How
from newsletter.web.admin.gate import Gate, forms_also_to
from newsletter.web.admin.signatures import GitHubRequest, Session

log = get_logger("web")

PAGE = "/admin/app"


class _Fault(StrEnum):
    """Why no App was stored, and what is answered."""

    LOGGED_OUT = "logged_out"
    NOT_OURS = "not_ours"
    EXPIRED = "expired"
    USED = "used"
    ANOTHER = "another"
    NO_CODE = "no_code"
    CODE_REFUSED = "code_refused"
    GITHUB = "github"
    STORE = "store"


_STATUS = {
    _Fault.NO_CODE: 400,
    _Fault.USED: 409,
    _Fault.ANOTHER: 409,
    _Fault.CODE_REFUSED: 502,
    _Fault.GITHUB: 502,
    _Fault.STORE: 503,
}

#: The first that fits.
_FAULTS: tuple[tuple[type[NewsletterError], _Fault], ...] = (
    (RequestUsed, _Fault.USED),
    (AnotherConnected, _Fault.ANOTHER),
    (NotOnGitHub, _Fault.CODE_REFUSED),
    (GitHubError, _Fault.GITHUB),
    (StoreUnavailable, _Fault.STORE),
)


@dataclass(frozen=True, kw_only=True)
class Connect:
    """The routes and what they need."""

    gate: Gate
    connection: Connection
    conversions: Conversions
    store: Store
    seal: Seal
    clock: Callable[[], datetime]
    #: Called when an App was stored.
    connected: Callable[[], Awaitable[object]]
    title: str
    base_url: str
    #: Where people use GitHub.
    web_url: str

    async def page(self, request: web.Request) -> web.Response:
        """Show the App, or the button that makes one. Changes nothing."""
        session = await self.gate.admitted(request)
        state = await self.connection.state()
        organization = request.query.get("organization", "").strip()
        wrong_name = bool(organization) and not is_organization(organization)
        in_the_way = obstacle(self.base_url, self.web_url)
        wanted = state.app is None or "replace" in request.query
        offered = wanted and state.how is not How.SETTINGS and in_the_way is None and not wrong_name
        action = None
        if offered:
            signed = self.gate.signatures.request(
                session, replaces=state.app.app_id if state.app else None, now=self.clock()
            )
            action = registration_url(self.web_url, organization=organization or None, state=signed)
        response = self.gate.show(
            request,
            "app.html",
            session,
            status=400 if wrong_name else 200,
            how=state.how,
            app=state.app,
            wanted=wanted,
            obstacle=in_the_way,
            organization=organization,
            wrong_name=wrong_name,
            action=action,
            manifest=manifest(title=self.title, base_url=self.base_url),
            base_url=self.base_url,
            web_host=urlsplit(self.web_url).netloc,
        )
        if action:
            forms_also_to(response, self.web_url)
        return response

    async def created(self, request: web.Request) -> web.StreamResponse:
        """Take the code that GitHub's redirect brings and store the App that it stands for.

        The one GET that changes something: GitHub's way back is a redirect. The state, signed for this session and
        good once, stands in for the form's token.
        """
        session = await self.gate.session(request)
        asked = self.gate.signatures.read_request(request.query.get("state", ""))
        fault = self._refused(session, asked)
        if fault is None and asked is not None:
            fault = await self._connect(asked, request.query.get("code", ""))
        if fault is not None:
            return self.gate.show(
                request,
                "app_fault.html",
                session,
                status=_STATUS.get(fault, 403),
                fault=fault,
                apps_url=f"{self.web_url}/settings/apps",
            )
        # It is stored; who could not be told notices by themselves.
        with suppress(StoreUnavailable):
            await self.connected()
        # The code and the state leave the address bar with this.
        return web.Response(status=303, headers={"Location": PAGE, "Cache-Control": "no-store"})

    def _refused(self, session: Session | None, asked: GitHubRequest | None) -> _Fault | None:
        if session is None or not session.admitted:
            return _Fault.LOGGED_OUT
        if asked is None or asked.session_id != session.id:
            return _Fault.NOT_OURS
        return _Fault.EXPIRED if asked.expired(self.clock()) else None

    async def _connect(self, asked: GitHubRequest, code: str) -> _Fault | None:
        if not is_code(code):
            return _Fault.NO_CODE
        try:
            await connect_app(
                AppRequest(id=asked.id, expires_at=asked.expires_at, replaces=asked.replaces),
                code,
                conversions=self.conversions,
                store=self.store,
                seal=self.seal,
                now=self.clock(),
            )
        except (ConnectError, GitHubError, StoreUnavailable) as error:
            fault = next(fault for kind, fault in _FAULTS if isinstance(error, kind))
            log.warning("the App was not connected", action="admin.app_refused", fault=fault.value, reason=str(error))
            return fault
        return None
