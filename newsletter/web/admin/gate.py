"""What stands before every page of the operator's: cookies, forms that are ours, and headers.

A browser sends our cookie along with other sites' links (``SameSite=Lax``, which GitHub's way back needs) but not with
their forms; a form counts only if it says that it comes from here, and carries a token of the session that it was made
for (OWASP, "Cross-Site Request Forgery Prevention").
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from enum import StrEnum
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web
from yarl import URL

from newsletter.store import spent
from newsletter.store.engine import Store
from newsletter.web.admin.signatures import DEVICE_AGE, Session, Signatures
from newsletter.web.pages import SECURITY_HEADERS, Handler, Pages

HOME = "/admin"
#: For a form, seconds.
BODY_TIMEOUT = 10
#: No form of ours has more.
MOST_FIELDS = 8
#: A form that is posted has to say where it comes from, which "no-referrer" forbids; a path is never told.
REFERRER_POLICY = "strict-origin"


class Refusal(StrEnum):
    """Why a form is not taken."""

    FOREIGN = "foreign"
    STALE = "stale"
    MALFORMED = "malformed"


class Refused(Exception):
    """A form is not taken; nothing was changed."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.value)


class Gate:
    """Knows who looks at the pages.

    :param base_url: public URL of the service: forms come from nowhere else.
    """

    def __init__(
        self, *, signatures: Signatures, pages: Pages, store: Store, clock: Callable[[], datetime], base_url: str
    ) -> None:
        self.signatures = signatures
        self._pages = pages
        self._store = store
        self._clock = clock
        # As a browser writes it: small letters, no port that goes without saying.
        self._origin = str(URL(base_url).origin())
        self._secure = urlsplit(base_url).scheme == "https"
        # A cookie of this name no other host, and no page without https, can plant (RFC 6265bis, section 4.1.3.2).
        prefix = "__Host-" if self._secure else ""
        self._session_cookie, self._device_cookie = f"{prefix}newsletter-admin", f"{prefix}newsletter-device"

    async def session(self, request: web.Request) -> Session | None:
        """Return the session of whoever looks; None where there is none, or it is over."""
        session = self.signatures.session(request.cookies.get(self._session_cookie, ""), now=self._clock())
        if session is None or not session.admitted:
            return session
        async with self._store.read() as connection:
            return None if await spent.is_spent(connection, session.id) else session

    async def admitted(self, request: web.Request) -> Session:
        """Return the operator's session.

        :raises HTTPSeeOther: whoever looks has to log in.
        """
        session = await self.session(request)
        if session is None or not session.admitted:
            raise web.HTTPSeeOther(HOME)
        return session

    def device_id(self, request: web.Request) -> str | None:
        """Return which known browser this is."""
        return self.signatures.device_id(request.cookies.get(self._device_cookie, ""), now=self._clock())

    async def form(self, request: web.Request, session: Session | None) -> Mapping[str, str]:
        """Return the fields of a form that this session was given, each the last of its name.

        :raises Refused: it comes from elsewhere, was made for another session, or is no form.
        """
        self._require_ours(request)
        fields = await _fields(request)
        if session is None or not self.signatures.is_form(session, fields.get("form", "")):
            raise Refused(Refusal.STALE)
        return fields

    def _require_ours(self, request: web.Request) -> None:
        # Fetch Metadata and Origin (fetch.spec.whatwg.org): every browser of today sends at least one with a form.
        site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
        if (site is None and origin is None) or site not in {None, "same-origin"} or origin not in {None, self._origin}:
            raise Refused(Refusal.FOREIGN)

    def show(
        self, request: web.Request, name: str, session: Session | None, *, status: int = 200, **values: object
    ) -> web.Response:
        """Fill a template of the operator's pages."""
        language = self._pages.language_for(request)
        form = self.signatures.form(session) if session else None
        response = self._pages.respond(
            f"admin/{name}",
            language=language,
            status=status,
            private=True,
            form=form,
            logged_in=session is not None and session.admitted,
            **values,
        )
        response.headers["Referrer-Policy"] = REFERRER_POLICY
        return response

    def language(self, request: web.Request) -> str:
        """Return the language to answer in."""
        return self._pages.language_for(request)

    def keep(self, response: web.StreamResponse, session: Session) -> None:
        """Let the browser keep a session."""
        self._set(response, self._session_cookie, self.signatures.cookie(session), max_age=None)

    def keep_device(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let the browser be known from now on."""
        value = self.signatures.device(self.device_id(request), now=self._clock())
        self._set(response, self._device_cookie, value, max_age=int(DEVICE_AGE.total_seconds()))

    def forget(self, response: web.StreamResponse) -> None:
        """Let the browser forget its session."""
        self._set(response, self._session_cookie, "", max_age=0)

    def _set(self, response: web.StreamResponse, name: str, value: str, *, max_age: int | None) -> None:
        response.set_cookie(name, value, max_age=max_age, path="/", httponly=True, secure=self._secure, samesite="Lax")


def guarded(gate: Gate, handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Answer a form that is not taken with a page that says why."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refused as refused:
            status = 400 if refused.refusal is Refusal.MALFORMED else 403
            return gate.show(request, "refused.html", None, status=status, refusal=refused.refusal.value)

    return answer


def forms_also_to(response: web.Response, origin: str) -> None:
    """Let the forms of one page be posted to another site as well."""
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    response.headers["Content-Security-Policy"] = policy.replace("form-action 'self'", f"form-action 'self' {origin}")


async def _fields(request: web.Request) -> Mapping[str, str]:
    if request.content_type != "application/x-www-form-urlencoded":
        raise Refused(Refusal.MALFORMED)
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            body = await request.read()
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except (ValueError, TimeoutError, web.RequestPayloadError):
        # Also UnicodeDecodeError: a browser's form is ASCII, percent-encoded.
        raise Refused(Refusal.MALFORMED) from None
