"""A stand-in for GitHub's REST API: a real HTTP server on this machine with the answers it was given.

Answers, headers and error bodies are those of https://docs.github.com/en/rest, version 2022-11-28.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar
from uuid import uuid4

from aiohttp import web
from aiohttp.typedefs import Handler

from newsletter.demo.history import History

#: GitHub's page of a commit's files, and the most files it lists at all.
FILES_PER_PAGE = 300
MOST_FILES = 3000

_SHUTDOWN_SECONDS = 0.05
_DOCUMENTATION = "https://docs.github.com/rest/commits/commits#get-a-commit"

#: Looks at a request before it is answered, and may answer instead; None lets the request pass. It may wait for ever.
Fault = Callable[[web.Request], web.StreamResponse | Awaitable[web.StreamResponse | None] | None]

_Key_contra = TypeVar("_Key_contra", contravariant=True)


class Lookup(Protocol[_Key_contra]):
    """Where answers come from: a dict, or anything with its ``get``, for example one that reads files when asked."""

    def get(self, key: _Key_contra, /) -> Mapping[str, Any] | None:
        """Return the JSON object of the answer, or None where GitHub would have nothing."""


class StandInGitHub:
    """Serves repositories and commits as ``async with StandInGitHub(...) as github``, at ``github.url``.

    :param repositories: the answer of ``GET /repos/{owner}/{repo}`` by full name.
    :param commits: the answer of ``GET /repos/{owner}/{repo}/commits/{sha}`` by full name and full SHA, with all files:
        they are cut into pages here.
    :param pull_requests: the answer of ``GET /repos/{owner}/{repo}/pulls/{number}`` by full name and number.
    :param port: 0 lets the system choose.
    :param requests_an_hour: what the rate-limit headers promise. The limit itself is not enforced.
    """

    def __init__(
        self,
        *,
        repositories: Lookup[str],
        commits: Lookup[tuple[str, str]],
        pull_requests: Lookup[tuple[str, int]] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        requests_an_hour: int = 5000,
    ) -> None:
        self.repositories = repositories
        self.commits = commits
        self.pull_requests: Lookup[tuple[str, int]] = {} if pull_requests is None else pull_requests
        #: Method and path with query of every request, as in ``GET /repos/o/r?page=2``, in order of arrival.
        self.requests: list[str] = []
        #: Branches and what lies between commits.
        self.history = History(commits)
        #: May be set and changed at any time.
        self.faults: Fault | None = None
        self._host, self._port = host, port
        self._limit = requests_an_hour
        #: Links name a repository by its number, as GitHub's do.
        self._names: dict[str, str] = {}
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Root of the API without a slash at the end: a value for ``NEWSLETTER_GITHUB__API_URL``."""
        return f"http://{self._host}:{self._port}"

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._gate])
        app.router.add_get("/repos/{owner}/{name}", self._get_repository)
        app.router.add_get("/repos/{owner}/{name}/commits/{sha}", self._get_commit)
        app.router.add_get(r"/repos/{owner}/{name}/pulls/{number:\d{1,9}}", self._get_pull_request)
        app.router.add_get("/repositories/{id}/commits/{sha}", self._get_commit)
        self.history.add_routes(app)
        app.router.add_route("*", "/{rest:.*}", self._not_found)
        # A client that gives up ends a fault that hangs.
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _gate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.requests.append(f"{request.method} {request.path_qs}")
        answer: web.StreamResponse | None = None
        if self.faults is not None:
            said = self.faults(request)
            answer = await said if inspect.isawaitable(said) else said
        if answer is None:
            answer = await handler(request)
        if not answer.prepared:
            for name, value in self._headers().items():
                answer.headers.setdefault(name, value)
        return answer

    def _headers(self) -> dict[str, str]:
        used = min(len(self.requests), self._limit - 1)
        reset = datetime.now(UTC) + timedelta(hours=1)
        return {
            "X-GitHub-Request-Id": uuid4().hex[:16].upper(),
            "X-GitHub-Media-Type": "github.v3; format=json",
            "X-RateLimit-Limit": str(self._limit),
            "X-RateLimit-Remaining": str(self._limit - used),
            "X-RateLimit-Used": str(used),
            "X-RateLimit-Reset": str(int(reset.timestamp())),
            "X-RateLimit-Resource": "core",
        }

    async def _get_repository(self, request: web.Request) -> web.Response:
        answer = self.repositories.get("{owner}/{name}".format(**request.match_info))
        return await self._not_found(request) if answer is None else _json(answer)

    async def _get_pull_request(self, request: web.Request) -> web.Response:
        parts = request.match_info
        answer = self.pull_requests.get(("{owner}/{name}".format(**parts), int(parts["number"])))
        return await self._not_found(request) if answer is None else _json(answer)

    async def _get_commit(self, request: web.Request) -> web.Response:
        parts = request.match_info
        name = self._names.get(parts["id"], "") if "id" in parts else "{owner}/{name}".format(**parts)
        repository = self.repositories.get(name)
        if repository is None:
            return await self._not_found(request)
        number = str(repository["id"])
        self._names[number] = name
        commit = self.commits.get((name, parts["sha"]))
        if commit is None:
            return _error(422, f"No commit found for SHA: {parts['sha']}")
        return _page(request, f"/repositories/{number}/commits/{parts['sha']}", commit)

    async def _not_found(self, _: web.Request) -> web.Response:
        return _error(404, "Not Found")


def _page(request: web.Request, path: str, commit: Mapping[str, Any]) -> web.Response:
    """Cut the files into pages, with the links of https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api."""
    files = commit.get("files", [])[:MOST_FILES]
    size = min(_number(request, "per_page", FILES_PER_PAGE), FILES_PER_PAGE)
    page = _number(request, "page", 1)
    last = max(1, -(-len(files) // size))
    targets = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    absent = {"prev", "first"} if page <= 1 else {"next", "last"} if page >= last else set()
    asked = f"per_page={size}&" if "per_page" in request.query else ""
    links = [
        f'<{request.scheme}://{request.host}{path}?{asked}page={target}>; rel="{relation}"'
        for relation, target in targets.items()
        if relation not in absent
    ]
    answer = _json({**commit, "files": files[(page - 1) * size : page * size]})
    if last > 1:
        answer.headers["Link"] = ", ".join(links)
    return answer


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, "")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 10 else default


def _json(body: Mapping[str, Any], *, status: int = 200) -> web.Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return web.Response(status=status, text=text, content_type="application/json", charset="utf-8")


def _error(status: int, message: str) -> web.Response:
    return _json({"message": message, "documentation_url": _DOCUMENTATION, "status": str(status)}, status=status)
