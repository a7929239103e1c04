"""Files are written through the App where it may, with a token for that repository alone, and else with the token."""

from __future__ import annotations

import pytest

from newsletter.github.client import GitHubClient
from newsletter.github.faults import Conflict, GitHubRefused, Unprocessable
from newsletter.github.manifest import WRITING
from tests.integration.github_app.conftest import SECOND
from tests.support.contents_github import ContentsOnGitHub
from tests.support.github_app import AppOnGitHub

SONG = "lark/song"
PLACE = "reports/2026/a b/潮.md"


async def writes(client: GitHubClient, *, replacing: str | None = None) -> str | None:
    """Commit a file; returns the name of what lies there then."""
    files = await client.files(SONG)
    await files.put(PLACE, b"# Song\n", message="Sing", replacing=replacing)
    return await files.blob(PLACE)


@pytest.fixture
def contents(app: AppOnGitHub) -> ContentsOnGitHub:
    return ContentsOnGitHub(server=app.server)


async def test_the_app_writes_where_it_was_allowed_to(
    app: AppOnGitHub, client: GitHubClient, contents: ContentsOnGitHub
) -> None:
    app.installations[SECOND].permissions |= {"contents:write"}
    blob = await writes(client)
    assert await writes(client, replacing=blob) == blob
    assert contents.text(PLACE, repository=SONG) == "# Song\n"
    assert [app.tokens[token][0] for token in contents.writers] == [SECOND] * 2
    assert app.times("access_tokens") == 1
    assert app.token_requests == [{"permissions": WRITING, "repositories": ["song"]}]


@pytest.mark.parametrize("obstacle", ["it may only read", "it is not installed there", "it is suspended"])
async def test_the_token_of_the_settings_writes_where_the_app_may_not(
    app: AppOnGitHub, client: GitHubClient, contents: ContentsOnGitHub, obstacle: str
) -> None:
    if "installed" in obstacle:
        del app.installations[SECOND]
    elif "suspended" in obstacle:
        app.installations[SECOND].suspended = True
    assert await writes(client) is not None
    (token,) = contents.writers
    assert token.startswith("ghp_")


async def test_what_is_in_the_way_is_told_apart(
    app: AppOnGitHub, client: GitHubClient, contents: ContentsOnGitHub
) -> None:
    await writes(client)
    with pytest.raises(Unprocessable):
        await writes(client)
    with pytest.raises(Conflict):
        await writes(client, replacing="0" * 40)
    contents.token = "another"
    with pytest.raises(GitHubRefused):
        await writes(client)
    files = await client.files(SONG)
    assert await files.blob("reports/2026") == ""
    assert await files.blob("nothing.md") is None
    assert not (await files.repository()).private
