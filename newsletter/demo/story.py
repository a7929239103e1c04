"""The sample day as it is written down: two invented repositories, their pushes, commits and patches."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from newsletter.demo.patches import generated_models, turned_round, whole

_FOLDER = Path(__file__).parent / "sample_day"
_FILES = ("tidewater.toml", "lantern-cli.toml")


@dataclass(frozen=True, kw_only=True)
class Person:
    """An invented author or pusher."""

    name: str
    email: str
    #: None where GitHub knows no account for the e-mail address.
    login: str | None
    utc_offset: timedelta


@dataclass(frozen=True, kw_only=True)
class FileStory:
    """One changed file of a commit."""

    path: str
    #: ``added``, ``removed``, ``modified`` or ``renamed``.
    status: str
    additions: int
    deletions: int
    #: Unified diff hunks; None where GitHub would leave them out.
    patch: str | None
    previous_path: str | None

    def undone(self) -> FileStory:
        """Return the change that takes this one back. Renames are not used in the story's reverts."""
        return replace(
            self,
            status={"added": "removed", "removed": "added"}.get(self.status, self.status),
            additions=self.deletions,
            deletions=self.additions,
            patch=None if self.patch is None else turned_round(self.patch),
        )


@dataclass(frozen=True, kw_only=True)
class CommitStory:
    """One commit; it stands on the commit before it in the file, whatever push that was in."""

    key: str
    author: Person
    #: May hold ``{sha:key}``, which stands for the full SHA of an earlier commit of the same repository.
    message: str
    #: How much older than its push the commit is.
    age: timedelta
    #: Whether GitHub made the commit in its web interface and signed it.
    on_the_web: bool
    #: Whether it was made on a branch that left the default branch before the day; a later commit merges it.
    on_branch: bool
    #: Key of the branch commit that this one merges; None for an ordinary commit.
    merges: str | None
    #: Key of the commit that this one undoes; its files are that commit's, turned round.
    reverts: str | None
    #: Sorted by path, as GitHub lists them.
    files: tuple[FileStory, ...]


@dataclass(frozen=True, kw_only=True)
class PushStory:
    """One push to the default branch."""

    #: When it reached GitHub, in UTC.
    at: time
    pusher: Person
    commits: tuple[CommitStory, ...]


@dataclass(frozen=True, kw_only=True)
class PullRequestStory:
    """What the author of a pull request said of it."""

    number: int
    author: Person
    title: str
    body: str
    labels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RepositoryStory:
    """One repository and its pushes in the order in which they happened."""

    github_id: int
    full_name: str
    description: str
    language: str
    default_branch: str
    pushes: tuple[PushStory, ...]
    pull_requests: tuple[PullRequestStory, ...]


@cache
def sample_story() -> tuple[RepositoryStory, ...]:
    """Read the files that ship with the package. They are part of the program: a fault in them raises as it is."""
    people = {key: _person(entry) for key, entry in _read("people.toml").items()}
    return tuple(_repository(_read(name), people) for name in _FILES)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / name).read_text(encoding="utf-8"))


def _person(entry: Mapping[str, Any]) -> Person:
    return Person(
        name=entry["name"],
        email=entry["email"],
        login=entry.get("login"),
        utc_offset=timedelta(hours=entry.get("utc_offset_hours", 0)),
    )


def _repository(document: Mapping[str, Any], people: Mapping[str, Person]) -> RepositoryStory:
    head = document["repository"]
    return RepositoryStory(
        github_id=head["id"],
        full_name=head["full_name"],
        description=head["description"],
        language=head["language"],
        default_branch=head["default_branch"],
        pushes=tuple(
            PushStory(
                at=time.fromisoformat(push["at"]),
                pusher=people[push["pusher"]],
                commits=tuple(_commit(commit, people) for commit in push["commits"]),
            )
            for push in document["pushes"]
        ),
        pull_requests=tuple(
            PullRequestStory(
                number=entry["number"],
                author=people[entry["author"]],
                title=entry["title"],
                body=entry["body"].rstrip("\n"),
                labels=tuple(entry.get("labels", ())),
            )
            for entry in document.get("pull_requests", ())
        ),
    )


def _commit(entry: Mapping[str, Any], people: Mapping[str, Person]) -> CommitStory:
    files = [_file(file) for file in entry.get("files", ())]
    files += [
        FileStory(path=path, previous_path=None, status="modified", patch=patch, **_count(patch))
        for path, patch in generated_models(entry.get("generated_models", 0))
    ]
    return CommitStory(
        key=entry["key"],
        author=people[entry["author"]],
        message=entry["message"].rstrip("\n"),
        age=timedelta(minutes=entry.get("age_minutes", 0)),
        on_the_web=entry.get("squashed", False),
        on_branch=entry.get("on_branch", False),
        merges=entry.get("merges"),
        reverts=entry.get("reverts"),
        files=tuple(sorted(files, key=lambda file: file.path)),
    )


def _file(entry: Mapping[str, Any]) -> FileStory:
    patch = whole(entry["patch"]) if "patch" in entry else None
    counts = _count(patch) if patch else {"additions": entry["additions"], "deletions": entry["deletions"]}
    return FileStory(
        path=entry["path"],
        previous_path=entry.get("previous_path"),
        status=entry.get("status", "modified"),
        patch=patch,
        **counts,
    )


def _count(patch: str) -> dict[str, int]:
    lines = patch.split("\n")
    return {
        "additions": sum(line.startswith("+") for line in lines),
        "deletions": sum(line.startswith("-") for line in lines),
    }
