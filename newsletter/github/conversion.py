"""The one request that turns a code into an App: GitHub answers it once, within an hour, with the App's secrets.

https://docs.github.com/en/rest/apps/apps#create-a-github-app-from-a-manifest
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import aiohttp
from gidgethub import GitHubException, HTTPException

from newsletter.github.bounded import BoundedAPI
from newsletter.github.channel import API_VERSION
from newsletter.github.faults import GitHubUnavailable, NotOnGitHub, translated
from newsletter.github.manifest import CreatedApp, created_app, is_code

#: Real answers have about 5 kB, bytes.
LARGEST_ANSWER = 256 * 1024
#: Somebody waits in front of a page.
PATIENCE = timedelta(seconds=20)


class Conversions:
    """Turns codes into Apps.

    :param session: shared with others; not closed here.
    :param api_url: without a slash at the end.
    :param web_url: of the same GitHub.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        api_url: str,
        web_url: str,
        largest_answer: int = LARGEST_ANSWER,
        patience: timedelta = PATIENCE,
    ) -> None:
        self._api = BoundedAPI(session, "newsletter", base_url=api_url, largest_answer=largest_answer)
        self._web_url = web_url
        self._patience = patience

    async def convert(self, code: str) -> CreatedApp:
        """Return the App that a code stands for.

        :raises NotOnGitHub: the code was used already, is older than an hour or was never one (404, 422).
        :raises GitHubUnavailable: GitHub is away, or its answer is not what it documents.
        :raises GitHubRefused: it wants nothing to do with us.
        """
        if not is_code(code):
            raise NotOnGitHub("that is no code of GitHub's")
        answer = await self._post(f"/app-manifests/{code}/conversions")
        try:
            return created_app(answer, web_url=self._web_url)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            # Not chained: what it quotes may be a secret.
            raise GitHubUnavailable(f"GitHub's answer about the App is incomplete ({type(error).__name__})") from None

    async def _post(self, path: str) -> Mapping[str, Any]:
        try:
            async with asyncio.timeout(self._patience.total_seconds()):
                answer: Mapping[str, Any] = await self._api.post(
                    path, data=b"", extra_headers={"X-GitHub-Api-Version": API_VERSION}
                )
        except HTTPException as error:
            raise translated(error) from error
        except GitHubException as error:
            raise GitHubUnavailable("GitHub's answer could not be understood") from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise GitHubUnavailable(f"GitHub cannot be reached: {type(error).__name__}") from error
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            raise GitHubUnavailable("GitHub's answer is not valid JSON") from None
        return answer
