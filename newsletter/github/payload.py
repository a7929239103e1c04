"""The shape of a push payload, as far as the service relies on it.

https://docs.github.com/en/webhooks/webhook-events-and-payloads#push. Unknown keys are ignored (GitHub adds some from
time to time); known ones must have the documented type, so that a misunderstanding is refused and not stored.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from newsletter.github.record import Push, PushedCommit, Repository

#: At most so many commits are listed: a longer push says nothing of the rest.
LISTED_COMMITS = 2048

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_FULL_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}/[A-Za-z0-9_.-]{1,100}")


def is_full_name(text: str) -> bool:
    """Whether a text can be ``owner/name``: the only form that ever becomes part of a URL."""
    return _FULL_NAME.fullmatch(text) is not None and text.partition("/")[2] not in {".", ".."}


def is_sha(text: str) -> bool:
    """Whether a text is a full object name of git (SHA-1 or SHA-256)."""
    return _SHA.fullmatch(text) is not None


def _sha(value: str) -> str:
    if not is_sha(value):
        raise ValueError("not a commit id")
    return value


def _full_name(value: str) -> str:
    if not is_full_name(value):
        raise ValueError("not owner/name")
    return value


def _storable(value: str) -> str:
    # PostgreSQL's text has no NUL, and git's own messages and names cannot hold one either.
    if "\0" in value:
        raise ValueError("has a NUL character in it")
    # A lone surrogate is valid JSON (RFC 8259 §8.2) and no text: nothing could encode it.
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("has half a surrogate pair in it")
    return value


def _instant(value: Any) -> Any:
    """Accept both forms that GitHub uses: seconds since 1970 (in pushes) and ISO 8601."""
    if isinstance(value, bool):
        raise ValueError("not a time")  # noqa: TRY004 - pydantic collects ValueError
    if isinstance(value, int):
        try:
            return datetime.fromtimestamp(value, UTC)
        except (OverflowError, OSError):
            raise ValueError("not a time") from None
    if isinstance(value, str):
        try:
            parsed = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("not a time") from None
        if parsed.tzinfo is None:
            raise ValueError("a time without its zone")
        try:
            return parsed.astimezone(UTC)
        except OverflowError:
            raise ValueError("not a time") from None
    return value


def _iso_text(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("not a time")  # noqa: TRY004 - pydantic collects ValueError
    return value


Text = Annotated[str, AfterValidator(_storable)]
Sha = Annotated[str, AfterValidator(_sha)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
IsoInstant = Annotated[Instant, BeforeValidator(_iso_text)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)


class _Person(_Part):
    name: Text | None = None
    username: Text | None = None


class _Commit(_Part):
    id: Sha
    distinct: bool
    message: Text
    timestamp: IsoInstant
    author: _Person
    added: list[Text]
    removed: list[Text]
    modified: list[Text]

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
    full_name: Annotated[str, AfterValidator(_full_name)]
    owner: _Owner
    default_branch: Annotated[Text, Field(min_length=1)]
    private: bool = True
    pushed_at: Instant | None = None


class _HeadCommit(_Part):
    id: Sha


class PushPayload(_Part):
    """A push event's body."""

    ref: Annotated[Text, Field(min_length=1)]
    before: Sha
    after: Sha
    deleted: bool
    forced: bool
    commits: list[_Commit]
    head_commit: _HeadCommit | None
    repository: _Repository
    pusher: dict[str, Any]
    sender: dict[str, Any]
    installation: dict[str, Any] | None = None

    def to_record(self, hook_id: str) -> Push:
        """Return the push as the rest of the service knows it."""
        return Push(
            hook_id=hook_id,
            repository=Repository(
                github_id=self.repository.id,
                full_name=self.repository.full_name,
                default_branch=self.repository.default_branch,
                private=self.repository.private,
            ),
            ref=self.ref,
            before=self.before,
            after=self.after,
            deleted=self.deleted,
            forced=self.forced,
            pushed_at=self.repository.pushed_at,
            commits=tuple(commit.to_record() for commit in self.commits),
        )
