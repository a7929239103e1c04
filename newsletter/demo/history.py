"""The stand-in's branches: where they point, what lies between two commits, and when they were moved.

Answers are those of https://docs.github.com/en/rest/branches, /commits and /repos (activity), version 2022-11-28.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from aiohttp import web

PER_PAGE = 30
MOST_PER_PAGE = 100


class Commits(Protocol):
    """Where commits come from: a dict, or anything with its ``get``."""

    def get(self, key: tuple[str, str], /) -> Mapping[str, Any] | None:
        """Return a commit by full name and SHA."""


@dataclass
class History:
    """Branches of repositories over a graph of commits.

    :param commits: the answer of ``GET /repos/{owner}/{repo}/commits/{sha}`` by full name and SHA.
    """

    commits: Commits
    #: What each branch points at, by full name and branch; may be changed at any time.
    heads: dict[tuple[str, str], str] = field(default_factory=dict)
    #: Entries of ``GET /repos/{owner}/{repo}/activity`` by full name, oldest first; None = no such record (404).
    activity: dict[str, list[dict[str, Any]]] | None = None
    #: Commits that nothing can be compared with any more, as happens some time after a forced push.
    forgotten: set[str] = field(default_factory=set)

    def move(self, full_name: str, branch: str, sha: str, *, at: datetime | None = None) -> None:
        """Let a branch point at another commit; with a moment, the move is put on record."""
        before = self.heads.get((full_name, branch), "0" * 40)
        self.heads[full_name, branch] = sha
        if at is not None:
            self.activity = {} if self.activity is None else self.activity
            self.activity.setdefault(full_name, []).append(
                {
                    "before": before,
                    "after": sha,
                    "ref": f"refs/heads/{branch}",
                    "timestamp": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
                    "activity_type": "push",
                }
            )

    def add_routes(self, app: web.Application) -> None:
        """Serve the history."""
        app.router.add_get("/repos/{owner}/{name}/branches", self._branches)
        app.router.add_get("/repos/{owner}/{name}/branches/{branch:.+}", self._branch)
        app.router.add_get("/repos/{owner}/{name}/compare/{base}...{head}", self._compare)
        app.router.add_get("/repos/{owner}/{name}/commits", self._log)
        app.router.add_get("/repos/{owner}/{name}/activity", self._activity)

    async def _branches(self, request: web.Request) -> web.Response:
        name = _full_name(request)
        found = [
            {"name": branch, "commit": {"sha": sha}} for (owner, branch), sha in self.heads.items() if owner == name
        ]
        return web.json_response(_page(request, found))

    async def _branch(self, request: web.Request) -> web.Response:
        branch = request.match_info["branch"]
        sha = self.heads.get((_full_name(request), branch))
        if sha is None:
            return not_found("Branch not found")
        etag = hashlib.sha256(f"{branch} {sha}".encode()).hexdigest()
        if request.headers.get("If-None-Match") == f'"{etag}"':
            return web.Response(status=304, headers={"ETag": f'"{etag}"'})
        return web.json_response({"name": branch, "commit": {"sha": sha}}, headers={"ETag": f'"{etag}"'})

    async def _compare(self, request: web.Request) -> web.Response:
        name, base, head = _full_name(request), request.match_info["base"], request.match_info["head"]
        if {base, head} & self.forgotten or self.commits.get((name, head)) is None:
            return not_found("Not Found")
        behind, ahead = {base, *self.oldest_first(name, base)}, self.oldest_first(name, head)
        found = [sha for sha in ahead if sha not in behind]
        diverged = bool(behind - set(ahead) - {base}) or (bool(found) and base not in ahead and self._known(name, base))
        status = "diverged" if diverged else "ahead" if found else "identical" if base == head else "behind"
        listed = [self._listed(name, sha) for sha in _page(request, found)]
        return web.json_response({"status": status, "total_commits": len(found), "commits": listed})

    async def _log(self, request: web.Request) -> web.Response:
        name = _full_name(request)
        asked = request.query.get("sha", "")
        head = self.heads.get((name, asked), asked)
        if self.commits.get((name, head)) is None:
            return not_found("Not Found")
        listed = [self._listed(name, sha) for sha in reversed(self.oldest_first(name, head))]
        if since := request.query.get("since"):
            begin = datetime.fromisoformat(since)
            listed = [
                entry for entry in listed if datetime.fromisoformat(entry["commit"]["committer"]["date"]) >= begin
            ]
        return web.json_response(_page(request, listed))

    async def _activity(self, request: web.Request) -> web.Response:
        if self.activity is None:
            return not_found("Not Found")
        ref = request.query.get("ref")
        entries = [entry for entry in self.activity.get(_full_name(request), ()) if ref in {None, entry["ref"]}]
        return web.json_response(_page(request, entries[::-1]))

    def _known(self, name: str, sha: str) -> bool:
        return self.commits.get((name, sha)) is not None

    def _parents(self, name: str, sha: str) -> list[str]:
        commit = self.commits.get((name, sha))
        return [str(parent["sha"]) for parent in commit["parents"]] if commit else []

    def oldest_first(self, name: str, head: str) -> list[str]:
        """Return the commits that are reachable from one and known here, each after its parents."""
        ordered: dict[str, None] = {}
        waiting = [(head, False)]
        while waiting:
            sha, parents_done = waiting.pop()
            if sha in ordered or not self._known(name, sha):
                continue
            if parents_done:
                ordered[sha] = None
                continue
            waiting.append((sha, True))
            waiting += [(parent, False) for parent in reversed(self._parents(name, sha))]
        return list(ordered)

    def _listed(self, name: str, sha: str) -> dict[str, Any]:
        commit = self.commits.get((name, sha)) or {}
        return {key: value for key, value in commit.items() if key not in {"files", "stats"}}


def not_found(message: str) -> web.Response:
    """Return GitHub's own 404."""
    body = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": "404"}
    return web.json_response(body, status=404)


def _full_name(request: web.Request) -> str:
    return "{owner}/{name}".format(**request.match_info)


def _page(request: web.Request, entries: Sequence[Any]) -> Sequence[Any]:
    size = min(int(request.query.get("per_page", PER_PAGE)), MOST_PER_PAGE)
    page = max(int(request.query.get("page", 1)), 1)
    return entries[(page - 1) * size : page * size]
