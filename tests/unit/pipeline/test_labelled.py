"""Labelled changes in JSON lines: both shapes are read, and every other line is refused with its reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.pipeline.labelled import LineError, StoredCommits, read_line
from subscribers import Level

SHA = "a" * 40
ROW: dict[str, Any] = {
    "repo": "acme/rocket",
    "sha": SHA,
    "level": "high",
    "message": "Fix pump",
    "files": [
        {"name": "a.py", "status": "modified", "additions": 1, "deletions": 1},
        {"name": "b.py", "status": "added", "additions": 1, "deletions": 0},
        {"name": "c.bin", "status": "added", "additions": 0, "deletions": 0},
    ],
    "diff": "--- a.py (modified, +1 -1)\n@@ -1 +1 @@\n--- old (modified, +1 -1)\n+new\n"
    "--- b.py (added, +1 -0)\n@@ -0,0 +1 @@\n+x",
}


def line(**changes: Any) -> bytes:
    row = ROW | changes
    return json.dumps({name: value for name, value in row.items() if value is not ...}).encode()


def answer(**changes: Any) -> dict[str, Any]:
    return {
        "sha": SHA,
        "commit": {"message": "Fix pump", "author": {"name": "Ada"}},
        "parents": [{"sha": "b" * 40}],
        "stats": {"additions": 1, "deletions": 0},
        "files": [{"filename": "a.py", "status": "modified", "additions": 1, "deletions": 0, "patch": "@@\n+x"}],
    } | changes


def test_a_line_that_holds_its_change_gives_each_file_its_patch() -> None:
    labelled = read_line(line(), stored=None)
    assert labelled.level is Level.HIGH
    assert labelled.subject.repository == "acme/rocket"
    patches = {file.path: file.patch for file in labelled.subject.files}
    assert patches == {
        # A removed line that looks like a header is none: no listed file has this name.
        "a.py": "@@ -1 +1 @@\n--- old (modified, +1 -1)\n+new",
        "b.py": "@@ -0,0 +1 @@\n+x",
        "c.bin": None,
    }


def test_a_line_that_names_a_commit_is_read_from_all_its_pages(tmp_path: Path) -> None:
    folder = tmp_path / "acme__rocket" / "2026-01-20"
    folder.mkdir(parents=True)
    (folder / f"{SHA}.json").write_text(json.dumps(answer()), encoding="utf-8")
    second = answer(files=[{"filename": "b.py", "status": "added", "additions": 2, "deletions": 0}])
    (folder / f"{SHA}.page2.json").write_text(json.dumps(second), encoding="utf-8")
    (folder / "repo.json").write_text("{}", encoding="utf-8")
    named = line(message=..., files=..., diff=..., level=None)
    labelled = read_line(named, stored=StoredCommits.below(tmp_path))
    assert labelled.level is None
    assert [file.path for file in labelled.subject.files] == ["a.py", "b.py"]
    assert labelled.subject.parents == ("b" * 40,)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        pytest.param(b"{", "is not valid JSON", id="half a line"),
        pytest.param(b"\xff\xfe", "is not valid JSON", id="no UTF-8"),
        pytest.param(b"[" * 100_000, "is not valid JSON", id="endless nesting"),
        pytest.param(b"[]", "expected a JSON object", id="no object"),
        pytest.param(line(repo=3), "repo: expected text", id="repository is no text"),
        pytest.param(line(sha="main"), "sha: expected 40", id="no object name"),
        pytest.param(line(level=...), "level: is missing", id="no level"),
        pytest.param(line(level="urgent"), "level: expected high", id="another level"),
        pytest.param(line(level=["high"]), "level: expected high", id="level is a list"),
        pytest.param(line(files="a.py"), "files: expected objects", id="files are text"),
        pytest.param(line(files=[{"name": "a"}]), "status: expected text", id="a file without status"),
        pytest.param(line(files=[{"name": "a", "status": "x", "additions": "y"}]), "files: expected", id="no count"),
        pytest.param(line(diff=3), "diff: expected text", id="diff is a number"),
        pytest.param(line(message=None), "message: expected text", id="no message"),
        pytest.param(line(files=..., diff=...), "give the folder of the answers", id="no change and no folder"),
    ],
)
def test_a_line_that_cannot_be_used_says_why(raw: bytes, reason: str) -> None:
    with pytest.raises(LineError, match=reason):
        read_line(raw, stored=None)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(None, "there is no", id="not there"),
        pytest.param("{", "is no answer of GitHub's", id="half a file"),
        pytest.param("{}", "is no answer of GitHub's", id="another answer"),
        pytest.param(json.dumps(answer(files=3)), "is no answer of GitHub's", id="files are a number"),
        pytest.param(json.dumps(answer(commit={"author": {}})), "message: expected text", id="no message"),
    ],
)
def test_a_stored_answer_that_cannot_be_used_says_why(tmp_path: Path, content: str | None, reason: str) -> None:
    if content is not None:
        (tmp_path / f"{SHA}.json").write_text(content, encoding="utf-8")
    with pytest.raises(LineError, match=reason):
        read_line(line(files=..., diff=...), stored=StoredCommits.below(tmp_path))


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda x: json.dumps(x).encode())
)
def test_no_line_does_anything_but_be_refused(raw: bytes) -> None:
    with pytest.raises(LineError):
        read_line(raw, stored=None)


_VALUES = (
    st.none()
    | st.booleans()
    | st.floats()
    | st.text()
    | st.lists(st.none() | st.text() | st.dictionaries(st.text(), st.text()))
)


@given(st.dictionaries(st.sampled_from([*ROW, "author"]), _VALUES, max_size=4))
def test_whatever_stands_in_the_fields_is_read_or_refused(changes: dict[str, Any]) -> None:
    try:
        labelled = read_line(line(**changes), stored=None)
    except LineError:
        return
    assert labelled.subject.sha == SHA
