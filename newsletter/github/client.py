"""The REST API, read only: one thin module around gidgethub that closes what it leaves open.

Time-outs come from the session; 5xx, 429 and both rate limits become one error that says when to come back, and a
limit stops all other requests too; names and shas are checked before they become part of a URL. gidgethub's cache is
keyed by URL alone, so each client (one token) has its own, and only for repositories and the heads of branches: they
are small, and asked for again and again, and an answer "304 Not Modified" is not counted against the limit.

https://docs.github.com/en/rest/commits/commits
https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp
from cachetools import LRUCache
from gidgethub import GitHubException, HTTPException

from newsletter.github import answers
from newsletter.github.bounded import LARGEST_ANSWER, BoundedAPI
from newsletter.github.faults import GitHubError, GitHubUnavailable, NotOnGitHub, RateLimited, translated
from newsletter.github.limit import Outage, RateLimit
from newsletter.github.payload import is_full_name, is_sha
from newsletter.github.record import CommitDetail, Comparison, ListedCommit, Movement, PullRequest, Repository
from newsletter.metrics import github_faults

#: "Versions of the REST API": the service is written against this one.
API_VERSION = "2022-11-28"
TIMEOUT = aiohttp.ClientTimeout(total=60, connect=10, sock_read=30)

#: Before a second and a third attempt, seconds; whoever needs more patience queues the work again.
PAUSES = (0.2, 1.0)
#: A failure that took longer is an outage and no hiccup, seconds.
FAST = 5.0

#: Files of a commit come so many a page.
FILES_PER_PAGE = 300
#: Everything else that is listed comes at most so many a page.
PER_PAGE = 100
#: Longer comparisons are cut off: about ten thousand commits.
MOST_PAGES = 100
#: Repositories and branches whose ETag is remembered.
REMEMBERED = 2048

_Read = TypeVar("_Read")


class GitHubClient:
    """Reads repositories and commits.

    Every method raises :class:`NotOnGitHub` where GitHub has no such thing (or not for this token), and
    :class:`GitHubError`'s other subclasses where it cannot be asked.

    :param session: shared by all requests; not closed here.
    :param api_url: without a slash at the end.
    :param recovered: called when GitHub answers again after an outage.
    :param clock: seconds that only grow.
    :param pauses: before each further attempt at a request that failed fast, seconds.
    :param largest_answer: bytes.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        api_url: str,
        token: str | None = None,
        recovered: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        pauses: Sequence[float] = PAUSES,
        largest_answer: int = LARGEST_ANSWER,
    ) -> None:
        api = partial(
            BoundedAPI, session, "newsletter", oauth_token=token, base_url=api_url, largest_answer=largest_answer
        )
        self._api, self._cached = api(), api(cache=LRUCache(REMEMBERED))
        self._pauses = tuple(pauses)
        self._limit = RateLimit(clock)
        self._outage = Outage(recovered, clock)

    async def repository(self, full_name: str) -> Repository:
        """Return what ``GET /repos/{owner}/{repo}`` says; where nothing changed, that costs nothing of the limit."""
        data = await self._get(_repository_path(full_name), api=self._cached)
        return _read(answers.repository, data, "repository")

    async def commit(self, full_name: str, sha: str) -> CommitDetail:
        """Return a commit's parents, files and patches, all pages of them."""
        path = f"{_repository_path(full_name)}/commits/{_checked(sha)}"
        first = await self._get(path)
        try:
            files = list(first.get("files") or ())
            page = 1
            while files and len(files) == page * FILES_PER_PAGE < answers.MOST_FILES:
                page += 1
                files += (await self._get(f"{path}?page={page}")).get("files") or ()
            return answers.commit_detail(sha, first, files)
        except answers.MALFORMED as error:
            raise GitHubUnavailable("GitHub's answer about the commit is incomplete") from error

    async def pull_request(self, full_name: str, number: int) -> PullRequest:
        """Return a pull request's title, description and labels.

        https://docs.github.com/en/rest/pulls/pulls#get-a-pull-request
        """
        data = await self._get(f"{_repository_path(full_name)}/pulls/{number:d}")
        return _read(answers.pull_request, data, "pull request")

    async def head(self, full_name: str, branch: str) -> str:
        """Return the commit that a branch points at; where nothing moved, that costs nothing of the limit."""
        path = f"{_repository_path(full_name)}/branches/{quote(branch, safe='')}"
        return _read(answers.head, await self._get(path, api=self._cached), "branch")

    async def branches(self, full_name: str) -> tuple[str, ...]:
        """Return the names of a repository's branches, all pages of them."""
        names: list[str] = []
        for page in range(1, MOST_PAGES + 1):
            path = f"{_repository_path(full_name)}/branches?per_page={PER_PAGE}&page={page}"
            found = _read(_names, await self._get(path), "branches")
            names += found
            if len(found) < PER_PAGE:
                break
        return tuple(names)

    async def compare(self, full_name: str, base: str, head: str) -> Comparison:
        """Return what is reachable from one commit and not from another, oldest first, all pages of it.

        https://docs.github.com/en/rest/commits/commits#compare-two-commits
        """
        path = f"{_repository_path(full_name)}/compare/{_checked(base)}...{_checked(head)}"
        found: dict[str, ListedCommit] = {}
        for page in range(1, MOST_PAGES + 1):
            data = await self._get(f"{path}?per_page={PER_PAGE}&page={page}")
            before = len(found)
            entries = _read(_listed_commits, _read(_commits_of, data, "comparison"), "comparison")
            found |= {listed.sha: listed for listed in entries if listed.sha not in found}
            total = _read(_total, data, "comparison")
            if not entries and len(found) < total:
                raise GitHubUnavailable("GitHub's answer about the comparison is incomplete")
            # A server that does not know of pages gives the same one for ever.
            if len(found) >= total or len(found) == before:
                break
        return Comparison(status=str(data.get("status")), commits=tuple(found.values()), complete=len(found) >= total)

    async def log(
        self, full_name: str, sha: str, *, page: int, since: datetime | None = None
    ) -> tuple[ListedCommit, ...]:
        """Return a page of what is reachable from a commit, newest first.

        :param page: counts from 1.
        :param since: leaves out what was committed before.
        """
        path = f"{_repository_path(full_name)}/commits?sha={_checked(sha)}&per_page={PER_PAGE}&page={page}"
        if since is not None:
            path += f"&since={since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        return _read(_listed_commits, await self._get(path), "history")

    async def movements(self, full_name: str, branch: str) -> tuple[Movement, ...]:
        """Return the latest hundred moments at which a branch was moved, newest first.

        https://docs.github.com/en/rest/repos/repos#list-repository-activities
        """
        ref = quote(f"refs/heads/{branch}", safe="")
        path = f"{_repository_path(full_name)}/activity?ref={ref}&per_page={PER_PAGE}"
        return _read(_movements, await self._get(path), "activity")

    async def _get(self, path: str, *, api: BoundedAPI | None = None) -> Any:
        """Ask, and ask again where a failure came fast: most of GitHub's are over in a moment."""
        for pause in self._pauses:
            begin = time.monotonic()
            try:
                return await self._get_once(path, api=api)
            except RateLimited:
                raise
            except GitHubUnavailable as fault:
                if fault.retry_after is not None or time.monotonic() - begin > FAST:
                    raise
                # Others failed at the same moment and must not come back at the same one.
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - a jitter is no secret
        return await self._get_once(path, api=api)

    async def _get_once(self, path: str, *, api: BoundedAPI | None) -> Any:
        self._limit.check()
        try:
            answer = await (api or self._api).getitem(path, extra_headers={"X-GitHub-Api-Version": API_VERSION})
        except HTTPException as error:
            raise self._noted(translated(error)) from error
        except GitHubUnavailable as error:
            # Too long an answer.
            self._noted(error)
            raise
        except GitHubException as error:
            raise self._noted(GitHubUnavailable("GitHub's answer could not be understood")) from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise self._noted(GitHubUnavailable(f"GitHub cannot be reached: {type(error).__name__}")) from error
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            # Half an answer, cut off in the middle of its JSON; and what gidgethub does not expect in one: an unknown
            # charset, a 422 without a message, endless nesting.
            raise self._noted(GitHubUnavailable("GitHub's answer is not valid JSON")) from error
        self._answered()
        return answer

    def _answered(self) -> None:
        self._limit.passed()
        self._outage.over()

    def _noted(self, fault: GitHubError) -> GitHubError:
        github_faults.labels(fault=type(fault).__name__).inc()
        if isinstance(fault, RateLimited):
            # Whoever counts our requests is not away, however long we have to wait then.
            self._outage.over()
            return self._limit.reached(fault)
        if isinstance(fault, GitHubUnavailable):
            self._outage.met()
        else:
            # "There is none" and "you may not" are answers too.
            self._answered()
        return fault


