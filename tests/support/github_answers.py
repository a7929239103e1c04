"""A repository of the sample day on a stand-in of GitHub, and answers that it gives as it is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from newsletter.demo.github import StandInGitHub
from newsletter.github.client import GitHubClient
from newsletter.github.faults import GitHubError
from tests.support.pushes import SAMPLE

NAME = SAMPLE.repositories[0].full_name
REST = SAMPLE.repositories[0].rest
SHA = next(sha for name, sha in SAMPLE.commits if name == NAME)
(HUGE,) = [sha for (_, sha), commit in SAMPLE.commits.items() if len(commit["files"]) > 300]


def commit_of(github: StandInGitHub, **changes: Any) -> str:
    """Put a commit there whose answer has been changed; returns its sha."""
    assert isinstance(github.commits, dict)
    github.commits[NAME, SHA] = {**SAMPLE.commits[NAME, SHA], **changes}
    return SHA


def answers(status: int, body: object = None, **headers: str) -> Callable[[web.Request], web.Response]:
    """Return a fault that answers every request with JSON."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: web.json_response({"message": "no"} if body is None else body, status=status, headers=given)


def sends(
    text: bytes, content_type: str = "application/json", status: int = 200
) -> Callable[[web.Request], web.Response]:
    """Return a fault that answers every request with these bytes."""
    return lambda _: web.Response(body=text, status=status, headers={"Content-Type": content_type})


async def refused(client: GitHubClient) -> GitHubError:
    """Ask for the commit, and return what was raised; it never names the token."""
    with pytest.raises(GitHubError) as caught:
        await client.commit(NAME, SHA)
    assert "ghs_" not in str(caught.value)
    return caught.value
