"""The commits of a closed day as changes: from what GitHub said of their parents to the mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from newsletter.digest.record import Edition, Rendering, Slots
from newsletter.digest.render import Renderer
from newsletter.github.record import CommitDetail
from newsletter.resources import templates_directory
from newsletter.store import commits, tables
from newsletter.store.repositories import FollowedRepository
from subscribers import Level
from tests.support.newsroom import BASE_URL, Newsroom
from tests.support.records import DAY, analysis_of, follow, preferences_of, sha

MORNING = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
ADA = "ada@reader.example"


class Unprintable(Exception):
    pass


class OneByOneRenderer(Renderer):
    """Cannot print what consists of several commits."""

    def __init__(self) -> None:
        super().__init__(templates_directory(), base_url=BASE_URL, postal_address=None)

    def render(self, edition: Edition, slots: Slots) -> Rendering:
        if any(change.members for change in edition.changes):
            raise Unprintable
        return super().render(edition, slots)


async def arrived(newsroom: Newsroom, repository: FollowedRepository, number: int, *parents: int, message: str) -> None:
    """Let a low commit reach the branch, and GitHub tell its parents."""
    await newsroom.analysed(repository, number, MORNING, analysis_of(level=Level.LOW), message=message)
    async with newsroom.store.write() as transaction:
        connection = transaction.connection
        commit_id = (
            await connection.execute(select(tables.commits.c.id).where(tables.commits.c.sha == sha(number)))
        ).scalar_one()
        detail = CommitDetail(sha=sha(number), parents=tuple(map(sha, parents)))
        await commits.save_detail(connection, commit_id, detail, now=newsroom.clock())


@pytest.fixture
async def day(newsroom: Newsroom) -> Newsroom:
    """A closed day on which a pull request of one commit was merged and taken back."""
    tide = await follow(newsroom.store)
    together = "\n\nCo-authored-by: Grace Hopper <grace@hidden.example>"
    await arrived(newsroom, tide, 1, 99, message="Sketch a lock" + together)
    await arrived(newsroom, tide, 2, 99, 1, message="Merge pull request #7 from ada/lock\n\nAdd a lock")
    await arrived(newsroom, tide, 3, 2, message=f"Add a key\n\nThis reverts commit {sha(98)}.")
    await newsroom.reader("ada", preferences_of(threshold=Level.LOW))
    return newsroom


async def test_a_mail_has_changes_with_their_commits_and_the_days_comparison(day: Newsroom) -> None:
    await day.close(DAY)
    await day.compose(DAY)
    mail = await day.mail_to(ADA)
    assert mail.subject.startswith("2 changes")
    for part in (mail.html, mail.text):
        assert "Add a lock (#7)" in part
        assert "Merge pull request" not in part
        assert "Grace Hopper" in part
        assert "hidden.example" not in part
        assert f"/compare/{sha(99)}...{sha(3)}" in part
        assert all(f"/commit/{sha(number)}" in part for number in (1, 2, 3))


async def test_a_merged_pull_request_and_its_revert_are_one_change(day: Newsroom) -> None:
    tide = await follow(day.store)
    await arrived(day, tide, 4, 3, message=f'Revert "Add a lock" (#8)\n\nThis reverts commit {sha(2)}.')
    await day.close(DAY)
    await day.compose(DAY)
    mail = await day.mail_to(ADA)
    assert "Merged and reverted the same day: Add a lock" in mail.text
    assert "2 changes that day · 4 commits" in mail.text


async def test_where_grouping_cannot_be_printed_the_commits_are_shown_one_by_one(
    day: Newsroom, capsys: pytest.CaptureFixture[str]
) -> None:
    await day.close(DAY)
    await replace(day, imprint=replace(day.imprint, renderer=OneByOneRenderer())).compose(DAY)
    mail = await day.mail_to(ADA)
    assert mail.subject.startswith("3 changes")
    logged = capsys.readouterr()
    assert "digest.not_grouped" in logged.out + logged.err
