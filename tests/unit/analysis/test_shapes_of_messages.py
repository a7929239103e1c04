"""Shapes of titles and footers that people and tools really write."""

from __future__ import annotations

import pytest

from newsletter.analysis.message import breaking_footer
from newsletter.analysis.record import Analysis, Kind, Signal
from newsletter.analysis.rules import analyse_by_rules
from newsletter.analysis.title import read_title
from subscribers import Level
from tests.unit.analysis.changes import change


def analysed(message: str, *, merge: bool = False) -> Analysis:
    return analyse_by_rules(change(message, "src/pump.py", parents=("p1", "p2") if merge else ("p1",)), language="en")


def signals_of(analysis: Analysis) -> set[Signal]:
    return {reason.signal for reason in analysis.reasons}


@pytest.mark.parametrize(
    ("message", "signal", "kind"),
    [
        pytest.param(
            "Merge commit from fork\n\nFix path traversal (CVE-2026-12345)", Signal.SECURITY, Kind.SECURITY, id="CVE"
        ),
        pytest.param("Merge commit from fork\n\nGHSA-2345-6789-cfgh", Signal.SECURITY, Kind.SECURITY, id="GHSA"),
        pytest.param(
            "Merge branch 'valve'\n\nBREAKING CHANGE: drops the v1 API", Signal.BREAKING, Kind.BREAKING, id="footer"
        ),
    ],
)
def test_a_merge_of_branches_keeps_what_its_message_is_certain_of(message: str, signal: Signal, kind: Kind) -> None:
    analysis = analysed(message, merge=True)
    assert (analysis.level, analysis.kind) == (Level.HIGH, kind)
    assert signals_of(analysis) == {Signal.MERGE, signal}


@pytest.mark.parametrize(
    "message",
    [
        "Merge branch 'main' into valve",
        "Merge branch 'fix-crash'\n\nFix a crash of the pump",
        "Merge branch 'x'\n\nBREAKING CHANGE: none",
    ],
)
def test_any_other_merge_of_branches_is_told_by_its_commits(message: str) -> None:
    analysis = analysed(message, merge=True)
    assert (analysis.level, analysis.kind, signals_of(analysis)) == (Level.LOW, Kind.CHORE, {Signal.MERGE})


@pytest.mark.parametrize("mark", ["[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]", "[SKIP CI]"])
@pytest.mark.parametrize("title", ["chore(release): 2.0.0 {}", "Release 2.0.0 (#7) {}", "v2.0.0 {} (#7)", "{} v2.0.0"])
def test_a_word_to_the_ci_hides_no_release(title: str, mark: str) -> None:
    analysis = analysed(title.format(mark))
    assert (analysis.level, analysis.kind) == (Level.HIGH, Kind.RELEASE)
    assert analysis.summary == f"Version {'v' if 'v2' in title else ''}2.0.0 is released."


@pytest.mark.parametrize(
    "title",
    ["BREAKING: remove x", "Breaking: x", "breaking!: x", "BREAKING(api): x", "BREAKING CHANGE: x"],
)
def test_a_title_that_says_breaking_first_is_breaking(title: str) -> None:
    analysis = analysed(title)
    assert (analysis.level, analysis.kind) == (Level.HIGH, Kind.BREAKING)


@pytest.mark.parametrize("colon", [": ", "：", ":"])
@pytest.mark.parametrize(
    ("verb", "kind", "level"),
    [
        ("修复", Kind.FIX, Level.MEDIUM),
        ("修复(登录)", Kind.FIX, Level.MEDIUM),
        ("新增", Kind.FEATURE, Level.MEDIUM),
        ("新增功能", Kind.FEATURE, Level.MEDIUM),
        ("优化", Kind.PERFORMANCE, Level.MEDIUM),
        ("重构", Kind.REFACTOR, Level.LOW),
    ],
)
def test_a_chinese_verb_before_a_colon_is_the_kind(verb: str, colon: str, kind: Kind, level: Level) -> None:
    analysis = analysed(f"{verb}{colon}登录页面")
    assert (analysis.kind, analysis.level) == (kind, level)
    assert read_title(f"{verb}{colon}登录页面").text == "登录页面"


@pytest.mark.parametrize("title", ["登录: 修复崩溃", "登录：修复崩溃"])
def test_a_chinese_scope_is_none(title: str) -> None:
    assert read_title(title).scope == "登录"
    assert read_title(title).declared is Kind.FIX


@pytest.mark.parametrize(
    ("language", "summary"),
    [("en", "A bug fix: which files changed is not known."), ("zh", "缺陷修复：变更了哪些文件未知。")],
)
def test_files_that_nobody_has_seen_are_not_said_to_be_none(language: str, summary: str) -> None:
    assert analyse_by_rules(change("Fix orbit", detailed=False), language=language).summary == summary


@pytest.mark.parametrize(
    ("footer", "told"),
    [
        pytest.param("BREAKING CHANGES\n\n- [ ] yes\n- [x] no", None, id="ticked no"),
        pytest.param("BREAKING CHANGES\n\n- [ ] Yes\n- [ ] No", None, id="nothing ticked"),
        pytest.param("## Breaking changes\n\n- [ ] This breaks the API", None, id="one box, unticked"),
        pytest.param("BREAKING CHANGE: [ ] yes", None, id="unticked on the line"),
        pytest.param("BREAKING CHANGES\n\n- [x] Yes\n- [ ] No", "", id="ticked yes"),
        pytest.param("BREAKING CHANGES\n\n* [X] The v1 API is gone", "The v1 API is gone", id="ticked text"),
        pytest.param("BREAKING CHANGES\n\n- [ ] yes\n\nMore text", None, id="text after boxes is another matter"),
        pytest.param("### BREAKING CHANGES\n\n* the v1 API is gone", "the v1 API is gone", id="list"),
        pytest.param("### BREAKING CHANGES\n\n1. the v1 API is gone", "the v1 API is gone", id="numbered list"),
        pytest.param("BREAKING CHANGES\n\n* **api:** it is gone", "api: it is gone", id="emphasis"),
        pytest.param("Breaking changes\n\n- No breaking changes.", None, id="none in words"),
        pytest.param("Breaking changes\n\n- [x] Not a breaking change", None, id="ticked none in words"),
        pytest.param("BREAKING CHANGES\n\n## Tests\n\n- a", None, id="an empty chapter"),
    ],
)
def test_what_breaks_is_read_from_lists_and_ticked_boxes(footer: str, told: str | None) -> None:
    assert breaking_footer(f"feat: x\n\n{footer}") == told
    analysis = analysed(f"feat: x\n\n{footer}")
    assert (Signal.BREAKING in signals_of(analysis)) is (told is not None)
    assert analysis.risks == ((told,) if told else ())


@pytest.mark.parametrize(
    ("title", "risk"),
    [
        ("Drop python 2.7 support", "No longer supported: python 2.7."),
        ("Drop support for Node 18", "No longer supported: Node 18."),
        ("Require Python >= 3.11", "The required versions change: Python >= 3.11."),
    ],
)
def test_a_version_that_is_dropped_is_said_to_be(title: str, risk: str) -> None:
    assert analysed(title).risks == (risk,)
