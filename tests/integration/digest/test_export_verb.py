"""``newsletter digests export``: the report of a closed day, and what is said where there is none."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.store.engine import Store
from subscribers import Level
from tests.support.clock import FrozenClock
from tests.support.command_line import CommandLine
from tests.support.github_markdown import by_github
from tests.support.newsroom import Newsroom
from tests.support.records import DAY, analysis_of, follow

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def newsletter(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, database_url: str
) -> CommandLine:
    """Two public repositories and a private one on a day that is closed, and one of which nothing came."""

    async def prepare() -> None:
        store = Store(database_url)
        newsroom = Newsroom(store, FrozenClock())
        for number, (name, private) in enumerate(
            (("acme/tide", False), ("b/c", False), ("acme/secret", True)), start=1
        ):
            repository = await follow(store, name, github_id=number, private=private)
            told = (analysis_of(level=Level.HIGH), analysis_of(language="zh", level=Level.HIGH, summary="水闸更低。"))
            texts = told if number == 1 else (analysis_of(level=Level.LOW),)
            await newsroom.analysed(repository, number, NOON + timedelta(minutes=number), *texts)
        await follow(store, "acme/quiet", github_id=9)
        await newsroom.close(DAY)
        await store.close()

    asyncio.run(prepare())
    monkeypatch.chdir(tmp_path)
    return CommandLine(monkeypatch, capsys, {"NEWSLETTER_DATABASE_URL": database_url})


def test_all_public_repositories_of_a_day_are_in_one_file(newsletter: CommandLine, tmp_path: Path) -> None:
    ended = newsletter("digests", "export", "--day", str(DAY), "--out", "day.md")
    assert (ended.code, ended.out, ended.err) == (0, "day.md\n", "")
    document = (tmp_path / "day.md").read_bytes()
    assert b"\r" not in document
    shown = by_github(document.decode())
    assert [heading for heading in shown.headings if "/" in heading] == ["acme/tide", "b/c"]
    assert "secret" not in shown.text
    again = newsletter("digests", "export", "--day", str(DAY), "--out", "-")
    assert (again.code, again.out.encode()) == (0, document)


def test_a_private_repository_is_in_it_where_it_is_named(newsletter: CommandLine) -> None:
    named = newsletter("digests", "export", "--day", str(DAY), "--out", "-", "--repository", "Acme/Secret")
    assert [heading for heading in by_github(named.out).headings if "/" in heading] == ["acme/secret"]
    assert "rivate" in newsletter("digests", "export", "--help").out


def test_it_is_written_in_either_language_and_the_rules_write_what_is_missing(newsletter: CommandLine) -> None:
    ended = newsletter("digests", "export", "--day", str(DAY), "--out", "-", "--language", "zh")
    shown = by_github(ended.out)
    assert shown.headings[0] == "每日更新报告（2026-03-01）"
    assert "水闸更低。" in shown.text
    assert "由规则生成" in shown.text


@pytest.mark.parametrize(
    ("options", "code", "reason"),
    [
        pytest.param(["--day", "2026-02-27"], 1, "2026-02-27 is not closed yet", id="not closed"),
        pytest.param(["--day", str(DAY), "--repository", "acme/nothing"], 2, "acme/nothing is not", id="not followed"),
        pytest.param(["--day", str(DAY), "--repository", "acme/quiet"], 1, "nothing reached acme/quiet", id="quiet"),
        pytest.param(["--day", str(DAY), "--language", "tlh"], 2, "tlh", id="unknown language"),
        pytest.param(["--day", "yesterday"], 2, "--day", id="no day"),
    ],
)
def test_what_cannot_be_exported_is_said_and_nothing_is_written(
    newsletter: CommandLine, tmp_path: Path, options: list[str], code: int, reason: str
) -> None:
    ended = newsletter("digests", "export", *options, "--out", "day.md")
    assert ended.code == code
    assert reason in ended.err
    assert not (tmp_path / "day.md").exists()


def test_a_file_that_cannot_be_written_is_said(newsletter: CommandLine) -> None:
    ended = newsletter("digests", "export", "--day", str(DAY), "--out", "nowhere/day.md")
    assert ended.code == 1
    assert ended.err.startswith("newsletter: ")
