"""What GitHub says: pushes, the commits they carry, and what the REST API adds to a commit."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository as GitHub names it at the moment of the event."""

    #: ``repository.id``: the identity, which survives renames and transfers.
    github_id: int
    #: ``owner/name`` at the time of the event.
    full_name: str
    default_branch: str
    private: bool


@dataclass(frozen=True, kw_only=True)
class PushedCommit:
    """One entry of a push's ``commits``: paths only, no patch."""

    sha: str
    message: str
    author: str
    #: GitHub login of the author, where the e-mail address is linked to an account.
    author_login: str | None = None
    #: Committer date in UTC: neither the push time nor the author date.
    committed_at: datetime
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    modified: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path the push names for this commit."""
        return (*self.added, *self.removed, *self.modified)


@dataclass(frozen=True, kw_only=True)
class Push:
    """A push event that was verified and understood."""

    #: ``X-GitHub-Delivery``; the same on a manual redelivery.
    hook_id: str
    repository: Repository
    #: Full ref, for example ``refs/heads/main``.
    ref: str
    before: str
    after: str
    deleted: bool
    forced: bool
    #: Whether the branch did not exist before.
    created: bool
    #: ``repository.pushed_at``: when the push reached GitHub, in UTC. None where the payload has none.
    pushed_at: datetime | None
    commits: tuple[PushedCommit, ...]

    @property
    def branch(self) -> str:
        """Name of the branch that was moved; empty for a tag, or whatever else is no branch."""
        return self.ref.removeprefix("refs/heads/") if self.ref.startswith("refs/heads/") else ""

    @property
    def is_default_branch(self) -> bool:
        """Whether the push moved the default branch."""
        return self.branch == self.repository.default_branch


@dataclass(frozen=True, kw_only=True)
class FileChange:
    """One file of a commit, as ``GET /repos/{owner}/{repo}/commits/{ref}`` describes it."""

    path: str
    #: ``added``, ``removed``, ``modified``, ``renamed``, ``copied``, ``changed`` or ``unchanged``.
    status: str
    additions: int = 0
    deletions: int = 0
    previous_path: str | None = None
    #: Unified diff hunks; None for binary, empty and very large files.
    patch: str | None = None


@dataclass(frozen=True, kw_only=True)
class CommitDetail:
    """What the REST API adds to a pushed commit."""

    sha: str
    parents: tuple[str, ...]
    files: tuple[FileChange, ...] = field(default=())
    additions: int = 0
    deletions: int = 0
    #: False where GitHub stopped listing (3,000 files is its limit).
    complete: bool = True


@dataclass(frozen=True, kw_only=True)
class PullRequest:
    """A pull request as its author described it: why a change was made. All its texts are hostile until escaped."""

    number: int
    title: str
    #: Markdown, cut to a length; empty where there is none.
    body: str
    labels: tuple[str, ...] = ()
    author_login: str | None = None


@dataclass(frozen=True, kw_only=True)
class ListedCommit:
    """A commit as the REST API lists it: with its parents and without its paths."""

    commit: PushedCommit
    #: The first one is what the branch pointed at before.
    parents: tuple[str, ...]

    @property
    def sha(self) -> str:
        """Its object name."""
        return self.commit.sha


@dataclass(frozen=True, kw_only=True)
class Movement:
    """One entry of a repository's activity: a branch was moved."""

    before: str
    after: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What one commit has that another has not."""

    #: ``ahead``, ``behind``, ``identical`` or ``diverged`` (after a forced push).
    status: str
    #: Oldest first.
    commits: tuple[ListedCommit, ...]
    #: False where GitHub listed fewer than it counted.
    complete: bool


@dataclass(frozen=True, kw_only=True)
class Installation:
    """An App on somebody's account."""

    #: GitHub's id.
    id: int
    app_id: int
    #: Login of the account.
    account: str
    #: Whether its owner, or GitHub, has stopped it for the time being.
    suspended: bool


@dataclass(frozen=True, kw_only=True)
class HookDelivery:
    """One attempt of GitHub's at delivering an event to the App's webhook."""

    #: Of the attempt; a later one has a higher number.
    id: int
    #: Of the event, ``X-GitHub-Delivery``: the same on every attempt.
    hook_id: str
    event: str
    at: datetime
    #: What was answered; 0 where nothing was.
    status: int

    @property
    def succeeded(self) -> bool:
        """Whether GitHub takes the event for delivered."""
        return 200 <= self.status < 300
