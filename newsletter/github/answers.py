"""The REST API's answers as records. Pure; what is missing or of another type raises one of :data:`MALFORMED`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from newsletter.github.payload import is_full_name, is_sha
from newsletter.github.record import (
    CommitDetail,
    FileChange,
    HookDelivery,
    Installation,
    ListedCommit,
    Movement,
    PullRequest,
    PushedCommit,
    Repository,
)

#: What reading an answer that is not as documented may raise.
MALFORMED = (KeyError, TypeError, ValueError, OverflowError, AttributeError)

#: At most so many files of a commit are listed at all.
MOST_FILES = 3000
#: Patches beyond this many characters in one commit are not kept: nobody reads them, and neither does a model.
MOST_PATCH_CHARACTERS = 2_000_000
#: Of a pull request's description, characters, and of its labels: what stands behind is not kept.
MOST_BODY_CHARACTERS = 20_000
MOST_LABELS = 50
MOST_LABEL_CHARACTERS = 100
MOST_TITLE_CHARACTERS = 1_000


def repository(data: Mapping[str, Any]) -> Repository:
    """Read ``GET /repos/{owner}/{repo}``."""
    return Repository(
        github_id=int(data["id"]),
        full_name=_full_name(data["full_name"]),
        default_branch=_text(data["default_branch"]) or "",
        private=bool(data.get("private", True)),
    )


def head(data: Mapping[str, Any]) -> str:
    """Read the commit that ``GET /repos/{owner}/{repo}/branches/{branch}`` says the branch points at."""
    return _sha(data["commit"]["sha"])


def blob(data: Mapping[str, Any] | Sequence[Any]) -> str:
    """Read the object name in ``GET /repos/{owner}/{repo}/contents/{path}``; empty where that is no file."""
    if isinstance(data, Sequence) or data["type"] != "file":
        return ""
    return _sha(data["sha"])


def branch_name(data: Mapping[str, Any]) -> str:
    """Read one entry of ``GET /repos/{owner}/{repo}/branches``."""
    name = data["name"]
    if not isinstance(name, str):
        raise TypeError("not a name")
    return name


def commit_detail(sha: str, commit: Mapping[str, Any], files: Sequence[Mapping[str, Any]]) -> CommitDetail:
    """Read ``GET /repos/{owner}/{repo}/commits/{ref}``.

    :param files: those of all pages.
    """
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
        parents=_parents(commit),
        files=tuple(changes),
        additions=int(stats.get("additions", 0)),
        deletions=int(stats.get("deletions", 0)),
        complete=len(files) < MOST_FILES,
    )


def pull_request(data: Mapping[str, Any]) -> PullRequest:
    """Read ``GET /repos/{owner}/{repo}/pulls/{pull_number}``."""
    names = (_text(label["name"]) for label in data.get("labels") or ())
    return PullRequest(
        number=int(data["number"]),
        title=(_text(data["title"]) or "")[:MOST_TITLE_CHARACTERS],
        # Cut before it is made storable: half a surrogate pair could be left.
        body=_text((data.get("body") or "")[:MOST_BODY_CHARACTERS]) or "",
        labels=tuple(name[:MOST_LABEL_CHARACTERS] for name in names if name)[:MOST_LABELS],
        author_login=_text((data.get("user") or {}).get("login")),
    )


def listed_commit(data: Mapping[str, Any]) -> ListedCommit:
    """Read one entry of ``GET /repos/{owner}/{repo}/commits``, or of the commits of a comparison."""
    inner = data["commit"]
    author = inner.get("author") or {}
    committer = inner.get("committer") or author
    # An e-mail address that belongs to no account has no login.
    login = (data.get("author") or {}).get("login")
    return ListedCommit(
        commit=PushedCommit(
            sha=_sha(data["sha"]),
            message=_text(inner["message"]) or "",
            author=_text(author.get("name")) or _text(login) or "",
            author_login=_text(login),
            committed_at=_instant(committer["date"]),
        ),
        parents=_parents(data),
    )


def movement(data: Mapping[str, Any]) -> Movement:
    """Read one entry of ``GET /repos/{owner}/{repo}/activity``."""
    return Movement(before=_sha(data["before"]), after=_sha(data["after"]), at=_instant(data["timestamp"]))


def installation(data: Mapping[str, Any]) -> Installation:
    """Read ``GET /app/installations/{installation_id}``."""
    return Installation(
        id=int(data["id"]),
        app_id=int(data["app_id"]),
        # An enterprise has a slug and no login.
        account=_text((data.get("account") or {}).get("login")) or _text((data.get("account") or {}).get("slug")) or "",
        suspended=data.get("suspended_at") is not None,
    )


def access_token(data: Mapping[str, Any]) -> tuple[str, datetime]:
    """Read the token that ``POST /app/installations/{installation_id}/access_tokens`` gives, and when it expires."""
    token = data["token"]
    if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
        raise ValueError("not a token")
    return token, _instant(data["expires_at"])


def hook_delivery(data: Mapping[str, Any]) -> HookDelivery:
    """Read one entry of ``GET /app/hook/deliveries``."""
    return HookDelivery(
        id=int(data["id"]),
        hook_id=_text(data["guid"]) or "",
        event=_text(data["event"]) or "",
        at=_instant(data["delivered_at"]),
        status=int(data["status_code"] or 0),
    )


def _parents(data: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(_sha(parent["sha"]) for parent in data.get("parents") or ())


def _full_name(value: object) -> str:
    if not isinstance(value, str) or not is_full_name(value):
        raise ValueError("not owner/name")
    return value


def _sha(value: object) -> str:
    if not isinstance(value, str) or not is_sha(value):
        raise ValueError("not a commit id")
    return value


def _instant(value: object) -> datetime:
    if not isinstance(value, str):
        raise TypeError("not a time")
    parsed = datetime.fromisoformat(value)
    if parsed.tzinfo is None:
        raise ValueError("a time without its zone")
    return parsed.astimezone(UTC)


def _text(value: object) -> str | None:
    """Return text that every database can store: no NUL, no half surrogate pairs."""
    if not isinstance(value, str):
        return None
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
