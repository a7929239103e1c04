"""The shape of a push payload, as far as the service relies on it.

https://docs.github.com/en/webhooks/webhook-events-and-payloads#push. Unknown keys are ignored (GitHub adds some from
time to time); known ones must have the documented type, so that a misunderstanding is refused and not stored.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, FailFast, Field, PlainValidator, StringConstraints

from newsletter.github.faults import NotOnGitHub
from newsletter.github.record import Push, PushedCommit, Repository

#: At most so many commits are listed: a longer push says nothing of the rest.
LISTED_COMMITS = 2048

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_FULL_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}/[A-Za-z0-9_.-]{1,100}")


def is_full_name(text: str) -> bool:
    """Whether a text can be ``owner/name``: the only form that ever becomes part of a URL."""
    return _FULL_NAME.fullmatch(text) is not None and text.partition("/")[2] not in {".", ".."}


def repository_path(full_name: str) -> str:
    """Return where the REST API has a repository.

    :raises NotOnGitHub: that can be no repository's name.
    """
    if not is_full_name(full_name):
        raise NotOnGitHub("that is not owner/name")
    return f"/repos/{full_name}"


def _full_name(value: str) -> str:
    if not is_full_name(value):
        raise ValueError("not owner/name")
    return value


def is_sha(text: str) -> bool:
    """Whether a text is a full object name of git (SHA-1 or SHA-256)."""
    return _SHA.fullmatch(text) is not None


def require_storable(data: object) -> None:
    """Look for text in a payload that no database can hold.

    :raises ValueError: somewhere in it is a NUL or half a surrogate pair.
    """
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.keys()
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str):
            _require_storable_text(value)


def _require_storable_text(value: str) -> None:
    # PostgreSQL's text has no NUL, and git's own messages and names cannot hold one either.
    if "\0" in value:
        raise ValueError("there is a NUL character in it")
    try:
        value.encode()
    except UnicodeEncodeError:
        # A lone surrogate is valid JSON (RFC 8259 §8.2) and no text: nothing could encode it.
        raise ValueError("there is half a surrogate pair in it") from None


def _iso_instant(value: object) -> datetime:
    """Accept ISO 8601 with its zone, as commits have it."""
    if not isinstance(value, str):
        raise ValueError("not a time")  # noqa: TRY004 - pydantic collects ValueError
    try:
        parsed = datetime.fromisoformat(value)
        in_utc = parsed.astimezone(UTC)
    except (OverflowError, ValueError):
        raise ValueError("not a time") from None
    if parsed.tzinfo is None:
        raise ValueError("a time without its zone")
    return in_utc


def _instant(value: object) -> datetime | None:
    """Accept both forms that GitHub uses: seconds since 1970 (in pushes) and ISO 8601."""
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        return _iso_instant(value)
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, OSError, ValueError):
        raise ValueError("not a time") from None


#: What is wrong where a text does not have the form that it must have, by the field's name.
FORMS = {
    "id": "not a commit id",
    "before": "not a commit id",
    "after": "not a commit id",
    "full_name": "not owner/name",
}

# Patterns and types are checked by pydantic's own compiled code: a Python function for each of a push's texts would
# take longer than everything else that is done with it.
Sha = Annotated[str, StringConstraints(pattern=f"^(?:{_SHA.pattern})$")]
FullName = Annotated[str, StringConstraints(pattern=f"^{_FULL_NAME.pattern}$"), AfterValidator(_full_name)]
#: The first wrong entry is enough to refuse a list: an error for each of a million takes a gigabyte.
Paths = Annotated[list[str], FailFast()]
Instant = Annotated[datetime | None, PlainValidator(_instant)]
IsoInstant = Annotated[datetime, PlainValidator(_iso_instant)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)


class _Person(_Part):
    name: str | None = None
    username: str | None = None


class _Commit(_Part):
    id: Sha
    distinct: bool
    message: str
    timestamp: IsoInstant
    author: _Person
    added: Paths
    removed: Paths
    modified: Paths

    def to_record(self) -> PushedCommit:
        return PushedCommit(
            sha=self.id,
            message=self.message,
            author=self.author.name or self.author.username or "",
            author_login=self.author.username,
            committed_at=self.timestamp,
            added=tuple(self.added),
            removed=tuple(self.removed),
            modified=tuple(self.modified),
        )


class _Owner(_Part):
    pass


class _Repository(_Part):
    id: Annotated[int, Field(gt=0, lt=2**63)]
    full_name: FullName
    owner: _Owner
    default_branch: Annotated[str, Field(min_length=1)]
    private: bool = True
    pushed_at: Instant = None

    def to_record(self) -> Repository:
        return Repository(
            github_id=self.id,
            full_name=self.full_name,
            default_branch=self.default_branch,
            private=self.private,
        )


class _HeadCommit(_Part):
    id: Sha


class PushPayload(_Part):
    """A push event's body."""

    ref: Annotated[str, Field(min_length=1)]
    before: Sha
    after: Sha
    deleted: bool
    forced: bool
    commits: Annotated[list[_Commit], Field(max_length=LISTED_COMMITS), FailFast()]
    head_commit: _HeadCommit | None
    repository: _Repository
    pusher: dict[str, Any]
    sender: dict[str, Any]
    installation: dict[str, Any] | None = None

    def to_record(self, hook_id: str) -> Push:
        """Return the push as the rest of the service knows it."""
        return Push(
            hook_id=hook_id,
            repository=self.repository.to_record(),
            ref=self.ref,
            before=self.before,
            after=self.after,
            deleted=self.deleted,
            forced=self.forced,
            created=set(self.before) == {"0"},
            pushed_at=self.repository.pushed_at,
            commits=tuple(commit.to_record() for commit in self.commits),
        )


class RepositoryPayload(_Part):
    """A repository event's body: https://docs.github.com/en/webhooks/webhook-events-and-payloads#repository."""

    action: str
    repository: _Repository
