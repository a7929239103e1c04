"""The day as Markdown: its table, its numbers, its contents and what is said of each change."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from urllib.parse import unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.analysis.record import Fallback, Reason, Signal
from newsletter.digest.record import Change
from newsletter.digest.report import report_of
from newsletter.digest.unlinked import JOINER
from subscribers import Level
from tests.support.clock import NOON
from tests.support.editions import ANYTHING, HOSTILE, WEB, change_of, changes_of, days, digest_of
from tests.support.github_markdown import Shown, by_another, by_github
from tests.support.grouped_day import grouped_day

HIGH, MEDIUM, LOW = Level.HIGH, Level.MEDIUM, Level.LOW
TEXTS = (
    HOSTILE | ANYTHING | st.sampled_from(["@ada #1 GH-2 :x: 0a1b2c3d", "a | b \\| `c|d`", "# x\n\n- y", "!!!", "```"])
)
NAMES = ("author", "summary", "scope", "area", "risk", "advice", "detail")


def report(*changes: Change, language: str = "en", timezone: str = "UTC") -> str:
    document = report_of(digest_of(changes, language=language, timezone=timezone))
    assert document is not None
    return document


def contents(shown: Shown) -> list[str]:
    """Return the anchors that links within the document lead to."""
    return [unquote(target.removeprefix("#")) for target in shown.links if target.startswith("#")]


def test_a_day_without_changes_has_no_report() -> None:
    assert report_of(digest_of(())) is None


def test_the_table_has_every_commit_the_latest_first_in_the_newsletters_zone() -> None:
    first, second = changes_of(LOW, HIGH)
    second = replace(second, reached_at=NOON + timedelta(hours=5), author="Bea", co_authors=("Ada",))
    (table,) = by_github(report(first, second, timezone="Asia/Shanghai")).tables
    assert [[cell.replace(JOINER, "") for cell in row] for row in table] == [
        ["Time", "Author", "Message"],
        ["2026-03-03 01:00:00", "Bea and Ada", "Lower gate 2 (#2)"],
        ["2026-03-02 20:00:00", "Ada", "Lower gate 1 (#1)"],
    ]


@pytest.mark.parametrize(
    ("language", "title", "statistics", "headings"),
    [
        pytest.param(
            "en",
            "Daily report (2026-03-02)",
            "4 changes that day | 🔴 High 1 | 🟡 Medium 1 | 🟢 Low 2",
            ["📊 Statistics", "📋 Contents", "🔴 High importance (1)"],
            id="English",
        ),
        pytest.param(
            "zh",
            "每日更新报告（2026-03-02）",
            "当天共 4 项变更 | 🔴 高 1 | 🟡 中 1 | 🟢 低 2",
            ["📊 统计摘要", "📋 目录", "🔴 高重要度变更 (1)"],
            id="Chinese",
        ),
    ],
)
def test_title_numbers_and_levels_are_in_the_reports_language(
    language: str, title: str, statistics: str, headings: list[str]
) -> None:
    shown = by_github(report(*changes_of(LOW, HIGH, MEDIUM, LOW), language=language))
    assert shown.headings[:2] == [title, "acme/tide"]
    assert statistics in shown.text
    assert shown.headings[2:5] == headings
    assert [heading for heading in shown.headings if "gate" in heading] == [f"Lower gate {n}" for n in (2, 3, 1, 4)]


def test_a_change_has_all_that_is_said_of_it_with_its_links() -> None:
    change = change_of(late=True, fallback=Fallback.TIMEOUT, compare_url=f"{WEB}/acme/tide/compare/a...b")
    shown = by_github(report(change))
    for part in (
        "The gate is lower.",
        "Everybody who sails at low water.",
        "gate, docs",
        "Compatibility: Older gates stay as they are.",
        "Ships may touch ground.",
        "Measure the depth.",
        "late arrival",
        "read 3 of 4 files",
        "by rules: the model did not answer in time",
        "The language model gave no usable answer for 1 of 1 change",
        "Times are in UTC.",
    ):
        assert part in shown.text, part
    abroad = [target for target in shown.links if not target.startswith("#")]
    assert abroad == [change.url, change.compare_url, change.url, change.pull_request_url]


def test_what_is_one_change_is_one_entry_and_each_of_its_commits_a_row_and_a_link() -> None:
    commits = [replace(commit, bond=None, members=()) for change in grouped_day() for commit in change.commits]
    shown = by_github(report(*commits))
    assert len(shown.tables[0]) == len(commits) + 1
    assert "3 dependency updates" in shown.headings
    assert any(heading.startswith("Merged and reverted the same day: Cache") for heading in shown.headings)
    assert f"{len(commits)} commits" in shown.text
    for commit in commits:
        assert shown.links.count(commit.url) >= 2


def test_several_repositories_are_listed_at_the_top_and_headings_of_one_name_are_told_apart() -> None:
    shown = by_github(report(*changes_of(HIGH, LOW), *changes_of(HIGH, repository="b/c")))
    assert shown.headings[:4] == ["Daily report (2026-03-02)", "📋 Repositories", "acme/tide", "📊 Statistics"]
    assert contents(shown)[:2] == ["acmetide", "bc"]
    assert "lower-gate-1-1" in contents(shown)
    assert set(contents(shown)) <= set(shown.anchors())
    assert len(shown.tables) == 2


@settings(max_examples=40)
@given(
    st.lists(TEXTS, min_size=4, max_size=4),
    st.fixed_dictionaries(dict.fromkeys(NAMES, TEXTS)),
    st.sampled_from(["en", "zh"]),
)
@example(["!!!", "!!!", "", "`"], dict.fromkeys(NAMES, "](https://evil.example)"), "en")
@example(["<!-- ``", "a `` b", " `x` ", "x\u2060"], dict.fromkeys(NAMES, ""), "zh")
@example(["x"] * 4, dict.fromkeys(NAMES, "\n\n# heading\n\n| a | b |\n|---|---|\n"), "zh")
def test_hostile_texts_make_no_link_row_heading_or_reference(
    titles: list[str], named: dict[str, str], language: str
) -> None:
    changes = [
        change_of(
            number,
            level=level,
            title=title,
            author=named["author"],
            summary=named["summary"],
            scope=named["scope"],
            areas=(named["area"],),
            risks=(named["risk"],),
            advice=(named["advice"],) * 2,
            reasons=(Reason(signal=Signal.REMOVAL, detail=named["detail"]),),
        )
        for number, (level, title) in enumerate(zip((HIGH, HIGH, MEDIUM, LOW), titles, strict=True), start=1)
    ]
    document = report(*changes, language=language)
    for shown in (by_github(document), by_another(document)):
        assert all(target.startswith(("#", f"{WEB}/acme/tide/")) for target in shown.links)
        (table,) = shown.tables
        assert [len(row) for row in table] == [3] * (len(changes) + 1)
        # However they are joined, one entry a change at least; none is made by a text.
        assert len(shown.headings) == 4 + len(contents(shown))
        assert set(contents(shown)) <= set(shown.anchors())
        assert "" not in contents(shown)
        assert shown.references() == []
        assert set(shown.tags) <= {
            *("h1", "h2", "h3", "h4", "p", "table", "thead", "tbody", "tr", "th", "td", "a", "code", "strong"),
            *("blockquote", "ul", "ol", "li", "hr"),
        }
        assert not [name for name in shown.attributes if name not in {"start"}]


@settings(max_examples=30)
@given(days())
def test_the_same_day_is_the_same_document_and_every_link_resolves(changes: tuple[Change, ...]) -> None:
    document = report_of(digest_of(changes))
    assert document == report_of(digest_of(changes))
    if document is not None:
        shown = by_github(document)
        assert set(contents(shown)) <= set(shown.anchors())
        assert sum(len(table) - 1 for table in shown.tables) == len(changes)
        assert document.endswith("\n")
        assert not document.endswith("\n\n")