def _repository_path(full_name: str) -> str:
    if not is_full_name(full_name):
        raise NotOnGitHub("that is not owner/name")
    return f"/repos/{full_name}"


def _checked(sha: str) -> str:
    if not is_sha(sha):
        raise NotOnGitHub("that is no commit of a repository")
    return sha


def _read(reader: Callable[[Any], _Read], data: Any, what: str) -> _Read:
    try:
        return reader(data)
    except answers.MALFORMED as error:
        raise GitHubUnavailable(f"GitHub's answer about the {what} is incomplete") from error


def _entries(data: Any) -> list[Mapping[str, Any]]:
    # An object could be gone through as well, and would be a list of nothing.
    if not isinstance(data, list):
        raise TypeError("not a list")
    return data


def _listed_commits(data: Any) -> tuple[ListedCommit, ...]:
    return tuple(answers.listed_commit(entry) for entry in _entries(data))


def _commits_of(comparison: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return _entries(comparison["commits"])


def _total(comparison: Mapping[str, Any]) -> int:
    return int(comparison["total_commits"])


def _names(data: Any) -> list[str]:
    return [answers.branch_name(entry) for entry in _entries(data)]


def _movements(data: Any) -> tuple[Movement, ...]:
    return tuple(answers.movement(entry) for entry in _entries(data))
