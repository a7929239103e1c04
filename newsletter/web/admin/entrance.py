"""In and out: the password is asked for, and a session begins or ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aiohttp import web

from newsletter.logs import get_logger
from newsletter.store import spent
from newsletter.store.engine import Store
from newsletter.web.admin.gate import HOME, Gate, Refusal, Refused
from newsletter.web.admin.password import Password
from newsletter.web.admin.throttle import Throttle

log = get_logger("web")


class _Fault(StrEnum):
    WRONG = "wrong"
    TOO_OFTEN = "too_often"
    STALE = "stale"


@dataclass(frozen=True, kw_only=True)
class Entrance:
    """The routes and what they need."""

    gate: Gate
    password: Password
    throttle: Throttle
    store: Store
    clock: Callable[[], datetime]

    async def page(self, request: web.Request, *, status: int = 200, fault: _Fault | None = None) -> web.Response:
        """Ask for the password."""
        session = await self.gate.session(request)
        fresh = session is None or session.admitted
        if session is None or session.admitted:
            session = self.gate.signatures.new_session(admitted=False, now=self.clock())
        response = self.gate.show(request, "login.html", session, status=status, fault=fault)
        if fresh:
            self.gate.keep(response, session)
        return response

    async def login(self, request: web.Request) -> web.StreamResponse:
        """Begin a session: always a new one, so that nobody can have planted it."""
        try:
            fields = await self.gate.form(request, await self.gate.session(request))
        except Refused as refused:
            if refused.refusal is not Refusal.STALE:
                raise
            # The page had been open for too long, or the browser takes no cookies.
            return await self.page(request, status=403, fault=_Fault.STALE)
        wait = self.throttle.attempt(request.remote, device_id=self.gate.device_id(request))
        if wait:
            response = await self.page(request, status=429, fault=_Fault.TOO_OFTEN)
            response.headers["Retry-After"] = str(wait)
            return response
        if not await self.password.matches(fields.get("password", "")):
            log.warning("a wrong password was given", action="admin.refused")
            return await self.page(request, status=403, fault=_Fault.WRONG)
        log.info("operator logged in", action="admin.login")
        response = _to(HOME)
        self.gate.keep(response, self.gate.signatures.new_session(admitted=True, now=self.clock()))
        self.gate.keep_device(request, response)
        return response

    async def logout(self, request: web.Request) -> web.StreamResponse:
        """End the session, also for whoever else has its cookie."""
        session = await self.gate.session(request)
        await self.gate.form(request, session)
        if session is None or not session.admitted:
            return _to(HOME)
        async with self.store.write() as transaction:
            await spent.spend(transaction.connection, session.id, expires_at=session.expires_at, now=self.clock())
        log.info("operator logged out", action="admin.logout")
        response = _to(HOME)
        self.gate.forget(response)
        return response


def _to(path: str) -> web.Response:
    # RFC 9110 §15.4.4: what was posted is answered by a page that may be loaded again.
    return web.Response(status=303, headers={"Location": path, "Cache-Control": "no-store"})
