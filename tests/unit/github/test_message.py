"""What git and GitHub write into messages is read; what people write is left alone, and no address comes out."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.github.message import MOST_CO_AUTHORS, co_authors, reverted_sha, title_of

SHA = "0123456789abcdef" * 2 + "01234567"


@pytest.mark.parametrize(
    ("message", "title"),
    [
        pytest.param("Fix the pump (#1)\n\nIt leaked.", "Fix the pump (#1)", id="a squash"),
        pytest.param("Merge pull request #45 from ada/pump\n\nFix the pump", "Fix the pump (#45)", id="a merge"),
        pytest.param(
            "Merge pull request #45 from ada/pump", "Merge pull request #45 from ada/pump", id="a merge without a title"
        ),
        pytest.param("Merge branch 'main'\n\nWhy", "Merge branch 'main'", id="a merge of branches"),
        pytest.param("\n \n Fix ", "Fix", id="blank lines first"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_a_merged_pull_request_has_its_own_title(message: str, title: str) -> None:
    assert title_of(message, most=1000) == title


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (f'Revert "x"\n\nThis reverts commit {SHA}.', SHA),
        (f'Revert "x"\r\n\r\nThis reverts commit {SHA}.', SHA),
        (f"x\n\nThis reverts commit {SHA}, reversing\nchanges made to {SHA[::-1]}.", SHA),
        (f"x\n\nThis reverts commit {SHA[:9]}.", SHA[:9]),
        (f"x (#3)\n\n* Revert\n\nThis reverts commit {SHA}.", None),
        ("x\n\nThis reverts commit messages.", None),
        (f"x\n\nNote: This reverts commit {SHA}.", None),
    ],
)
def test_a_revert_names_its_commit(message: str, expected: str | None) -> None:
    assert reverted_sha(message) == expected


def test_co_authors_are_named_once_and_without_their_address() -> None:
    message = """Lower the gate

Co-authored-by: Grace Hopper <grace@example.org>
co-authored-by:  Linus   T. <linus@example.org>
Co-authored-by: Grace Hopper <other@example.org>
Co-authored-by: ada@example.org <ada@example.org>
Co-authored-by: <nameless@example.org>
Signed-off-by: Nobody <nobody@example.org>
"""
    assert co_authors(message) == ("Grace Hopper", "Linus T.")


@settings(deadline=None)
@given(st.text(), st.text())
@example("a@b.example", "c")
@example("\x00" * 300, "")
def test_no_message_gives_an_address_away(name: str, mail: str) -> None:
    message = f"x\n\nCo-authored-by: {name} <{mail}>\n" * 3
    found = co_authors(message)
    assert len(found) <= MOST_CO_AUTHORS
    assert not any("@" in each or "\n" in each for each in found)
    reverted_sha(message)
    title_of(message, most=100)
