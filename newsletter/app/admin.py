"""The operator's pages, put together."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aiohttp import web

from newsletter.github.conversion import Conversions
from newsletter.store.sealing import Seal
from newsletter.web.admin.connect import Connect
from newsletter.web.admin.connection import Connection
from newsletter.web.admin.entrance import Entrance
from newsletter.web.admin.gate import Gate
from newsletter.web.admin.overview import Overview
from newsletter.web.admin.password import Password
from newsletter.web.admin.signatures import Signatures
from newsletter.web.admin.throttle import Throttle
from newsletter.web.pages import Pages
from newsletter.web.routes import admin_routes

if TYPE_CHECKING:
    from newsletter.app.service import Service


def operators_pages(
    service: Service, pages: Pages, *, keys: Sequence[str], seal: Seal, conversions: Conversions
) -> tuple[web.RouteDef, ...]:
    """Return the routes of the operator's pages; none where no password is set.

    :param keys: secret keys, newest first.
    """
    settings, store, clock = service.settings, service.store, service.clock
    if settings.admin.password_hash is None:
        return ()
    password_hash = settings.admin.password_hash.get_secret_value()
    gate = Gate(
        signatures=Signatures(keys, password_hash=password_hash),
        pages=pages,
        store=store,
        clock=clock,
        base_url=settings.base_url,
    )
    connection = Connection(
        store=store, seal=seal, configured=service.apps.configured, has_token=settings.github.token is not None
    )
    entrance = Entrance(
        gate=gate, password=Password(password_hash), throttle=Throttle(time.monotonic), store=store, clock=clock
    )
    return admin_routes(
        gate=gate,
        entrance=entrance,
        overview=Overview(
            gate=gate,
            entrance=entrance,
            connection=connection,
            store=store,
            zone=settings.zone,
            clock=clock,
            github_url=settings.github.web_url,
        ),
        connect=Connect(
            gate=gate,
            connection=connection,
            conversions=conversions,
            store=store,
            seal=seal,
            clock=clock,
            connected=service.apps.refresh,
            title=settings.title,
            base_url=settings.base_url,
            web_url=settings.github.web_url,
        ),
    )
