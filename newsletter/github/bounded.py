"""gidgethub's client, with an end to what it reads: whoever answers for GitHub must not be able to fill our memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
from gidgethub.aiohttp import GitHubAPI
from gidgethub.sansio import accept_format

from newsletter.github.faults import GitHubUnavailable

#: Bytes, once unpacked. A commit's page has at most 300 files, and GitHub cuts long patches off; all of it is a few MB.
#: https://docs.github.com/en/repositories/creating-and-managing-repositories/repository-limits#diff-limits
LARGEST_ANSWER = 50 * 1024 * 1024


class BoundedAPI(GitHubAPI):
    """Reads answers up to a size.

    :param largest_answer: bytes.
    """

    def __init__(
        self, session: aiohttp.ClientSession, *args: Any, largest_answer: int = LARGEST_ANSWER, **kwargs: Any
    ) -> None:
        super().__init__(session, *args, **kwargs)
        self._largest_answer = largest_answer

    async def ask(
        self,
        method: str,
        path: str,
        *,
        data: Any = b"",
        grant: Mapping[str, str],
        extra_headers: Mapping[str, str],
    ) -> tuple[Any, str | None]:
        """Send a request; returns the answer, and the address of the next page where there is one.

        :param data: what becomes JSON; empty bytes = no body.
        :param grant: ``oauth_token`` or ``jwt``, or neither.
        """
        answer, more, _ = await self._make_request(
            method, path, {}, data, accept_format(), **grant, extra_headers=dict(extra_headers)
        )
        return answer, more

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Ask as gidgethub does.

        :raises GitHubUnavailable: the answer is too long.
        """
        async with self._session.request(method, url, headers=headers, data=body) as response:
            found = bytearray()
            async for chunk in response.content.iter_any():
                found += chunk
                if len(found) > self._largest_answer:
                    # What was not read must not be taken for the next answer.
                    response.close()
                    raise GitHubUnavailable(f"GitHub's answer has more than {self._largest_answer} bytes")
            return response.status, response.headers, bytes(found)
