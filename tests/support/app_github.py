"""A GitHub that makes Apps from manifests: its page, its way back, and the code that is good once."""

from __future__ import annotations

import html
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


@cache
def private_key() -> str:
    """Return an RSA key as GitHub gives it out, the same each time: making one takes long."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()


@dataclass
class AppGitHub:
    """Answers as GitHub Enterprise Server does: pages at the root, the API below ``/api/v3``."""

    #: Manifests that were posted, with the account that the App is for.
    manifests: list[tuple[str | None, dict[str, Any]]] = field(default_factory=list)
    #: Conversions that were asked for.
    codes_asked: list[str] = field(default_factory=list)
    #: Answers instead of a conversion, where it is set.
    fault: Callable[[], web.StreamResponse] | None = None
    #: Where the rest of the API is, without a slash at the end; None = there is none.
    rest_of_api: str | None = None
    #: What is said of each App that is made on the page, besides the usual.
    changes: dict[str, Any] = field(default_factory=dict)
    _open: dict[str, dict[str, Any]] = field(default_factory=dict)
    _number: int = 4710

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.add_routes(
            [
                web.post("/settings/apps/new", self._confirm),
                web.post("/organizations/{organization}/settings/apps/new", self._confirm),
                web.post("/settings/apps", self._create),
                web.post("/api/v3/app-manifests/{code}/conversions", self._convert),
                web.get("/github-apps/{slug}/installations/new", self._install),
                web.route("*", "/api/v3/{rest:.*}", self._pass_on),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def api_url(self) -> str:
        """Where the REST API is."""
        return f"{self.url}/api/v3"

    def code(self, name: str = "Rocket news", **changes: Any) -> str:
        """Make an App as if somebody had confirmed it; returns the code of its conversion.

        :param changes: of the answer; None leaves a key out.
        """
        self._number += 1
        slug = "-".join(name.lower().split())
        answer = {
            "id": self._number,
            "slug": slug,
            "node_id": "MDM6QXBw",
            "owner": {"login": "ada"},
            "name": name,
            "html_url": f"{self.url}/github-apps/{slug}",
            "client_id": f"Iv1.{self._number}",
            "client_secret": f"client secret of {self._number}",
            "webhook_secret": f"webhook secret of {self._number}",
            "pem": private_key(),
        } | changes
        code = secrets.token_hex(20)
        self._open[code] = {key: value for key, value in answer.items() if value is not None}
        return code

    async def _confirm(self, request: web.Request) -> web.Response:
        organization = request.match_info.get("organization")
        manifest = json.loads(str((await request.post())["manifest"]))
        # What GitHub refuses to make an App from.
        assert len(manifest["name"]) <= 34
        assert manifest["hook_attributes"]["url"].startswith("https://")
        self.manifests.append((organization, manifest))
        fields = {"state": request.query["state"], "redirect_url": manifest["redirect_url"]}
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{html.escape(value)}">' for name, value in fields.items()
        )
        return _page(
            f"<h1>Create GitHub App for {organization or 'ada'}</h1>"
            f'<form method="post" action="/settings/apps">{hidden}'
            f'<input name="name" value="{html.escape(manifest["name"])}"><button>Create GitHub App</button></form>'
        )

    async def _create(self, request: web.Request) -> web.Response:
        form = await request.post()
        code = self.code(str(form["name"]), **self.changes)
        raise web.HTTPFound(f"{form['redirect_url']!s}?{urlencode({'code': code, 'state': str(form['state'])})}")

    async def _convert(self, request: web.Request) -> web.StreamResponse:
        code = request.match_info["code"]
        self.codes_asked.append(code)
        if self.fault is not None:
            return self.fault()
        return self.conversion(code)

    def conversion(self, code: str) -> web.Response:
        """Return the answer to a code, once."""
        answer = self._open.pop(code, None)
        if answer is None:
            return web.json_response({"message": "Not Found"}, status=404)
        return web.json_response(answer, status=201)

    async def _pass_on(self, request: web.Request) -> web.Response:
        if self.rest_of_api is None:
            raise web.HTTPNotFound
        told = {name: request.headers[name] for name in ("Authorization", "If-None-Match") if name in request.headers}
        url = self.rest_of_api + request.path_qs.removeprefix("/api/v3")
        async with (
            aiohttp.ClientSession() as session,
            session.request(request.method, url, headers=told, data=await request.read()) as answer,
        ):
            kept = {name: answer.headers[name] for name in ("Content-Type", "ETag") if name in answer.headers}
            return web.Response(status=answer.status, headers=kept, body=await answer.read())

    async def _install(self, request: web.Request) -> web.Response:
        return _page(f"<h1>Install {request.match_info['slug']}</h1>")


def _page(body: str) -> web.Response:
    return web.Response(text=f"<!doctype html><title>GitHub</title>{body}", content_type="text/html")
