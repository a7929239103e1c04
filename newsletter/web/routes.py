"""Every route of the service, in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from aiohttp import web

from newsletter.errors import StoreUnavailable
from newsletter.github.manifest import CREATED_PATH
from newsletter.logs import get_logger
from newsletter.web.admin.connect import PAGE, Connect
from newsletter.web.admin.entrance import Entrance
from newsletter.web.admin.gate import HOME, Gate, guarded
from newsletter.web.admin.overview import Overview
from newsletter.web.pages import Handler, security_headers, style_url
from newsletter.web.readers import LARGEST_FORM, Readers
from newsletter.web.service import ServicePages
from newsletter.web.webhook import Webhook

log = get_logger("web")


def create_web_app(
    *,
    webhook: Webhook,
    readers: Readers,
    service: ServicePages,
    static: Path,
    archive: Sequence[web.RouteDef] = (),
    admin: Sequence[web.RouteDef] = (),
) -> web.Application:
    """Build the web application.

    :param static: folder whose style sheet the pages use.
    :param archive: the pages and feeds that everybody may read (:mod:`newsletter.web.archive.routes`).
    :param admin: the operator's pages; none where there is no password.
    """
    # The webhook reads its own body up to GitHub's limit; everything else is a small form.
    app = web.Application(client_max_size=LARGEST_FORM, middlewares=[security_headers, plain_errors])
    app.add_routes(
        [
            web.post("/webhooks/github", webhook.post),
            web.get("/", service.landing),
            web.get("/preferences/{token}", readers.preferences_page),
            web.get("/unsubscribe/{token}", readers.unsubscribe_page),
            web.post("/unsubscribe/{token}", readers.unsubscribe),
            web.get("/healthz", service.healthz),
            web.get("/readyz", service.readyz),
            web.get("/metrics", service.metrics),
            web.get("/robots.txt", service.robots),
            style_sheet(static),
            *archive,
            *admin,
        ]
    )
    return app


def admin_routes(*, gate: Gate, entrance: Entrance, overview: Overview, connect: Connect) -> tuple[web.RouteDef, ...]:
    """Return the routes of the operator's pages."""
    return (
        web.get(HOME, overview.page),
        web.post(f"{HOME}/login", guarded(gate, entrance.login)),
        web.post(f"{HOME}/logout", guarded(gate, entrance.logout)),
        web.get(PAGE, connect.page),
        web.get(CREATED_PATH, connect.created),
    )


def style_sheet(static: Path) -> web.RouteDef:
    """Return the route of the pages' style sheet."""
    body = (static / "style.css").read_bytes()
    present = style_url(static).partition("=")[2]

    async def get(request: web.Request) -> web.Response:
        # Under the address that has its hash it never changes (RFC 8246).
        kept = "max-age=31536000, immutable" if request.query.get("v") == present else "max-age=3600"
        headers = {"Cache-Control": f"public, {kept}"}
        return web.Response(body=body, content_type="text/css", charset="utf-8", headers=headers)

    return web.get("/style.css", get)


@web.middleware
async def plain_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer failures with one sentence and never with a traceback; the log has the rest."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return web.json_response({"error": error.reason}, status=error.status, headers=_allowed(error))
    except StoreUnavailable as error:
        log.error("request failed", action="web.unavailable", path=request.path, reason=str(error))  # noqa: TRY400
        return web.json_response({"error": "The service is busy; try again in a moment."}, status=503)
    except Exception:
        log.exception("request failed", action="web.failed", path=request.path)
        return web.json_response({"error": "Something went wrong on our side."}, status=500)


def _allowed(error: web.HTTPException) -> Mapping[str, str]:
    # RFC 9110 §15.5.6: a 405 says which methods there are.
    return {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
