"""Requests to the REST API under one authorisation: one thin module around gidgethub that closes what it leaves open.

Time-outs come from the session; 5xx, 429 and both rate limits become one error that says when to come back, and a
limit stops all other requests of the same authorisation too. gidgethub's cache is keyed by URL alone, so each channel
has its own: nobody is told what another one may see.

https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from cachetools import LRUCache
from gidgethub import GitHubException, HTTPException

from newsletter.github.bounded import LARGEST_ANSWER, BoundedAPI
from newsletter.github.faults import (
    GitHubError,
    GitHubRefused,
    GitHubUnavailable,
    NotOnGitHub,
    RateLimited,
    Unauthorised,
    translated,
)
from newsletter.github.grants import Grants
from newsletter.github.limit import Outage, Pauses, RateLimit
from newsletter.metrics import github_faults

#: "Versions of the REST API": the service is written against this one.
API_VERSION = "2022-11-28"

#: Before a second and a third attempt, seconds; whoever needs more patience queues the work again.
PAUSES = (0.2, 1.0)
#: A failure that took longer is an outage and no hiccup, seconds.
FAST = 5.0
#: Answers whose ETag is remembered.
REMEMBERED = 2048


@dataclass(frozen=True, kw_only=True)
class Server:
    """GitHub, whoever asks: what all channels to it have in common."""

    session: aiohttp.ClientSession
    #: Without a slash at the end.
    api_url: str
    outage: Outage
    #: Seconds that only grow.
    clock: Callable[[], float] = time.monotonic
    #: Before each further attempt at a request that failed fast, seconds.
    pauses: Sequence[float] = PAUSES
    #: Bytes.
    largest_answer: int = LARGEST_ANSWER
    reached: Pauses = field(default_factory=Pauses)


class Channel:
    """Asks under one authorisation."""

    def __init__(self, server: Server, grants: Grants) -> None:
        self._server, self._grants = server, grants
        self._api, self._cached = self._opened(), self._opened(cache=LRUCache(REMEMBERED))
        self._limit = RateLimit(server.clock, server.reached)

    def _opened(self, **arguments: Any) -> BoundedAPI:
        server = self._server
        return BoundedAPI(
            server.session,
            "newsletter",
            base_url=server.api_url,
            largest_answer=server.largest_answer,
            **arguments,
        )

    async def get(self, path: str, *, cached: bool = False) -> Any:
        """Return an answer.

        :param cached: whether it is small and asked for again and again: where nothing changed, the question costs
            nothing of the limit then.
        :raises GitHubError: there is none.
        """
        return (await self._ask("GET", path, cached=cached))[0]

    async def page(self, path: str) -> tuple[Any, str | None]:
        """Return a page of an answer, and the address of the next one as GitHub gives it.

        :raises GitHubError: there is none.
        """
        return await self._ask("GET", path)

    async def post(self, path: str, data: Any = b"") -> Any:
        """Ask for something to be done; what failed fast is asked for again, so twice must be harmless.

        :raises GitHubError: it was not done, or nobody knows.
        """
        return (await self._ask("POST", path, data=data))[0]

    async def put(self, path: str, data: Any) -> Any:
        """Put something there; what failed fast is asked for again, and may find itself done already.

        :raises GitHubError: it was not done, or nobody knows.
        """
        return (await self._ask("PUT", path, data=data))[0]

    async def _ask(self, method: str, path: str, *, data: Any = b"", cached: bool = False) -> tuple[Any, str | None]:
        """Ask, and ask again where a failure came fast: most of GitHub's are over in a moment."""
        for pause in self._server.pauses:
            begin = time.monotonic()
            try:
                return await self._ask_authorised(method, path, data=data, cached=cached)
            except RateLimited:
                raise
            except GitHubUnavailable as fault:
                if fault.retry_after is not None or time.monotonic() - begin > FAST:
                    raise
                # Others failed at the same moment and must not come back at the same one.
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - a jitter is no secret
        return await self._ask_authorised(method, path, data=data, cached=cached)

    async def _ask_authorised(self, method: str, path: str, *, data: Any, cached: bool) -> tuple[Any, str | None]:
        """Ask, and once again with another grant where there is one and the first was not accepted."""
        self._limit.check()
        grant = await self._grants.present()
        try:
            return await self._ask_once(method, path, data=data, cached=cached, grant=grant)
        except Unauthorised:
            if not self._grants.refused(grant):
                raise
        return await self._ask_once(method, path, data=data, cached=cached, grant=await self._grants.present())

    async def _ask_once(self, method: str, path: str, *, data: Any, cached: bool, grant: Any) -> tuple[Any, str | None]:
        self._limit.check()
        try:
            answer = await (self._cached if cached else self._api).ask(
                method, path, data=data, grant=grant, extra_headers={"X-GitHub-Api-Version": API_VERSION}
            )
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
        self._server.outage.over()

    def _noted(self, fault: GitHubError) -> GitHubError:
        github_faults.labels(fault=_name_of(fault)).inc()
        if isinstance(fault, RateLimited):
            # Whoever counts our requests is not away, however long we have to wait then.
            self._server.outage.over()
            return self._limit.reached(fault)
        if isinstance(fault, GitHubUnavailable):
            self._server.outage.met()
        else:
            # "There is none" and "you may not" are answers too.
            self._answered()
        return fault


def _name_of(fault: GitHubError) -> str:
    """Return the sort of a fault: one sort, one label."""
    sorts = (RateLimited, GitHubUnavailable, GitHubRefused, NotOnGitHub)
    return next((sort.__name__ for sort in sorts if isinstance(fault, sort)), type(fault).__name__)
