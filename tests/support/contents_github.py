"""Files of repositories on a stand-in of GitHub: read and committed by the contents API, on top of its other answers.

https://docs.github.com/en/rest/repos/contents, version 2022-11-28.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from newsletter.demo.github import StandInGitHub
from tests.support.records import sha

_PATH = re.compile(r"/repos/([^/]+/[^/]+)/contents/(.+)")


@dataclass(frozen=True, kw_only=True)
class Committed:
    """A commit that was made by the API."""

    repository: str
    branch: str
    path: str
    message: str
    text: str

    def pushed(self, number: int) -> dict[str, Any]:
        """Return it as an entry of a push's commits."""
        return {"id": sha(number), "message": self.message, "added": [self.path], "removed": [], "modified": []}


@dataclass
class ContentsOnGitHub:
    """Answers for files where ``server`` would have nothing; a token that may not write gets 403."""

    server: StandInGitHub
    #: What a request has to carry to write; None = whatever it carries.
    token: str | None = None
    #: Contents by repository, branch and path.
    files: dict[tuple[str, str, str], bytes] = field(default_factory=dict)
    commits: list[Committed] = field(default_factory=list)
    #: The tokens of those who wanted to write.
    writers: list[str] = field(default_factory=list)
    #: Looks at a commit that would be made, and may answer instead.
    before: Callable[[Committed], web.Response | None] = lambda _: None
    #: Looks at a commit that was made, and may answer instead.
    after: Callable[[Committed], web.Response | None] = lambda _: None
    #: Where the stand-in's other answers are looked at.
    otherwise: Any = None

    def __post_init__(self) -> None:
        self.otherwise = self.server.faults
        self.server.faults = self._answer

    def text(self, path: str, *, repository: str = "acme/reports", branch: str = "main") -> str | None:
        """Return what lies in a file."""
        found = self.files.get((repository, branch, path))
        return None if found is None else found.decode()

    def write(self, path: str, text: str, *, repository: str = "acme/reports", branch: str = "main") -> None:
        """Put something there by hand."""
        self.files[repository, branch, path] = text.encode()

    async def _answer(self, request: web.Request) -> web.StreamResponse | None:
        match = _PATH.fullmatch(unquote(request.rel_url.raw_path))
        if match is None:
            answer = self.otherwise(request) if self.otherwise is not None else None
            return answer if answer is None or isinstance(answer, web.StreamResponse) else await answer
        about = self.server.repositories.get(match[1])
        if about is None:
            return _said(404, "Not Found")
        if request.method == "GET":
            branch = request.query.get("ref", about["default_branch"])
            return self._file(match[1], branch, match[2])
        if request.method != "PUT":
            return _said(404, "Not Found")
        self.writers.append(request.headers.get("Authorization", "").rpartition(" ")[2])
        if self.token not in {None, self.writers[-1]}:
            return _said(403, "Resource not accessible by integration")
        return self._put(match[1], about["default_branch"], match[2], json.loads(await request.read()))

    def _file(self, repository: str, branch: str, path: str) -> web.Response:
        content = self.files.get((repository, branch, path))
        if content is not None:
            encoded = b64encode(content).decode()
            return _json(
                {"type": "file", "path": path, "sha": _blob(content), "content": encoded, "encoding": "base64"}
            )
        below = [key for key in self.files if key[:2] == (repository, branch) and key[2].startswith(f"{path}/")]
        if below:
            return web.json_response([{"type": "file", "path": key[2]} for key in below])
        return _said(404, "Not Found")

    def _put(self, repository: str, default: str, path: str, asked: dict[str, Any]) -> web.Response:
        branch = asked.get("branch", default)
        key = (repository, branch, path)
        commit = Committed(
            repository=repository,
            branch=branch,
            path=path,
            message=asked["message"],
            text=b64decode(asked["content"], validate=True).decode(),
        )
        if (answer := self.before(commit)) is not None:
            return answer
        present = self.files.get(key)
        if present is not None and "sha" not in asked:
            return _said(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
        if present is not None and asked["sha"] != _blob(present):
            return _said(409, f"{path} does not match {asked['sha']}")
        if present is None and "sha" in asked:
            return _said(409, f"{path} does not match {asked['sha']}")
        self.files[key] = commit.text.encode()
        self.commits.append(commit)
        if (answer := self.after(commit)) is not None:
            return answer
        content = {"path": path, "sha": _blob(commit.text.encode()), "type": "file"}
        body = {"content": content, "commit": {"sha": sha(len(self.commits)), "message": commit.message}}
        return _json(body, status=201 if present is None else 200)


def _blob(content: bytes) -> str:
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


def _json(body: dict[str, Any], *, status: int = 200) -> web.Response:
    return web.json_response(body, status=status)


def _said(status: int, message: str) -> web.Response:
    return _json({"message": message, "status": str(status)}, status=status)
