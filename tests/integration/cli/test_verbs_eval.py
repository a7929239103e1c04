"""``newsletter eval``: figures for people and programs, and lines that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import CommandLine

SOURCE = {"name": "rocket/a.py", "status": "modified", "additions": 1, "deletions": 1}


@pytest.fixture
def newsletter(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> CommandLine:
    monkeypatch.chdir(tmp_path)
    # Neither settings nor a database: what is set here would be refused by every verb that reads it.
    return CommandLine(monkeypatch, capsys, {"NEWSLETTER_DATABASE_URL": "nowhere", "NEWSLETTER_NO_SUCH": "x"})


def row(number: int, message: str, level: str | None, repository: str = "acme/rocket") -> str:
    told = {
        "repo": repository,
        "sha": f"{number:040x}",
        "level": level,
        "message": message,
        "files": [SOURCE],
        "diff": "",
    }
    return json.dumps(told)


LINES = [
    row(1, "feat!: another pump", "high"),
    row(2, "Fix pump", "medium"),
    row(3, "Rename the pump", "low"),
    row(4, "Use valves", "medium", "acme/tide"),
    row(5, "Undecided", None),
]


def written(folder: Path, *lines: str) -> str:
    (folder / "labels.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return "labels.jsonl"


def figures(out: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(out)
    return told


def test_the_figures_are_printed_for_people(newsletter: CommandLine, tmp_path: Path) -> None:
    ended = newsletter("eval", written(tmp_path, *LINES), "--wrong")
    assert ended.code == 0
    assert "all (macro)" in ended.out
    assert "1 without a level were left out." in ended.out
    assert "every repository counts as one that was left out" in ended.out
    assert ["acme/tide", "1", "0", "0.000", "0.000"] in [line.split() for line in ended.out.splitlines()]
    assert any("Use valves" in line and line.split()[0] == "4" for line in ended.out.splitlines())


def test_the_figures_are_printed_for_programs(newsletter: CommandLine, tmp_path: Path) -> None:
    ended = newsletter("eval", written(tmp_path, *LINES), "--json")
    assert ended.code == 0
    told = figures(ended.out)
    assert told["rules"]["changes"] == 4
    assert told["rules"]["confusion"]["medium"] == {"high": 0, "medium": 1, "low": 1}
    assert told["rules"]["levels"]["high"]["f1"] == 1.0
    assert told["baseline"]["levels"]["high"]["recall"] == 0.0
    assert set(told["repositories"]) == {"acme/rocket", "acme/tide"}
    assert told["undecided"] == 1


def test_lines_that_cannot_be_used_are_named_and_the_others_judged(newsletter: CommandLine, tmp_path: Path) -> None:
    ended = newsletter("eval", written(tmp_path, "{", LINES[0], "", '{"repo": 3}'), "--json")
    assert ended.code == 1
    assert ended.err.splitlines() == [
        "labels.jsonl, line 1: is not valid JSON",
        "labels.jsonl, line 4: repo: expected text",
    ]
    told = figures(ended.out)
    assert told["rules"]["changes"] == 1
    assert [fault["line"] for fault in told["broken"]] == [1, 4]


def test_commits_are_read_from_stored_answers(newsletter: CommandLine, tmp_path: Path) -> None:
    answer = {"commit": {"message": "Release 2.0.0", "author": {"name": "Ada"}}, "parents": [], "files": []}
    (tmp_path / "days").mkdir()
    (tmp_path / "days" / f"{7:040x}.json").write_text(json.dumps(answer), encoding="utf-8")
    named = json.dumps({"repo": "acme/rocket", "day": "2026-01-20", "sha": f"{7:040x}", "level": "high"})
    assert newsletter("eval", written(tmp_path, named)).code == 1
    ended = newsletter("eval", written(tmp_path, named), "--commits", "days", "--json")
    assert (ended.code, figures(ended.out)["rules"]["right"]) == (0, 1)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["eval", "nowhere.jsonl"], id="no such file"),
        pytest.param(["eval", "."], id="a folder"),
        pytest.param(["eval", "labels.jsonl", "--commits", "nowhere"], id="no such folder"),
        pytest.param(["eval"], id="no file given"),
    ],
)
def test_what_cannot_be_read_is_a_wrong_call(newsletter: CommandLine, tmp_path: Path, words: list[str]) -> None:
    written(tmp_path, *LINES)
    assert newsletter(*words).code == 2


def test_a_file_without_changes_has_no_figures(newsletter: CommandLine, tmp_path: Path) -> None:
    ended = newsletter("eval", written(tmp_path, ""))
    assert (ended.code, ended.out) == (1, "nothing to judge\n")
