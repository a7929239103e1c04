"""Reports are committed once each, corrected when they get better, and what is others' is left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from newsletter.pipeline.port import Kind, NotYet, RetryAfter
from newsletter.pipeline.recover import requeue
from newsletter.pipeline.report import MOST_CONFLICTS, PATIENCE
from newsletter.store import alarms, reports
from tests.support.contents_github import Committed
from tests.support.github_markdown import by_github
from tests.support.reading_room import BETTER, REPORTS, ReadingRoom, about
from tests.support.records import analysis_of, follow

PLACE = "reports/2026/tide/2026-03-01.md"


def puts(room: ReadingRoom) -> int:
    """Return how often something was to be written."""
    return sum(request.startswith("PUT ") for request in room.contents.server.requests)


async def unreported(room: ReadingRoom) -> tuple[int, ...]:
    async with room.store.read() as connection:
        return await reports.unreported(connection)


async def one_day(room: ReadingRoom) -> int:
    """Close a day of one change; returns the id of its digest. The change's own id is 1."""
    await room.change(await follow(room.store))
    return await room.close()


async def test_each_repository_of_a_day_has_its_file_and_twice_changes_nothing(room: ReadingRoom) -> None:
    await room.change(await follow(room.store))
    await room.change(await follow(room.store, "b/moon", github_id=2))
    digest_id = await room.close()
    assert await room.newsroom.queued(Kind.REPORT) == [str(digest_id)]
    assert await unreported(room) == (digest_id,)
    await room.report(digest_id)
    assert sorted(commit.path for commit in room.contents.commits) == ["reports/2026/moon/2026-03-01.md", PLACE]
    message = room.contents.commits[0].message
    assert message == "Report of 2026-03-01: acme/tide\n\nNewsletter-Report: 2026-03-01\n"
    assert "By the rules." in by_github(room.contents.text(PLACE) or "").text
    assert await unreported(room) == ()
    await room.report(digest_id)
    assert puts(room) == 2


async def test_a_better_analysis_is_one_correction_of_that_file_alone(room: ReadingRoom) -> None:
    tide = await follow(room.store)
    for _ in range(2):
        await room.change(tide)
    await room.change(await follow(room.store, "b/moon", github_id=2))
    digest_id = await room.close()
    await room.report(digest_id)
    await room.forget_jobs()
    for commit_id in (1, 2):
        await room.mend(commit_id)
    # Both wait together, and for others.
    assert await room.newsroom.queued(Kind.REPORT) == [str(digest_id)]
    assert await unreported(room) == (digest_id,)
    await room.report(digest_id)
    (correction,) = room.contents.commits[2:]
    assert correction.path == PLACE
    assert correction.message.startswith("Correct the report of 2026-03-01: acme/tide\n")
    assert by_github(room.contents.text(PLACE) or "").text.count("By the model.") == 2
    assert await unreported(room) == ()


async def test_an_analysis_that_says_the_same_brings_no_commit(room: ReadingRoom) -> None:
    digest_id = await one_day(room)
    await room.mend(1)
    await room.report(digest_id)
    await room.mend(1, BETTER)
    await room.report(digest_id)
    assert puts(room) == 1


async def test_days_from_before_reports_were_wanted_are_never_reported(room: ReadingRoom) -> None:
    await room.change(await follow(room.store))
    digest_id = await room.close(with_reports=False)
    await room.mend(1)
    assert await room.newsroom.queued(Kind.REPORT) == []
    await room.report(digest_id)
    assert room.contents.commits == []


async def test_reports_that_are_wanted_no_more_are_left_to_do_no_more(room: ReadingRoom) -> None:
    digest_id = await one_day(room)
    room.shelf = replace(room.shelf, repository=None)
    await room.report(digest_id)
    assert (await unreported(room), room.contents.commits) == ((), [])


async def test_a_job_that_was_lost_is_queued_again_as_long_as_something_is_to_do(room: ReadingRoom) -> None:
    digest_id = await one_day(room)
    for queued in ([str(digest_id)], []):
        await room.forget_jobs()
        await requeue(store=room.store, jobs=room.newsroom.jobs, now=room.newsroom.clock())
        assert await room.newsroom.queued(Kind.REPORT) == queued
        await room.report(digest_id)


async def test_a_crash_between_the_commit_and_its_note_repeats_nothing(room: ReadingRoom) -> None:
    digest_id = await one_day(room)
    room.contents.after = lambda _: web.Response(status=502)
    with pytest.raises(RetryAfter):
        await room.report(digest_id)
    assert await unreported(room) == (digest_id,)
    room.contents.after = lambda _: None
    await room.report(digest_id)
    assert (puts(room), await unreported(room)) == (1, ())
    await room.mend(1)
    await room.report(digest_id)
    assert len(room.contents.commits) == 2


async def test_what_was_committed_before_a_crash_is_known_as_ours_however_the_text_changed_since(
    room: ReadingRoom,
) -> None:
    digest_id = await one_day(room)
    for text in ("Once.", "Twice.", "Thrice."):
        room.contents.after = lambda _: web.Response(status=502)
        with pytest.raises(RetryAfter):
            await room.report(digest_id)
        # Before the next one is written the process ends as well.
        room.contents.before = lambda _: web.Response(status=502)
        await room.mend(1, replace(BETTER, summary=text))
        with pytest.raises(RetryAfter):
            await room.report(digest_id)
        room.contents.before = lambda _: None
        await room.mend(1, replace(BETTER, summary=f"{text} More."))
    room.contents.after = lambda _: None
    await room.report(digest_id)
    assert "Thrice. More." in (room.contents.text(PLACE) or "")
    assert await unreported(room) == ()


