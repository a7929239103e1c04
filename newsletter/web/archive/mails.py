"""A mail in the browser: exactly what its cohort got, without anybody's own links."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from aiohttp import web

from newsletter.digest.impersonal import impersonal
from newsletter.digest.sanitise import displayable
from newsletter.logs import get_logger
from newsletter.store import views
from newsletter.web.archive.desk import HTML, Desk

log = get_logger("web")

#: A mail brings its styles along, and nothing else; its links leave it.
CONTENT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, kw_only=True)
class Mails:
    """The route and what it needs."""

    desk: Desk

    async def mail(self, request: web.Request) -> web.Response:
        """Show a mail; whoever does not know its key finds nothing."""
        key = request.match_info["key"]
        # Nothing with an invisible character is a key, and PostgreSQL refuses to look for some of them.
        if displayable(key) != key:
            return self.desk.missing(request)
        async with self.desk.store.read() as connection:
            view = await views.by_key(connection, key)
        if view is None:
            return self.desk.missing(request)
        try:
            html = impersonal(view.html, slots=view.slots)
        except ValueError:
            log.exception("a mail cannot be shown without what is personal in it", action="archive.mail_refused")
            return self.desk.missing(request)
        body = html.encode()
        etag = hashlib.sha256(body).hexdigest()[:32]
        headers = {
            "Content-Security-Policy": CONTENT_POLICY,
            # A repository may become private: whoever has the page asks each time (RFC 9111 §5.2.2).
            "Cache-Control": "private, max-age=0, must-revalidate",
            "ETag": f'"{etag}"',
            "X-Robots-Tag": "noindex",
        }
        if any(known.value in {"*", etag} for known in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, headers={**headers, "Content-Type": HTML})
