"""What the client reads of repositories and commits, from a stand-in that answers as GitHub does."""

from __future__ import annotations

import json

import pytest

from newsletter.demo.github import StandInGitHub
from newsletter.github.client import GitHubClient
from tests.support.github_answers import HUGE, NAME, REST, SHA, commit_of, sends
from tests.support.pushes import SAMPLE


async def test_a_repository_is_what_github_says(client: GitHubClient) -> None:
    repository = await client.repository(NAME)
    assert repository.github_id == REST["id"]
    assert repository.full_name == NAME
    assert repository.default_branch == REST["default_branch"]
    assert repository.private is False


async def test_a_commit_has_its_parents_files_and_patches(client: GitHubClient) -> None:
    detail = await client.commit(NAME, SHA)
    told = SAMPLE.commits[NAME, SHA]
    assert detail.sha == SHA
    assert detail.parents == tuple(parent["sha"] for parent in told["parents"])
    assert [file.path for file in detail.files] == [file["filename"] for file in told["files"]]
    assert [file.patch for file in detail.files] == [file.get("patch") for file in told["files"]]
    assert (detail.additions, detail.deletions) == (told["stats"]["additions"], told["stats"]["deletions"])
    assert detail.complete


async def test_more_files_than_a_page_holds_are_all_fetched(github: StandInGitHub, client: GitHubClient) -> None:
    detail = await client.commit(next(name for name, sha in SAMPLE.commits if sha == HUGE), HUGE)
    assert len(detail.files) == 400
    assert len({file.path for file in detail.files}) == 400
    assert len(github.requests) == 2


@pytest.mark.parametrize(
    ("files", "requests", "complete"),
    [
        pytest.param(0, 1, True, id="no file"),
        pytest.param(299, 1, True, id="less than a page"),
        pytest.param(300, 2, True, id="exactly a page"),
        pytest.param(2999, 10, True, id="one less than the most"),
        pytest.param(3000, 10, False, id="the most there are"),
        pytest.param(3500, 10, False, id="more than GitHub lists"),
    ],
)
async def test_pages_are_asked_for_until_they_end(
    github: StandInGitHub, client: GitHubClient, files: int, requests: int, complete: bool
) -> None:
    listed = [{"filename": f"f{number}", "status": "added", "additions": 1} for number in range(files)]
    detail = await client.commit(NAME, commit_of(github, files=listed))
    assert len(detail.files) == min(files, 3000)
    assert detail.complete is complete
    assert len(github.requests) == requests


async def test_a_file_may_have_no_patch_and_another_name_before(github: StandInGitHub, client: GitHubClient) -> None:
    files = [
        {"filename": "a.png", "status": "modified", "additions": 0, "deletions": 0},
        {"filename": "new", "previous_filename": "old", "status": "renamed", "patch": None},
        {"filename": "a\0b", "status": "added", "patch": "+\ud83d\x00"},
    ]
    github.faults = sends(json.dumps({"files": files, "stats": None, "parents": []}).encode())
    detail = await client.commit(NAME, SHA)
    image, renamed, odd = detail.files
    assert (image.patch, image.previous_path) == (None, None)
    assert (renamed.status, renamed.previous_path, renamed.patch) == ("renamed", "old", None)
    # Every database has to be able to store it.
    assert (odd.path, odd.patch) == ("a\ufffdb", "+?\ufffd")
    assert (detail.additions, detail.deletions, detail.parents) == (0, 0, ())


async def test_patches_are_kept_up_to_a_limit(github: StandInGitHub, client: GitHubClient) -> None:
    files = [{"filename": f"f{number}", "patch": "+" * 900_000} for number in range(4)]
    detail = await client.commit(NAME, commit_of(github, files=files))
    assert [file.patch is not None for file in detail.files] == [True, True, False, False]
