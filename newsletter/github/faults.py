"""What can go wrong with the REST API, and what each answer means. Pure.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from gidgethub import BadRequest, BadRequestUnknownError, GitHubBroken, HTTPException, RateLimitExceeded

from newsletter.errors import NewsletterError

#: However long GitHub asks us to wait, it is asked again after this.
LONGEST_PAUSE = timedelta(hours=1)


class GitHubError(NewsletterError):
    """GitHub did not give what was asked for."""


class NotOnGitHub(GitHubError):
    """GitHub has no such thing, or not for our token (404, 409, 410, 422, 451)."""


class Conflict(NotOnGitHub):
    """What was asked does not go together with what is there now (409)."""


class Unprocessable(NotOnGitHub):
    """GitHub understood what was asked and will not do it (422)."""


class GitHubRefused(GitHubError):
    """The token is wrong or may not read this (401, 403 without a limit)."""


class Unauthorised(GitHubRefused):
    """The token itself is wrong: expired, taken back, or never one of GitHub's (401)."""


class GitHubUnavailable(GitHubError):
    """GitHub is away, broken or wants a pause.

    :ivar retry_after: how long it asked us to wait; None where it did not say.
    """

    def __init__(self, sentence: str, *, retry_after: timedelta | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(sentence)


class RateLimited(GitHubUnavailable):
    """A primary or secondary rate limit is reached: nothing more may be asked until it is over.

    :ivar retry_after: as GitHub said; None where it did not, as happens with secondary limits.
    """


def translated(error: HTTPException) -> GitHubError:
    """Turn gidgethub's error into ours; which status means what is in GitHub's documentation of each limit."""
    if isinstance(error, BadRequestUnknownError):
        # gidgethub calls every 4xx without JSON a 422; such answers come from a proxy, not from GitHub.
        return GitHubUnavailable("GitHub's answer could not be understood")
    status = int(error.status_code)
    headers = {name.lower(): value for name, value in error.headers.items()}
    if isinstance(error, RateLimitExceeded) or status == 429 or (status == 403 and _is_limit(error, headers)):
        return RateLimited("GitHub's rate limit is reached", retry_after=_pause(headers))
    if isinstance(error, GitHubBroken) or status >= 500 or status == 408:
        return GitHubUnavailable(f"GitHub answered {status}", retry_after=_retry_after(headers))
    if status in {404, 409, 410, 422, 451}:
        return {409: Conflict, 422: Unprocessable}.get(status, NotOnGitHub)(f"GitHub answered {status}")
    if isinstance(error, BadRequest) and status in {401, 403}:
        kind = Unauthorised if status == 401 else GitHubRefused
        return kind(f"GitHub answered {status}: the token is wrong or may not read this")
    return GitHubUnavailable(f"GitHub answered {status}")


def _is_limit(error: HTTPException, headers: Mapping[str, str]) -> bool:
    exhausted = headers.get("x-ratelimit-remaining") == "0"
    return exhausted or "retry-after" in headers or "rate limit" in str(error).lower()


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    text = headers.get("retry-after", "")
    return min(timedelta(seconds=int(text)), LONGEST_PAUSE) if text.isdecimal() and len(text) < 8 else None


def _pause(headers: Mapping[str, str]) -> timedelta | None:
    asked = _retry_after(headers)
    if asked is not None:
        return asked
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal() and len(reset) < 12:
        seconds = int(reset) - datetime.now(UTC).timestamp()
        return min(max(timedelta(seconds=seconds), timedelta(seconds=1)), LONGEST_PAUSE)
    return None
