"""The demo's play, in this process: three right mails, and problems that are noticed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from newsletter.demo.play import check, play
from newsletter.demo.stage import Stage, reader_address, set_stage
from subscribers import Level
from tests.support.command_line import CommandLine

DAY = date(2026, 3, 2)


@pytest.fixture(params=["en", "zh"])
async def stage(request: pytest.FixtureRequest, tmp_path: Path, database_url: str) -> AsyncIterator[Stage]:
    """The whole service, in each language and on each database."""
    async with set_stage(
        tmp_path, DAY, port=0, viewer_port=0, language=request.param, database_url=database_url
    ) as stage:
        yield stage


async def test_the_demo_ends_with_three_right_and_different_mails(stage: Stage) -> None:
    steps: dict[str, tuple[int, int]] = {}

    def progress(step: str, done: int, total: int) -> None:
        steps[step] = (done, total)

    results = await play(stage, progress)
    assert [result.threshold for result in results] == [Level.HIGH, Level.MEDIUM, Level.LOW]
    assert [result.problems for result in results] == [(), (), ()]
    high, medium, low = (result.shas for result in results)
    assert high < medium < low == {sha for _, sha in stage.sample.commits}
    assert all(done == total for done, total in steps.values())
    assert len({message.raw for message in stage.mailbox.messages}) == 3


async def test_the_demo_notices_a_mail_that_is_missing_doubled_or_wrong(stage: Stage) -> None:
    await play(stage, lambda *_: None)
    high, medium, low = (
        next(mail for mail in stage.mailbox.messages if mail.recipient == reader_address(level)) for level in Level
    )
    stage.mailbox.messages[:] = [low, low, medium]
    problems = {result.threshold: result.problems for result in check(stage)}
    assert problems[Level.HIGH] == ("no mail came",)
    assert problems[Level.LOW] == ("2 mails came",)
    assert problems[Level.MEDIUM] == ()
    assert high.raw


def test_the_verb_ends_by_itself_and_leaves_its_database_where_it_was_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    newsletter = CommandLine(monkeypatch, capsys, {})
    ended = newsletter("demo", "--once", "--folder", str(tmp_path / "kept"))
    assert ended.code == 0, ended.out + ended.err
    assert "All three mails are right" in ended.out.replace("\n", " ")
    assert (tmp_path / "kept" / "newsletter.db").exists()


def test_the_verb_refuses_a_language_there_is_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    newsletter = CommandLine(monkeypatch, capsys, {})
    assert newsletter("demo", "--once", "--language", "xx").code == 2
