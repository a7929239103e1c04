"""What operators and machines ask of a running service: is it alive, is it ready, what has it counted."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web
from babel.dates import format_date

from newsletter.errors import SchemaAhead, SchemaBehind, StoreError
from newsletter.languages import locale_of
from newsletter.logs import get_logger
from newsletter.metrics import exposition
from newsletter.store import digests, repositories
from newsletter.store.engine import Store
from newsletter.store.migrate import require_current
from newsletter.web.pages import Pages

log = get_logger("web")


@dataclass(frozen=True, kw_only=True)
class ServicePages:
    """The routes and what they need."""

    store: Store
    pages: Pages
    #: Where people read the repositories.
    github_url: str

    async def landing(self, request: web.Request) -> web.Response:
        """Say what this newsletter is. Only public repositories are named."""
        async with self.store.read() as connection:
            followed = await repositories.everything(connection)
            latest = await digests.recent(connection, limit=1)
        language = self.pages.language_for(request)
        return self.pages.respond(
            "landing.html",
            language=language,
            repositories=[repository.full_name for repository in followed if not repository.private],
            last_day=format_date(latest[0].day, "long", locale=locale_of(language)) if latest else None,
            github_url=self.github_url,
        )

    async def robots(self, _: web.Request) -> web.Response:
        """Say what search engines may look at (RFC 9309): everything but what is a reader's or the operator's own."""
        closed = ("/admin", "/archive/search", "/confirm", "/preferences", "/unsubscribe")
        lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed)]
        return web.Response(text="\n".join([*lines, ""]), headers={"Cache-Control": "public, max-age=3600"})

    async def healthz(self, _: web.Request) -> web.Response:
        """Alive: the process answers. It says nothing of the database, whose outage no restart mends."""
        return web.json_response({"status": "ok"})

    async def readyz(self, _: web.Request) -> web.Response:
        """Ready: the database answers and has the schema of this version, or of a newer one, which only adds to it."""
        try:
            await require_current(self.store)
        except SchemaAhead:
            return web.json_response({"status": "ready"})
        except StoreError as error:
            # The database's own words may name its host and user; they are for the log.
            log.warning("not ready", action="web.not_ready", reason=str(error))
            reason = "the database needs `newsletter migrate`" if isinstance(error, SchemaBehind) else "no database"
            return web.json_response({"status": "unavailable", "reason": reason}, status=503)
        return web.json_response({"status": "ready"})

    async def metrics(self, _: web.Request) -> web.Response:
        """Counters in Prometheus' text format."""
        return web.Response(body=exposition(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})
