"""A day on GitHub that never was: the pushes of two invented repositories and all that the API says about them.

The day has changes of every level, a pair of a change and its revert, a merge with its branch commit, a commit of
400 files and authors with Chinese names and joined emoji. It is the same on every call with the same date.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from uuid import NAMESPACE_URL, uuid5

from newsletter.demo import shapes
from newsletter.demo.commit_shapes import ToldCommit, hook_commit, rest_commit
from newsletter.demo.shapes import Json, sha_of
from newsletter.demo.story import CommitStory, PushStory, RepositoryStory, sample_story


@dataclass(frozen=True, kw_only=True)
class SampleRepository:
    """An invented repository."""

    full_name: str
    default_branch: str
    #: The answer of ``GET /repos/{owner}/{repo}`` at the end of the day.
    rest: Json


@dataclass(frozen=True, kw_only=True)
class SamplePush:
    """One push event, ready to be signed and posted."""

    #: A UUID for ``X-GitHub-Delivery``; the same for the same day.
    hook_id: str
    #: When the push reached GitHub, in UTC.
    at: datetime
    payload: Json

    @cached_property
    def body(self) -> bytes:
        """The payload as GitHub sends it: compact JSON in UTF-8."""
        return json.dumps(self.payload, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True, kw_only=True)
class SampleDay:
    """Everything that happened on one day in the invented repositories."""

    day: date
    repositories: tuple[SampleRepository, ...]
    #: Of all repositories, in the order in which they reached GitHub.
    pushes: tuple[SamplePush, ...]
    #: The answer of ``GET /repos/{owner}/{repo}/commits/{sha}`` by full name and SHA, with all files on one page.
    commits: Mapping[tuple[str, str], Json]
    #: The answer of ``GET /repos/{owner}/{repo}/pulls/{number}`` by full name and number.
    pull_requests: Mapping[tuple[str, int], Json]


def sample_day(day: date) -> SampleDay:
    """Return the sample day as if it had happened on ``day`` (UTC); SHAs and hook ids depend on it."""
    tellers = [_Teller(story, day) for story in sample_story()]
    pushes = [push for teller in tellers for push in teller.tell()]
    return SampleDay(
        day=day,
        repositories=tuple(teller.repository() for teller in tellers),
        pushes=tuple(sorted(pushes, key=lambda push: push.at)),
        commits={key: commit for teller in tellers for key, commit in teller.commits.items()},
        pull_requests={
            (teller.story.full_name, told.number): shapes.pull_request_rest(teller.story, told)
            for teller in tellers
            for told in teller.story.pull_requests
        },
    )


class _Teller:
    """Turns one repository's story into what GitHub would have said, push after push."""

    def __init__(self, story: RepositoryStory, day: date) -> None:
        self.story = story
        self.day = day
        self.created_at = datetime.combine(day - timedelta(days=900), time(12), UTC)
        self.commits: dict[tuple[str, str], Json] = {}
        self._base = self._head = sha_of("before the day", story.full_name, day.isoformat())
        self._told: dict[str, ToldCommit] = {}

    def repository(self) -> SampleRepository:
        last = datetime.combine(self.day, self.story.pushes[-1].at, UTC)
        return SampleRepository(
            full_name=self.story.full_name,
            default_branch=self.story.default_branch,
            rest=shapes.repository_rest(self.story, created_at=self.created_at, pushed_at=last),
        )

    def tell(self) -> list[SamplePush]:
        return [self._push(push) for push in self.story.pushes]

    def _push(self, push: PushStory) -> SamplePush:
        at = datetime.combine(self.day, push.at, UTC)
        before = self._head
        # The commits of one push are some seconds apart, the last one just before the push.
        told = [
            self._commit(commit, at - commit.age - timedelta(seconds=3 + 20 * (len(push.commits) - 1 - place)))
            for place, commit in enumerate(push.commits)
        ]
        payload = shapes.push_event(
            self.story,
            before=before,
            commits=[hook_commit(commit) for commit in told],
            pusher=push.pusher,
            created_at=self.created_at,
            pushed_at=at,
        )
        return SamplePush(hook_id=str(uuid5(NAMESPACE_URL, payload["compare"])), at=at, payload=payload)

    def _commit(self, story: CommitStory, committed_at: datetime) -> ToldCommit:
        parents: tuple[str, ...] = (self._base if story.on_branch else self._head,)
        files = story.files
        if story.merges is not None:
            branch = self._told[story.merges]
            parents, files = (self._head, branch.sha), branch.files
        elif story.reverts is not None:
            files = tuple(file.undone() for file in self._told[story.reverts].files)
        told = ToldCommit(
            story=story,
            repository=self.story.full_name,
            message=self._with_shas(story.message),
            committed_at=committed_at,
            parents=parents,
            files=files,
        )
        if not story.on_branch:
            self._head = told.sha
        self._told[story.key] = told
        self.commits[self.story.full_name, told.sha] = rest_commit(told)
        return told

    def _with_shas(self, message: str) -> str:
        for key, told in self._told.items():
            message = message.replace(f"{{sha:{key}}}", told.sha)
        return message
