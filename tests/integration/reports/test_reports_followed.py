"""The commits of reports are no changes: no newsletter reports its own reports, or another's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from newsletter.github.record import PushedCommit
from newsletter.github.webhook import stored_push
from newsletter.pipeline.expand import add_commits
from newsletter.pipeline.fetch import fetch
from newsletter.pipeline.port import Job, Kind
from newsletter.pipeline.receive import Intake
from newsletter.store import commits, pushes
from newsletter.store.repositories import FollowedRepository
from tests.support.clock import NOON
from tests.support.pushes import body_of, payload
from tests.support.reading_room import AFTERNOON, REPORTS, ReadingRoom
from tests.support.records import follow, sha

PLACE = "reports/2026/tide/2026-03-01.md"
MESSAGE = "Report of 2026-03-01: acme/tide\n\nNewsletter-Report: 2026-03-01"


async def pushed(room: ReadingRoom, repository: FollowedRepository, *told: dict[str, Any]) -> tuple[int, ...]:
    """Let a push come as a webhook; returns the ids of the commits that are to be analysed."""
    usual = payload()["commits"][0]
    body = body_of(
        payload(
            repository__id=repository.github_id,
            repository__full_name=repository.full_name,
            repository__pushed_at=(AFTERNOON + timedelta(days=1)).isoformat(),
            commits=[usual | commit for commit in told],
        )
    )
    push = stored_push(body, hook_id=str(uuid4()))
    await Intake(store=room.store, jobs=room.newsroom.jobs).receive(push, body, now=NOON)
    await room.newsroom.expand(push.hook_id)
    async with room.store.read() as connection:
        return await commits.unanalysed(connection)


async def test_what_was_committed_comes_back_as_a_push_and_is_no_change(room: ReadingRoom) -> None:
    reports = await follow(room.store, REPORTS, github_id=900)
    await room.change(await follow(room.store))
    digest_id = await room.close()
    await room.report(digest_id)
    await room.mend(1)
    await room.report(digest_id)
    ours = [commit.pushed(number) for number, commit in enumerate(room.contents.commits, start=800)]
    assert len(ours) == 2
    assert await pushed(room, reports, *ours) == ()
    by_hand = ours[0] | {"id": sha(900), "message": "Say it better"}
    hidden = ours[0] | {"id": sha(901), "modified": ["deploy.sh"]}
    assert len(await pushed(room, reports, by_hand, hidden)) == 2


@pytest.mark.parametrize(
    ("files", "kept"),
    [pytest.param([PLACE], False, id="a report alone"), pytest.param([PLACE, "deploy.sh"], True, id="something more")],
)
async def test_one_that_no_webhook_told_of_is_known_once_its_files_are(
    room: ReadingRoom, files: list[str], kept: bool
) -> None:
    reports = await follow(room.store, REPORTS, github_id=900)
    assert isinstance(room.contents.server.commits, dict)
    told = [{"filename": name, "status": "added", "additions": 1, "deletions": 0} for name in files]
    room.contents.server.commits[REPORTS, sha(7)] = {"sha": sha(7), "parents": [], "files": told}
    found = PushedCommit(sha=sha(7), message=MESSAGE, author="newsletter[bot]", committed_at=NOON)
    async with room.store.write() as transaction:
        push = await pushes.add_found(
            transaction.connection,
            hook_id="found:1",
            repository_id=reports.id,
            reached_at=NOON,
            body=b"{}",
            now=NOON,
        )
        assert await add_commits(transaction, [found], push=push, jobs=room.newsroom.jobs) == 1
    (commit_id,) = await room.newsroom.queued(Kind.FETCH)
    job = Job(kind=Kind.FETCH, key=commit_id, attempt=1, last=False, queued_at=NOON)
    for _ in range(2):
        await fetch(job, store=room.store, jobs=room.newsroom.jobs, github=room.github, now=NOON)
    assert await room.newsroom.queued(Kind.ANALYSE) == ([commit_id] if kept else [])
    assert await room.newsroom.count("commits") == int(kept)
