"""Runs the service with its operator's pages, as its composition root puts them together."""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web
from argon2 import PasswordHasher

from newsletter.app import Service, open_service
from newsletter.settings import load_settings
from tests.support.clock import FrozenClock

BASE_URL = "https://news.example.org"
PASSWORD = "correct horse battery staple"
KEY = "the present key of 32 characters or more"
COOKIE, DEVICE = "__Host-newsletter-admin", "__Host-newsletter-device"
_FIELD = re.compile(r'name="form" value="([^"]+)"')


def cheap_hash(password: str) -> str:
    """Return a hash that is checked in no time."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)


HASH = cheap_hash(PASSWORD)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a browser was answered."""

    status: int
    headers: Mapping[str, str]
    text: str
    cookies: Mapping[str, str]

    @property
    def form(self) -> str:
        """The token of the page's forms."""
        found = _FIELD.search(self.text)
        assert found is not None
        return found[1]


class Visitor:
    """A browser without a window: keeps cookies, follows nothing, and says where its forms come from."""

    def __init__(self, url: str, client: aiohttp.ClientSession) -> None:
        self._url = url
        self._client = client
        self.cookies: dict[str, str] = {}

    async def get(self, path: str, **headers: str) -> Answer:
        """Open a page."""
        return await self._ask("GET", path, headers)

    async def post(self, path: str, fields: object, *, origin: str | None = BASE_URL, **headers: str) -> Answer:
        """Send a form."""
        said = {"Origin": origin} if origin else {}
        return await self._ask("POST", path, said | headers, data=fields)

    async def login(self, password: str = PASSWORD) -> Answer:
        """Give a password on the page that asks for it."""
        page = await self.get("/admin")
        return await self.post("/admin/login", {"form": page.form, "password": password})

    async def _ask(self, method: str, path: str, headers: Mapping[str, str], **kwargs: Any) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            named["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        async with self._client.request(
            method, self._url + path, headers=named, allow_redirects=False, **kwargs
        ) as answer:
            given = {name: morsel.value for name, morsel in answer.cookies.items()}
            for name, value in given.items():
                if value:
                    self.cookies[name] = value
                else:
                    self.cookies.pop(name, None)
            return Answer(status=answer.status, headers=dict(answer.headers), text=await answer.text(), cookies=given)


@dataclass(frozen=True, kw_only=True)
class Operated:
    """A service that answers on a port of this machine."""

    service: Service
    port: int
    client: aiohttp.ClientSession

    def visitor(self) -> Visitor:
        """Return a browser that was never here."""
        return Visitor(f"http://127.0.0.1:{self.port}", self.client)

    async def operator(self) -> Visitor:
        """Return a browser that is logged in."""
        visitor = self.visitor()
        assert (await visitor.login()).status == 303
        return visitor


@asynccontextmanager
async def operated(
    database_url: str,
    *,
    clock: FrozenClock,
    api_url: str = "http://127.0.0.1:9/api/v3",
    certificate: ssl.SSLContext | None = None,
    **settings: str,
) -> AsyncIterator[Operated]:
    """Run the web application over a database.

    :param certificate: to answer by https.
    :param settings: without their prefix.
    """
    variables = {
        "BASE_URL": BASE_URL,
        "DATABASE_URL": database_url,
        "SECRET_KEY": KEY,
        "TITLE": "Rocket news",
        "GITHUB__API_URL": api_url,
        "ADMIN__PASSWORD_HASH": HASH,
    } | settings
    environment = {f"NEWSLETTER_{name}": value for name, value in variables.items()}
    async with open_service(load_settings(environment=environment), clock=clock) as service:
        await service.apps.start()
        runner = web.AppRunner(service.web_app(), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificate).start()
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
            try:
                yield Operated(service=service, port=runner.addresses[0][1], client=client)
            finally:
                await runner.cleanup()
