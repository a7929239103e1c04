"""The short texts around a change, in both languages: plain, on one line, and honest about what was left out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from newsletter.analysis.record import Kind, Reason, Signal, Source
from newsletter.digest.labels import Labels
from newsletter.digest.phrases import Phrases
from newsletter.digest.printed import Group, Look
from newsletter.digest.record import Change
from newsletter.digest.sanitise import LONGEST_TITLE
from newsletter.languages import catalogue
from subscribers import Level
from tests.support.editions import HOSTILE, change_of, changes_of, edition_of
from tests.support.markup import is_invisible

HIGH, MEDIUM, LOW = Level.HIGH, Level.MEDIUM, Level.LOW
REASONS = (Reason(signal=Signal.REMOVAL, detail="--raise"), Reason(signal=Signal.FIX))


def at(instant: datetime) -> str:
    return f"{instant:%H:%M}"


def phrases(language: str) -> Phrases:
    translations = catalogue(language)
    return Phrases(translations=translations, labels=Labels(translations), time_of=at)


EN, ZH = phrases("en"), phrases("zh")


@pytest.mark.parametrize(
    ("title", "pull_request", "heading"),
    [
        pytest.param("Lower it (#7)", 7, "Lower it", id="its number"),
        pytest.param("Lower it (#7)", 8, "Lower it (#7)", id="another number"),
        pytest.param("Lower it (#None)", None, "Lower it (#None)", id="no pull request"),
        pytest.param("(#7)", 7, "(#7)", id="nothing but the number"),
        pytest.param("Lower (#7) it", 7, "Lower (#7) it", id="in the middle"),
        pytest.param(" \u200b ", None, "(no message)", id="nothing to be seen"),
    ],
)
def test_a_heading_leaves_out_the_number_that_a_link_beside_it_says(
    title: str, pull_request: int | None, heading: str
) -> None:
    url = None if pull_request is None else f"https://github.com/acme/tide/pull/{pull_request}"
    assert EN.heading_of(change_of(title=title, pull_request=pull_request, pull_request_url=url)) == heading


def test_a_title_is_kept_whole_or_cut_and_never_empty() -> None:
    assert EN.title_of(change_of(title="Lower it (#7)")) == "Lower it (#7)"
    assert len(EN.title_of(change_of(title="x" * 100_000))) == LONGEST_TITLE
    assert (EN.title_of(change_of(title="")), ZH.title_of(change_of(title=""))) == ("(no message)", "（无提交说明）")


@pytest.mark.parametrize(
    ("fields", "card", "line"),
    [
        ({}, "Fix · Ada · 12:00 · +3 −4", "Ada · Fix"),
        ({"additions": 0, "deletions": 0}, "Fix · Ada · 12:00", "Ada · Fix"),
        ({"additions": 0}, "Fix · Ada · 12:00 · +0 −4", "Ada · Fix"),
        ({"author": "\u202e"}, "Fix · 12:00 · +3 −4", "Fix"),
        ({"kind": Kind.DOCS}, "Documentation · Ada · 12:00 · +3 −4", "Ada · Documentation"),
    ],
)
def test_a_change_says_kind_author_time_and_size(fields: dict[str, Any], card: str, line: str) -> None:
    assert (EN.card_meta(change_of(**fields)), EN.line_meta(change_of(**fields))) == (card, line)


def test_a_giant_author_name_is_cut() -> None:
    assert EN.line_meta(change_of(author="x" * 1000)) == "x" * 59 + "… · Fix"


@pytest.mark.parametrize(
    ("fields", "english", "chinese"),
    [
        (
            {"reasons": REASONS, "files_read": 3, "files_total": 4},
            "High because: removes something public: --raise, bug fix · read 3 of 4 files · by rules",
            "重要程度“高”的依据：移除公开内容: --raise, 缺陷修复 · 已读 3 / 4 个文件 · 由规则生成",
        ),
        ({"reasons": (), "files_read": 4, "files_total": 4}, "by rules", "由规则生成"),
        (
            {"reasons": (), "files_read": 0, "files_total": 1},
            "read 0 of 1 file · by rules",
            "已读 0 / 1 个文件 · 由规则生成",
        ),
    ],
)
def test_an_analysis_says_its_reasons_what_was_read_and_who_wrote_it(
    fields: dict[str, Any], english: str, chinese: str
) -> None:
    change = change_of(title="Lower it", **fields)
    assert (EN.origin_of(change), ZH.origin_of(change)) == (english, chinese)


def test_evidence_that_the_title_says_already_is_not_repeated() -> None:
    change = change_of(title="Drop --RAISE now", reasons=REASONS)
    assert "because: removes something public, bug fix ·" in EN.origin_of(change)


def test_four_reasons_are_enough() -> None:
    signals = (Signal.FIX, Signal.CRASH, Signal.LARGE, Signal.MERGE, Signal.GUIDE)
    origin = EN.origin_of(change_of(reasons=tuple(Reason(signal=signal) for signal in signals)))
    assert "bug fix, crash or hang, large change, merge ·" in origin
    assert "substantial documentation" not in origin


@pytest.mark.parametrize(
    ("levels", "threshold", "english", "chinese"),
    [
        ([HIGH], LOW, "1 change that day", "当天共 1 项变更"),
        ([HIGH, LOW], LOW, "2 changes that day", "当天共 2 项变更"),
        (
            [HIGH, LOW],
            MEDIUM,
            "2 changes that day · 1 below your level is not shown",
            "当天共 2 项变更 · 低于您所选级别的 1 项未显示",
        ),
        (
            [HIGH, LOW, MEDIUM],
            HIGH,
            "3 changes that day · 2 below your level are not shown",
            "当天共 3 项变更 · 低于您所选级别的 2 项未显示",
        ),
    ],
)
def test_a_repository_says_how_much_it_had_and_how_much_is_below_the_level(
    levels: list[Level], threshold: Level, english: str, chinese: str
) -> None:
    (section,) = edition_of(changes_of(*levels), threshold=threshold).sections
    assert (EN.totals_of(section), ZH.totals_of(section)) == (english, chinese)


def test_what_did_not_fit_is_counted() -> None:
    group = Group(level=LOW, look=Look.LINE, changes=(), members=(), hidden=7)
    assert EN.hidden_of(group) == "and 7 more of this level"
    assert ZH.hidden_of(group) == "另有 7 项同级变更"


@pytest.mark.parametrize(
    ("count", "english", "chinese"),
    [
        (1, "acme/%s: 1 change", "acme/%s：1 项变更"),
        (2, "acme/%s: 2 changes", "acme/%s：2 项变更"),
    ],
)
def test_a_repository_that_did_not_fit_is_named_and_counted(count: int, english: str, chinese: str) -> None:
    (section,) = edition_of(changes_of(*[LOW] * count, repository="acme/%s")).sections
    assert (EN.hidden_section_of(section), ZH.hidden_section_of(section)) == (english, chinese)


def test_the_preview_is_the_sentence_of_the_first_high_change() -> None:
    changes = [change_of(1, level=LOW), change_of(2, summary="The `gate`\nis lower. " + "x" * 500)]
    preview = EN.preheader(edition_of(changes))
    assert preview.startswith("The gate is lower.")
    assert len(preview) <= 140


def test_without_a_high_change_the_preview_counts() -> None:
    assert EN.preheader(edition_of(changes_of(LOW, MEDIUM, LOW))) == "Medium: 1 · Low: 2"
    assert ZH.preheader(edition_of(changes_of(LOW))) == "低: 1"


def keys(changes: tuple[Change, ...]) -> frozenset[tuple[str, str]]:
    return frozenset((change.repository_key, change.sha) for change in changes)


def test_from_two_high_changes_on_the_first_five_of_a_repository_are_named_at_the_top() -> None:
    edition = edition_of([*changes_of(*[HIGH] * 9), change_of(50, level=MEDIUM)])
    every = edition.changes
    assert EN.highlights(edition, keys(every)) == edition.changes[:5]
    assert EN.highlights(edition, keys(every[1:3])) == edition.changes[1:3]
    assert EN.highlights(edition, keys(every[:1])) == ()
    assert EN.highlights(edition, keys(every[-1:])) == ()


@settings(deadline=None)
@given(HOSTILE, HOSTILE)
def test_every_phrase_is_one_line_without_invisible_characters(text: str, other: str) -> None:
    change = change_of(
        title=text,
        author=other,
        summary=text,
        source=Source.MODEL,
        model=other,
        repository=text,
        reached_at=change_of().reached_at + timedelta(hours=1),
        reasons=(Reason(signal=Signal.REMOVAL, detail=other),),
        late=True,
    )
    edition = edition_of([change])
    for said in (
        EN.title_of(change),
        EN.heading_of(change),
        EN.card_meta(change),
        EN.line_meta(change),
        EN.origin_of(change),
        EN.hidden_section_of(edition.sections[0]),
        EN.preheader(edition),
    ):
        assert len(said.splitlines()) <= 1
        assert {character for character in said if is_invisible(character)} <= {"\u200d"}
    assert EN.title_of(change)
    assert EN.heading_of(change)
