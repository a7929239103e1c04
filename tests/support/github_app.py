"""A GitHub App on a stand-in of GitHub: installations, tokens that are really checked, and a webhook with its log.

https://docs.github.com/en/rest/apps, version 2022-11-28.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import aiohttp
import jwt
from aiohttp import web

from newsletter.demo.github import Fault, StandInGitHub
from tests.support.app_keys import APP_ID, key
from tests.support.pushes import SECRET, headers_of

TOKEN_LIFETIME = timedelta(hours=1)
#: How much GitHub lists where nobody says.
PER_PAGE = 30


@dataclass
class Installed:
    """An installation: on whose account, and what it may read."""

    account: str
    #: Answers of ``GET /repos/{owner}/{repo}``.
    repositories: list[dict[str, Any]] = field(default_factory=list)
    suspended: bool = False
    #: What its owner allowed: to read ``contents``, to write ``contents:write``.
    permissions: frozenset[str] = frozenset({"contents", "metadata", "pull_requests"})


@dataclass
class AppOnGitHub:
    """Answers for the App where ``server`` would have nothing, and looks at each token.

    Without an account's installation a private repository is not there; with a token that expired, nothing is.
    """

    server: StandInGitHub
    #: GitHub's clock.
    clock: Callable[[], datetime]
    app_id: int = APP_ID
    #: Which of the tests' keys is the App's.
    key_number: int = 0
    installations: dict[int, Installed] = field(default_factory=dict)
    #: Present names of repositories by their former ones.
    moved: dict[str, str] = field(default_factory=dict)
    #: Installation and expiry of each token that was given out.
    tokens: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    #: What each request for a token asked for.
    token_requests: list[dict[str, Any]] = field(default_factory=list)
    #: Method and path of each request that came as far as this, and whose it was.
    asked: list[tuple[str, str]] = field(default_factory=list)
    #: Looks at a request before this does.
    faults: Fault | None = None
    #: Where events are sent; None = nowhere.
    webhook: str | None = None
    #: What they are signed with.
    secret: str = SECRET
    #: Attempts at delivering an event, the oldest first.
    log: list[dict[str, Any]] = field(default_factory=list)
    bodies: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.server.faults = self._answer

    def install(self, installation_id: int, *repositories: dict[str, Any], account: str = "acme") -> Installed:
        """Install the App on an account that gives it repositories to read."""
        self.installations[installation_id] = Installed(account, list(repositories))
        return self.installations[installation_id]

    def revoke(self) -> None:
        """Take back every token that was given out."""
        self.tokens.clear()

    def times(self, part: str) -> int:
        """Return how often something was asked for."""
        return sum(part in path for path, _ in self.asked)

    async def _answer(self, request: web.Request) -> web.StreamResponse | None:
        if self.faults is not None and (said := self.faults(request)) is not None:
            assert isinstance(said, web.StreamResponse)
            return said
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if request.path.startswith("/app/") or request.path.endswith("/installation"):
            refused = self._refused(token) if scheme.lower() == "bearer" else "no JSON web token"
            self.asked.append((f"{request.method} {request.path_qs}", "app"))
            if refused:
                return _error(401, refused)
            if request.path.startswith("/repos/"):
                return self._installation_of("/".join(request.path.split("/")[2:4]))
            return await self._as_app(request)
        return self._as_installation(request, token)

    def _refused(self, token: str) -> str | None:
        try:
            claims = jwt.decode(
                token, key(self.key_number).public_key(), ["RS256"], options={"verify_exp": False, "verify_iat": False}
            )
        except jwt.PyJWTError:
            return "A JSON web token could not be decoded"
        now = self.clock().timestamp()
        if claims["iss"] != str(self.app_id):
            return "Integration not found"
        if claims["iat"] > now:
            return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
        return None if now < claims["exp"] <= now + 600 else "'Expiration time' claim ('exp') is too far in the future"

    async def _as_app(self, request: web.Request) -> web.StreamResponse | None:
        match request.path.strip("/").split("/")[1:]:
            case ["installations"]:
                told = [self._told(number) for number in self.installations]
                return web.json_response(_page(request, told))
            case ["installations", number] if int(number) in self.installations:
                return web.json_response(self._told(int(number)))
            case ["installations", number, "access_tokens"] if int(number) in self.installations:
                return await self._new_token(int(number), request)
            case ["hook", "deliveries"]:
                return self._deliveries(request)
            case ["hook", "deliveries", number, "attempts"]:
                return await self._attempt_again(int(number))
        return _error(404, "Not Found")

    def _installation_of(self, full_name: str) -> web.Response:
        if full_name in self.moved:
            return web.Response(status=301, headers={"Location": f"/repos/{self.moved[full_name]}/installation"})
        for number, installed in self.installations.items():
            if full_name in {repository["full_name"] for repository in installed.repositories}:
                return web.json_response(self._told(number))
        return _error(404, "Not Found")

    def _told(self, number: int) -> dict[str, Any]:
        installed = self.installations[number]
        return {
            "id": number,
            "app_id": self.app_id,
            "account": {"login": installed.account},
            "repository_selection": "all",
            "suspended_at": "2026-01-01T00:00:00Z" if installed.suspended else None,
        }

    async def _new_token(self, number: int, request: web.Request) -> web.Response:
        installed = self.installations[number]
        if installed.suspended:
            return _error(403, "This installation has been suspended")
        body = await request.json() if request.can_read_body else {}
        self.token_requests.append(body)
        asked = body.get("permissions", {})
        needed = {name if level == "read" else f"{name}:{level}" for name, level in asked.items()}
        if not needed <= installed.permissions:
            return _error(422, "The permissions requested are not granted to this installation.")
        token = f"ghs_{uuid4().hex}{'x' * 484}"
        expires_at = self.clock() + TOKEN_LIFETIME
        self.tokens[token] = number, expires_at
        told = {"token": token, "expires_at": expires_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        return web.json_response(told | {"permissions": asked}, status=201)

    def _as_installation(self, request: web.Request, token: str) -> web.Response | None:
        number, expires_at = self.tokens.get(token, (0, datetime.max.replace(tzinfo=UTC)))
        who = str(number) if number else token or "anonymous"
        self.asked.append((f"{request.method} {request.path_qs}", who))
        if token.startswith("ghs_") and (number not in self.installations or self.clock() >= expires_at):
            return _error(401, "Bad credentials")
        theirs = self.installations[number].repositories if number else []
        if request.path == "/installation/repositories":
            listed = _page(request, theirs)
            return web.json_response({"total_count": len(theirs), "repositories": listed})
        name = "/".join(request.path.split("/")[2:4])
        known = self.server.repositories.get(name)
        if known is not None and known["private"] and known not in theirs and not token.startswith("ghp_"):
            return _error(404, "Not Found")
        return None

    async def tell(self, event: str, data: Mapping[str, Any], *, at: datetime | None = None) -> str:
        """Send an event to the webhook; returns its id."""
        hook_id = str(uuid4())
        self.bodies[hook_id] = json.dumps(data).encode()
        await self._attempt(hook_id, event, redelivery=False, at=at)
        return hook_id

    async def _attempt(self, hook_id: str, event: str, *, redelivery: bool, at: datetime | None = None) -> None:
        status = 0
        if self.webhook is not None:
            body = self.bodies[hook_id]
            headers = headers_of(body, event=event, hook_id=hook_id, secret=self.secret)
            try:
                async with (
                    aiohttp.ClientSession() as session,
                    session.post(self.webhook, data=body, headers=headers) as answer,
                ):
                    status = answer.status
            except aiohttp.ClientError:
                status = 0
        when = (at or self.clock()).astimezone(UTC)
        self.log.append(
            {
                "id": 1000 + len(self.log),
                "guid": hook_id,
                "delivered_at": when.isoformat().replace("+00:00", "Z"),
                "redelivery": redelivery,
                "status": "OK" if status == 202 else "failed",
                "status_code": status,
                "event": event,
                "action": None,
            }
        )

    def _deliveries(self, request: web.Request) -> web.Response:
        size = int(request.query.get("per_page", PER_PAGE))
        before = int(request.query.get("cursor", "v1_999999").removeprefix("v1_"))
        found = [entry for entry in reversed(self.log) if entry["id"] < before]
        headers = {}
        if len(found) > size:
            more = f"{request.scheme}://{request.host}{request.path}?per_page={size}&cursor=v1_{found[size - 1]['id']}"
            headers["Link"] = f'<{more}>; rel="next"'
        return web.json_response(found[:size], headers=headers)

    async def _attempt_again(self, number: int) -> web.Response:
        found = next((entry for entry in self.log if entry["id"] == number), None)
        if found is None:
            return _error(404, "Not Found")
        await self._attempt(found["guid"], found["event"], redelivery=True)
        return web.json_response({}, status=202)


def _page(request: web.Request, entries: list[Any]) -> list[Any]:
    size = int(request.query.get("per_page", PER_PAGE))
    start = (int(request.query.get("page", "1")) - 1) * size
    return entries[start : start + size]


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"message": message, "status": str(status)}, status=status)
