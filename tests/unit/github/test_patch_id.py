"""The same patch under another name is the same; another one, or one that is not all known, is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from newsletter.github.patch_id import patch_id_of
from newsletter.github.record import CommitDetail, FileChange

FILE = FileChange(path="a.py", status="modified", additions=1, deletions=1, patch="@@ -1,2 +1,2 @@ def f\n x\n-a b\n+c")
MOVED = FileChange(path="c.py", status="renamed", previous_path="b.py")
DETAIL = CommitDetail(sha="1" * 40, parents=("2" * 40,), files=(FILE, MOVED))
MESSAGE = "Lower the gate\n\nIt was too high."
ID = patch_id_of(MESSAGE, DETAIL)


def with_file(**changes: Any) -> CommitDetail:
    return replace(DETAIL, files=(replace(FILE, **changes), MOVED))


@pytest.mark.parametrize(
    ("message", "detail"),
    [
        pytest.param(MESSAGE, replace(DETAIL, sha="3" * 40, parents=("4" * 40,)), id="rebased"),
        pytest.param(f"{MESSAGE}\n\n(cherry picked from commit {'a' * 40})", DETAIL, id="picked"),
        pytest.param(MESSAGE, with_file(patch="@@ -91,2 +93,2 @@ def f\n x\n-a b\n+c"), id="further down"),
        pytest.param(MESSAGE, replace(DETAIL, files=(MOVED, FILE)), id="in another order"),
    ],
)
def test_the_same_patch_and_message_are_the_same(message: str, detail: CommitDetail) -> None:
    assert ID is not None
    assert patch_id_of(message, detail) == ID


@pytest.mark.parametrize(
    ("message", "detail"),
    [
        pytest.param("Raise the gate", DETAIL, id="message"),
        pytest.param(MESSAGE, with_file(path="z.py"), id="path"),
        pytest.param(MESSAGE, with_file(patch="@@ -1,2 +1,2 @@ def f\n x\n-a b\n+d"), id="line"),
        pytest.param(MESSAGE, with_file(patch="@@ -1,2 +1,2 @@ def f\n x\n+a b\n-c"), id="direction"),
        pytest.param(MESSAGE, replace(DETAIL, parents=("2" * 40, "3" * 40)), id="a merge"),
    ],
)
def test_whatever_was_read_makes_another_one(message: str, detail: CommitDetail) -> None:
    assert patch_id_of(message, detail) not in {None, ID}


@pytest.mark.parametrize(
    "detail",
    [replace(DETAIL, complete=False), replace(DETAIL, files=()), with_file(patch=None)],
    ids=["cut off", "no files", "withheld"],
)
def test_what_is_not_all_known_has_none(detail: CommitDetail) -> None:
    assert patch_id_of(MESSAGE, detail) is None
