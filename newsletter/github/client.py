"""The REST API, read only: one thin module around gidgethub that closes what it leaves open.

Time-outs come from the session; 5xx, 429 and both rate limits become one error that says when to come back; names and
shas are checked before they become part of a URL.

https://docs.github.com/en/rest/commits/commits#get-a-commit
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from gidgethub import (
    BadRequest,
    BadRequestUnknownError,
    GitHubBroken,
    GitHubException,
    HTTPException,
    RateLimitExceeded,
)
from gidgethub.aiohttp import GitHubAPI

from newsletter.errors import NewsletterError
from newsletter.github.payload import is_full_name, is_sha
from newsletter.github.record import CommitDetail, FileChange, Repository
from newsletter.metrics import github_faults

#: "Versions of the REST API": the service is written against this one.
API_VERSION = "2022-11-28"
TIMEOUT = aiohttp.ClientTimeout(total=60, connect=10, sock_read=30)

#: Files of a commit come so many a page, and at most so many altogether.
FILES_PER_PAGE = 300
MOST_FILES = 3000
#: Patches beyond this many characters in one commit are not kept: nobody reads them, and neither does a model.
MOST_PATCH_CHARACTERS = 2_000_000

#: A secondary limit without Retry-After: "wait for at least one minute".
SECONDARY_LIMIT_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)


class GitHubError(NewsletterError):
    """GitHub did not give what was asked for."""


class NotOnGitHub(GitHubError):  # noqa: N818 - reads as the state it names
    """GitHub has no such thing, or not for our token (404, 409, 410, 422, 451)."""


class GitHubRefused(GitHubError):  # noqa: N818
    """The token is wrong or may not read this (401, 403 without a limit)."""


class GitHubUnavailable(GitHubError):  # noqa: N818
    """GitHub is away, broken or wants a pause.

    :ivar retry_after: how long it asked us to wait; None where it did not say.
    """

    def __init__(self, sentence: str, *, retry_after: timedelta | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(sentence)


class GitHubClient:
    """Reads repositories and commits.

    :param session: shared by all requests; not closed here.
    :param api_url: without a slash at the end.
    """

    def __init__(self, session: aiohttp.ClientSession, *, api_url: str, token: str | None = None) -> None:
        self._api = GitHubAPI(session, "newsletter", oauth_token=token, base_url=api_url)

    async def repository(self, full_name: str) -> Repository:
        """Return what ``GET /repos/{owner}/{repo}`` says.

        :raises NotOnGitHub: there is none of this name, or the token may not see it.
        :raises GitHubError: see the other subclasses.
        """
        if not is_full_name(full_name):
            raise NotOnGitHub("that is not owner/name")
        data = await self._get(f"/repos/{full_name}")
        try:
            return Repository(
                github_id=int(data["id"]),
                full_name=str(data["full_name"]),
                default_branch=str(data["default_branch"]),
                private=bool(data.get("private", True)),
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise GitHubUnavailable("GitHub's answer about the repository is incomplete") from error

    async def commit(self, full_name: str, sha: str) -> CommitDetail:
        """Return a commit's parents, files and patches, all pages of them.

        :raises NotOnGitHub: GitHub has it no more, as happens after a forced push.
        :raises GitHubError: see the other subclasses.
        """
        if not is_full_name(full_name) or not is_sha(sha):
            raise NotOnGitHub("that is no commit of a repository")
        path = f"/repos/{full_name}/commits/{sha}"
        first = await self._get(path)
        try:
            files = list(first.get("files") or ())
            page = 1
            while files and len(files) == page * FILES_PER_PAGE < MOST_FILES:
                page += 1
                files += (await self._get(f"{path}?page={page}")).get("files") or ()
            return _detail(sha, first, files)
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            raise GitHubUnavailable("GitHub's answer about the commit is incomplete") from error

    async def _get(self, path: str) -> Any:
        try:
            return await self._api.getitem(path, extra_headers={"X-GitHub-Api-Version": API_VERSION})
        except HTTPException as error:
            raise _translated(error) from error
        except GitHubException as error:
            raise _counted(GitHubUnavailable("GitHub's answer could not be understood")) from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise _counted(GitHubUnavailable(f"GitHub cannot be reached: {type(error).__name__}")) from error
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            # Half an answer, cut off in the middle of its JSON; and what gidgethub does not expect in one: an unknown
            # charset, a 422 without a message, endless nesting.
            raise _counted(GitHubUnavailable("GitHub's answer is not valid JSON")) from error


def _counted(fault: GitHubError) -> GitHubError:
    github_faults.labels(fault=type(fault).__name__).inc()
    return fault


def _translated(error: HTTPException) -> GitHubError:
    """Turn gidgethub's error into ours; which status means what is in GitHub's documentation of each limit."""
    if isinstance(error, BadRequestUnknownError):
        # gidgethub calls every 4xx without JSON a 422; such answers come from a proxy, not from GitHub.
        return _counted(GitHubUnavailable("GitHub's answer could not be understood"))
    status = int(error.status_code)
    headers = {name.lower(): value for name, value in error.headers.items()}
    if isinstance(error, RateLimitExceeded) or status == 429 or (status == 403 and _is_limit(error, headers)):
        return _counted(GitHubUnavailable("GitHub's rate limit is reached", retry_after=_pause(headers)))
    if isinstance(error, GitHubBroken) or status >= 500 or status == 408:
        return _counted(GitHubUnavailable(f"GitHub answered {status}", retry_after=_retry_after(headers)))
    if status in {404, 409, 410, 422, 451}:
        return _counted(NotOnGitHub(f"GitHub answered {status}"))
    if isinstance(error, BadRequest) and status in {401, 403}:
        return _counted(GitHubRefused(f"GitHub answered {status}: the token is wrong or may not read this"))
    return _counted(GitHubUnavailable(f"GitHub answered {status}"))


def _is_limit(error: HTTPException, headers: Mapping[str, str]) -> bool:
    exhausted = headers.get("x-ratelimit-remaining") == "0"
    return exhausted or "retry-after" in headers or "rate limit" in str(error).lower()


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    text = headers.get("retry-after", "")
    return min(timedelta(seconds=int(text)), LONGEST_PAUSE) if text.isdecimal() and len(text) < 8 else None


def _pause(headers: Mapping[str, str]) -> timedelta:
    asked = _retry_after(headers)
    if asked is not None:
        return asked
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal() and len(reset) < 12:
        seconds = int(reset) - datetime.now(UTC).timestamp()
        return min(max(timedelta(seconds=seconds), timedelta(seconds=1)), LONGEST_PAUSE)
    return SECONDARY_LIMIT_PAUSE


def _detail(sha: str, commit: Mapping[str, Any], files: list[Mapping[str, Any]]) -> CommitDetail:
    budget = MOST_PATCH_CHARACTERS
    changes = []
    for file in files[:MOST_FILES]:
        patch = _text(file.get("patch"))
        if patch is not None:
            budget -= len(patch)
        changes.append(
            FileChange(
                path=_text(file["filename"]) or "",
                status=str(file.get("status", "modified")),
                additions=int(file.get("additions", 0)),
                deletions=int(file.get("deletions", 0)),
                previous_path=_text(file.get("previous_filename")),
                patch=patch if budget >= 0 else None,
            )
        )
    stats = commit.get("stats") or {}
    return CommitDetail(
        sha=sha,
        parents=tuple(str(parent["sha"]) for parent in commit.get("parents") or ()),
        files=tuple(changes),
        additions=int(stats.get("additions", 0)),
        deletions=int(stats.get("deletions", 0)),
        complete=len(files) < MOST_FILES,
    )


def _text(value: object) -> str | None:
    """Return text that every database can store: no NUL, no half surrogate pairs."""
    if not isinstance(value, str):
        return None
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
