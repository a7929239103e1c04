"""The subject says the most important thing first, within what a phone shows, and is safe in a header."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.digest.sanitise import display_width
from newsletter.digest.subject import WIDEST, subject_of
from newsletter.languages import catalogue
from subscribers import Level
from tests.support.editions import ANYTHING, HOSTILE, change_of, changes_of, edition_of

HIGH, MEDIUM, LOW = Level.HIGH, Level.MEDIUM, Level.LOW


def subject(*levels: Level, language: str = "en", repositories: int = 1, **fields: Any) -> str:
    changes = [
        change
        for place in range(repositories)
        for change in changes_of(*levels, **({"repository": f"acme/r{place}"} | fields))
    ]
    return subject_of(edition_of(changes, language=language), catalogue(language))


@pytest.mark.parametrize(
    ("levels", "repositories", "english", "chinese"),
    [
        ([LOW], 1, "1 change — acme/r0, 2 Mar", "1 项变更 — acme/r0, 3月2日"),
        ([LOW, MEDIUM], 1, "1 medium: Raise it — acme/r0, 2 Mar", "1 项中等: Raise it — acme/r0, 3月2日"),
        ([LOW], 2, "2 changes — 2 repositories, 2 Mar", "2 项变更 — 2 个仓库, 3月2日"),
        ([LOW, HIGH], 1, "1 high: Raise it — acme/r0, 2 Mar", "1 项重要: Raise it — acme/r0, 3月2日"),
        ([HIGH, HIGH, LOW], 3, "6 high: Raise it — 3 repositories, 2 Mar", "6 项重要: Raise it — 3 个仓库, 3月2日"),
    ],
)
def test_it_says_how_many_of_what_where_and_when(
    levels: list[Level], repositories: int, english: str, chinese: str
) -> None:
    assert subject(*levels, repositories=repositories, title="Raise it") == english
    assert subject(*levels, repositories=repositories, title="Raise it", language="zh") == chinese


def test_one_repository_is_named_though_others_of_the_day_have_no_section() -> None:
    changes = [*changes_of(HIGH, repository="a/b"), *changes_of(LOW, repository="c/d")]
    assert "— a/b," in subject_of(edition_of(changes, threshold=HIGH), catalogue("en"))


def test_the_first_high_title_that_can_be_seen_is_the_topic() -> None:
    changes = [change_of(1, title="\u200b"), change_of(2, title="Close the gate"), change_of(3, title="Paint it")]
    assert "3 high: Close the gate —" in subject_of(edition_of(changes), catalogue("en"))


def test_without_any_title_there_is_no_topic() -> None:
    assert subject(HIGH, title="") == "1 high — acme/r0, 2 Mar"


def test_a_long_title_is_cut_and_the_rest_is_kept() -> None:
    found = subject(HIGH, title="Move the gate of the harbour to the other side of the river and paint it in green")
    assert found.startswith("1 high: Move the gate of the harbour")
    assert found.endswith("… — acme/r0, 2 Mar")


def test_a_wide_title_is_cut_by_the_columns_that_it_takes() -> None:
    found = subject(HIGH, title="修复" * 40, language="zh")
    assert WIDEST - 1 <= display_width(found) <= WIDEST
    assert found.endswith("… — acme/r0, 3月2日")


def test_beside_a_long_repository_name_there_is_no_room_for_a_topic() -> None:
    name = "a" * 39 + "/" + "b" * 17
    assert subject(HIGH, repository=name, title="Close the gate") == f"1 high — {name}, 2 Mar"


def test_a_giant_repository_name_is_cut() -> None:
    found = subject(HIGH, repository="a/" + "b" * 100)
    assert found.startswith("1 high — a/bbb")
    assert found.endswith("…")
    assert len(found) == WIDEST


@settings(deadline=None)
@given(
    HOSTILE | ANYTHING,
    HOSTILE | ANYTHING,
    st.lists(st.sampled_from(Level), min_size=1, max_size=4),
    st.sampled_from(["en", "zh"]),
)
@example("x", "acme\r\nBcc: all@evil.example", [HIGH], "en")
@example("x\r\n\r\n<html>", "acme/tide", [HIGH], "en")
@example("%(num)d %s {0}", "%s/%(num)d", [HIGH, HIGH], "zh")
@example("", "", [LOW], "en")
@example("日" * 500, "本" * 500, [HIGH], "zh")
def test_whatever_comes_in_it_is_one_visible_line_of_bounded_width(
    title: str, repository: str, levels: list[Level], language: str
) -> None:
    found = subject(*levels, title=title, repository=repository, language=language)
    assert display_width(found) <= WIDEST
    assert len(found.splitlines()) == 1
    assert {character for character in found if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}} == set()
    assert {character for character in found if unicodedata.category(character) == "Cf"} <= {"\u200d"}
    count = levels.count(HIGH) or levels.count(MEDIUM) or len(levels)
    assert re.match(rf"{count}( |\b)", found)
    found.encode()
