"""Where reports lie, what their commits say, and what is done where something lies there already."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.digest.report_file import (
    Step,
    blob_name,
    commit_message,
    folder_of,
    is_report_commit,
    next_step,
    path_of,
)

DAY = date(2026, 3, 1)
PLACE = "reports/2026/tide/2026-03-01.md"
MESSAGE = commit_message(DAY, "acme/tide", corrects=False)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        pytest.param(b"", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", id="nothing"),
        pytest.param(b"# Tide\n", "2b0a7433b65898ca361134e1d8ed422b892cc3d8", id="a line"),
        pytest.param("潮汐\n".encode() * 1000, "d04e04430baafed45c96363a17a53174c603c85e", id="another script"),
        pytest.param(b"\0\xff", "ba01f6b05bdbb386b35f4d086e268c5d422cafb9", id="no text"),
    ],
)
def test_a_blob_has_the_name_that_git_hash_object_gives_it(content: bytes, name: str) -> None:
    assert blob_name(content) == name


@pytest.mark.parametrize(
    ("present", "ours", "committed", "step"),
    [
        pytest.param(None, [], False, Step.CREATE, id="nothing there, nothing ever was"),
        pytest.param(None, ["a"], False, Step.CREATE, id="it was about to be written and was not"),
        pytest.param(None, ["a"], True, Step.LEAVE, id="somebody deleted it"),
        pytest.param("new", [], False, Step.KEEP, id="it is there and nobody noted it"),
        pytest.param("new", ["a"], True, Step.KEEP, id="it is there already"),
        pytest.param("a", ["a", "b"], True, Step.REPLACE, id="the one before is there"),
        pytest.param("b", ["a", "b"], False, Step.REPLACE, id="the one that was about to be written is there"),
        pytest.param("theirs", ["a", "b"], True, Step.LEAVE, id="somebody edited it"),
        pytest.param("theirs", [], False, Step.LEAVE, id="somebody was there first"),
        pytest.param("", ["a"], True, Step.LEAVE, id="it is a folder now"),
    ],
)
def test_what_is_done_follows_from_what_lies_there(
    present: str | None, ours: Collection[str], committed: bool, step: Step
) -> None:
    assert next_step(present=present, wanted="new", ours=ours, committed=committed) is step


@pytest.mark.parametrize(
    ("last", "taken", "folder"),
    [
        pytest.param(None, [], "tide", id="the name alone"),
        pytest.param(None, ["Tide"], "acme+tide", id="another one has that name, whatever its case"),
        pytest.param(None, ["tide", "acme+tide"], "acme+tide+7", id="and another one had this one's"),
        pytest.param("tide", ["tide"], "tide", id="it stays where it was"),
        pytest.param("acme+tide", [], "acme+tide", id="and does not move when the name is free"),
        pytest.param("moon", [], "tide", id="renamed"),
    ],
)
def test_each_repository_has_a_folder_of_its_own(last: str | None, taken: list[str], folder: str) -> None:
    assert folder_of("acme/tide", 7, last=last, taken=taken) == folder
    assert path_of("docs/reports", DAY, folder) == f"docs/reports/2026/{folder}/2026-03-01.md"


NAMES = st.sampled_from(["acme/tide", "b/Tide", "c/tide", "b/moon", "acme/moon", "tide/tide", "b/acme"])


@given(st.lists(st.tuples(st.integers(1, 4), NAMES), max_size=20))
def test_no_two_repositories_share_a_folder_however_they_are_followed_and_renamed(
    reports: list[tuple[int, str]],
) -> None:
    used: dict[int, list[str]] = {}
    names: dict[int, str] = {}
    for repository, name in reports:
        names[repository] = name
        others = {folder for each, folders in used.items() if each != repository for folder in folders}
        earlier = {known.partition("/")[2] for each, known in names.items() if each < repository}
        last = used.get(repository, [None])[-1]
        folder = folder_of(name, repository, last=last, taken=others | earlier)
        assert folder.casefold() not in {other.casefold() for other in others}
        used.setdefault(repository, []).append(folder)


def test_the_commit_of_a_report_says_what_it_is_and_names_nobody() -> None:
    assert MESSAGE == "Report of 2026-03-01: acme/tide\n\nNewsletter-Report: 2026-03-01\n"
    assert commit_message(DAY, "acme/tide", corrects=True).startswith("Correct the report of 2026-03-01: acme/tide\n")


@pytest.mark.parametrize(
    ("message", "paths", "expected"),
    [
        pytest.param(MESSAGE, [PLACE], True, id="ours"),
        pytest.param(MESSAGE, ["2026/tide/2026-03-01.md"], True, id="at the top"),
        pytest.param(MESSAGE + "Signed-off-by: A <a@b.c>\n", [PLACE], True, id="signed off"),
        pytest.param(MESSAGE, [], False, id="nobody knows what it touches"),
        pytest.param(MESSAGE, [PLACE, "src/tide.py"], False, id="something is hidden behind it"),
        pytest.param(MESSAGE, ["src/tide.py"], False, id="another file"),
        pytest.param(MESSAGE, ["reports/2026/tide/2026-03-02.md"], False, id="another day's place"),
        pytest.param(MESSAGE, ["reports/2025/tide/2026-03-01.md"], False, id="another year's folder"),
        pytest.param(MESSAGE, [f"{PLACE}/x.py"], False, id="below it"),
        pytest.param("Fix a typo in the report", [PLACE], False, id="edited by hand"),
        pytest.param("x Newsletter-Report: 2026-03-01", [PLACE], False, id="only quoted"),
    ],
)  # fmt: skip
def test_a_report_is_known_by_its_trailer_and_its_place_together(
    message: str, paths: list[str], expected: bool
) -> None:
    assert is_report_commit(message, paths) is expected