@pytest.mark.parametrize("status", [409, 422])
async def test_a_conflict_is_looked_at_again_and_one_that_stays_is_told_once(room: ReadingRoom, status: int) -> None:
    digest_id = await one_day(room)
    refusals = iter([True])

    def conflict(_: Committed) -> web.Response | None:
        return web.json_response({"message": "no"}, status=status) if next(refusals, False) else None

    room.contents.before = conflict
    await room.report(digest_id)
    assert len(room.contents.commits) == 1
    await room.mend(1)
    room.contents.before = lambda _: web.json_response({"message": "no"}, status=status)
    written = puts(room)
    with capture_logs() as lines:
        for _ in range(2):
            with pytest.raises(RetryAfter, match=REPORTS):
                await room.report(digest_id)
    assert puts(room) == written + 2 * MOST_CONFLICTS
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["reports cannot be committed"]
    room.contents.before = lambda _: None
    await room.report(digest_id)
    async with room.store.read() as connection:
        alarm = await alarms.load(connection, "reports")
    assert alarm is not None
    assert alarm.ended_at is not None


@pytest.mark.parametrize("theirs", ["Better said by hand.\n", None], ids=["edited", "deleted"])
async def test_what_somebody_edited_or_deleted_is_theirs_and_said_once(room: ReadingRoom, theirs: str | None) -> None:
    digest_id = await one_day(room)
    await room.report(digest_id)
    if theirs is None:
        del room.contents.files[REPORTS, "main", PLACE]
    else:
        room.contents.write(PLACE, theirs)
    with capture_logs() as lines:
        for text in ("Once.", "Twice."):
            await room.mend(1, replace(BETTER, summary=text))
            await room.report(digest_id)
    assert room.contents.text(PLACE) == theirs
    assert [line["action"] for line in lines if line["log_level"] == "warning"] == ["report.left_alone"]
    assert await unreported(room) == ()


async def test_a_file_that_was_there_before_is_nobodys_report(room: ReadingRoom) -> None:
    digest_id = await one_day(room)
    room.contents.write(PLACE, "My diary.\n")
    await room.report(digest_id)
    assert (room.contents.text(PLACE), puts(room)) == ("My diary.\n", 0)


async def test_a_private_repository_is_reported_only_in_a_private_one(room: ReadingRoom) -> None:
    await room.change(await follow(room.store, "acme/secret", private=True))
    digest_id = await room.close()
    with capture_logs() as lines:
        await room.report(digest_id)
    assert room.contents.commits == []
    assert [line["action"] for line in lines if line["action"] == "report.private"] == ["report.private"]
    assert isinstance(room.contents.server.repositories, dict)
    room.contents.server.repositories[REPORTS] = about(REPORTS, private=True)
    await room.report(digest_id)
    assert [commit.path for commit in room.contents.commits] == ["reports/2026/secret/2026-03-01.md"]


async def test_repositories_of_one_name_are_told_apart_by_their_owners(room: ReadingRoom) -> None:
    for number, name in enumerate(("acme/tide", "b/Tide", "c/moon"), start=1):
        await room.change(await follow(room.store, name, github_id=number))
    digest_id = await room.close()
    await room.report(digest_id)
    folders = [commit.path.split("/")[2] for commit in room.contents.commits]
    assert folders == ["tide", "b+Tide", "moon"]


async def test_branch_folder_and_language_are_those_of_the_settings(room: ReadingRoom) -> None:
    chinese = analysis_of(language="zh", level=BETTER.level, summary="水闸更低。")
    await room.change(await follow(room.store), BETTER, chinese)
    digest_id = await room.close()
    room.shelf = replace(room.shelf, branch="out/reports", root="docs/days", language="zh")
    await room.report(digest_id)
    text = room.contents.text("docs/days/2026/tide/2026-03-01.md", branch="out/reports")
    assert "水闸更低。" in (text or "")
    await room.report(digest_id)
    assert puts(room) == 1


async def test_a_report_waits_for_what_is_said_of_the_day_but_not_for_ever(room: ReadingRoom) -> None:
    await room.change(await follow(room.store))
    digest_id = await room.close(composed=False)
    with pytest.raises(NotYet):
        await room.report(digest_id)
    await room.report(digest_id, queued_at=room.newsroom.clock() - PATIENCE)
    assert len(room.contents.commits) == 1


async def test_an_outage_a_limit_and_a_refusal_put_it_off(room: ReadingRoom) -> None:
    digest_id = await one_day(room)
    limit = {"Retry-After": "60"}
    room.contents.before = lambda _: web.json_response({"message": "rate limit"}, status=429, headers=limit)
    with pytest.raises(NotYet) as waiting:
        await room.report(digest_id)
    assert waiting.value.after == timedelta(seconds=60)
    assert await unreported(room) == (digest_id,)


@pytest.mark.parametrize("obstacle", ["the token may only read", "there is no such repository"])
async def test_what_only_an_operator_can_mend_raises_an_alarm(room: ReadingRoom, obstacle: str) -> None:
    digest_id = await one_day(room)
    if "token" in obstacle:
        room.contents.token = "another"
    else:
        room.shelf = replace(room.shelf, repository="acme/nowhere")
    with capture_logs() as lines, pytest.raises(RetryAfter, match="takes no report") as refused:
        await room.report(digest_id)
    assert "ghp_" not in str(refused.value)
    assert [line["action"] for line in lines if line["log_level"] == "error"] == ["report.refused"]
    assert await unreported(room) == (digest_id,)
