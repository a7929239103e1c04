"""The shapes of GitHub's JSON: a user, a repository and a push event (its commits are in ``commit_shapes``).

As documented for webhooks (``push``) and REST version 2022-11-28 and seen in real payloads. The same thing has two
shapes: a push event's repository gives times as seconds and its ``url`` as a web page, the REST answer does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha1
from typing import Any
from urllib.parse import quote

from newsletter.demo.story import Person, PullRequestStory, RepositoryStory

#: A JSON object.
Json = dict[str, Any]

API = "https://api.github.com"
SITE = "https://github.com"


def sha_of(*parts: str) -> str:
    """Return 40 hexadecimal digits that depend on every part and on their order; not a real git object id."""
    return sha1("\0".join(parts).encode(), usedforsecurity=False).hexdigest()


def zulu(moment: datetime) -> str:
    """Write an aware time as REST answers do: ``2026-01-20T08:15:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def user(login: str, *, organization: bool = False) -> Json:
    """Return a user as it stands in repositories, commits and events. Ids are above any that GitHub has given out."""
    number = 9_000_000_000 + int(sha_of("user", login)[:7], 16)
    return {
        "login": login,
        "id": number,
        "node_id": f"U_{number}",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{number}?v=4",
        "gravatar_id": "",
        "url": f"{API}/users/{quote(login)}",
        "html_url": f"{SITE}/{quote(login)}",
        "repos_url": f"{API}/users/{quote(login)}/repos",
        "type": "Organization" if organization else "Bot" if login.endswith("[bot]") else "User",
        "site_admin": False,
    }


def repository_rest(story: RepositoryStory, *, created_at: datetime, pushed_at: datetime) -> Json:
    """Return the answer of ``GET /repos/{owner}/{repo}``."""
    owner, name = story.full_name.split("/")
    api = f"{API}/repos/{story.full_name}"
    return {
        "id": story.github_id,
        "node_id": f"R_{story.github_id}",
        "name": name,
        "full_name": story.full_name,
        "private": False,
        "owner": user(owner, organization=True),
        "html_url": f"{SITE}/{story.full_name}",
        "description": story.description,
        "fork": False,
        "url": api,
        "branches_url": f"{api}/branches{{/branch}}",
        "commits_url": f"{api}/commits{{/sha}}",
        "compare_url": f"{api}/compare/{{base}}...{{head}}",
        "pulls_url": f"{api}/pulls{{/number}}",
        "created_at": zulu(created_at),
        "updated_at": zulu(pushed_at),
        "pushed_at": zulu(pushed_at),
        "clone_url": f"{SITE}/{story.full_name}.git",
        "size": 4096,
        "stargazers_count": 0,
        "language": story.language,
        "archived": False,
        "disabled": False,
        "topics": [],
        "visibility": "public",
        "default_branch": story.default_branch,
    }


def repository_hook(story: RepositoryStory, *, created_at: datetime, pushed_at: datetime) -> Json:
    """Return the ``repository`` of a push event; ``pushed_at`` is the time of the push in whole seconds."""
    rest = repository_rest(story, created_at=created_at, pushed_at=pushed_at)
    owner = rest["owner"]
    return rest | {
        "owner": {"name": owner["login"], "email": None} | owner,
        "url": rest["html_url"],
        "created_at": int(created_at.timestamp()),
        "pushed_at": int(pushed_at.timestamp()),
        "stargazers": 0,
        "master_branch": story.default_branch,
        "organization": owner["login"],
        "custom_properties": {},
    }


def pull_request_rest(repository: RepositoryStory, told: PullRequestStory) -> Json:
    """Return what matters of the answer of ``GET /repos/{owner}/{repo}/pulls/{pull_number}`` for a merged one."""
    return {
        "url": f"{API}/repos/{repository.full_name}/pulls/{told.number}",
        "html_url": f"{SITE}/{repository.full_name}/pull/{told.number}",
        "number": told.number,
        "state": "closed",
        "title": told.title,
        "user": user(told.author.login) if told.author.login else None,
        "body": told.body,
        "labels": [{"name": label, "color": "ededed", "default": False} for label in told.labels],
        "draft": False,
        "merged": True,
    }


def push_event(
    story: RepositoryStory,
    *,
    before: str,
    commits: Sequence[Json],
    pusher: Person,
    created_at: datetime,
    pushed_at: datetime,
) -> Json:
    """Return the body of a ``push`` event that moved the default branch from ``before`` over ``commits``."""
    owner = story.full_name.split("/")[0]
    login = pusher.login or owner
    after = str(commits[-1]["id"])
    return {
        "ref": f"refs/heads/{story.default_branch}",
        "before": before,
        "after": after,
        "repository": repository_hook(story, created_at=created_at, pushed_at=pushed_at),
        "pusher": {"name": login, "email": pusher.email},
        "organization": {"login": owner, "id": user(owner)["id"], "url": f"{API}/orgs/{owner}", "description": ""},
        "sender": user(login),
        "created": False,
        "deleted": False,
        "forced": False,
        "base_ref": None,
        "compare": f"{SITE}/{story.full_name}/compare/{before[:12]}...{after[:12]}",
        "commits": list(commits),
        "head_commit": commits[-1],
    }
