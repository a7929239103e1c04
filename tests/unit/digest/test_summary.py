"""What opens a repository's part of a mail reads well in both languages, and tells of nothing below one's level."""

from __future__ import annotations

from dataclasses import replace

import pytest

from newsletter.analysis.day import DaySummary, Told
from newsletter.analysis.record import Kind
from newsletter.digest.assemble import assemble
from newsletter.digest.record import Section, Slots
from newsletter.digest.summary import summary_of
from newsletter.languages import catalogue
from subscribers import Level
from tests.support.editions import TITLE, change_of, digest_of, edition_of, renderer
from tests.support.records import preferences_of

HIGH, MEDIUM, LOW = Level.HIGH, Level.MEDIUM, Level.LOW
DAY = (
    change_of(1, level=HIGH, kind=Kind.BREAKING, summary="The option is gone."),
    change_of(2, level=MEDIUM, kind=Kind.FIX, areas=("core",)),
    change_of(3, level=MEDIUM, kind=Kind.FIX, areas=("core",)),
    change_of(4, level=LOW, kind=Kind.DEPENDENCIES, areas=()),
    change_of(5, level=HIGH, kind=Kind.SECURITY, areas=("docs",), summary="A hole is closed."),
    change_of(6, level=HIGH, kind=Kind.FIX, areas=("docs",)),
)
SAID = DaySummary(
    sentences=(
        Told(text="The option is gone and a hole is closed.", about=(DAY[0].sha, DAY[4].sha)),
        Told(text="Two leaks are mended.", about=(DAY[1].sha,)),
        Told(text="A mixture.", about=(DAY[5].sha, DAY[2].sha)),
    ),
    highlights=(DAY[4].sha, DAY[1].sha),
)


def section(threshold: Level, said: DaySummary | None = None) -> Section:
    digest = replace(digest_of(DAY), summaries={DAY[0].repository_key: said} if said else {})
    edition = assemble(digest, preferences_of(threshold=threshold), title=TITLE)
    assert edition is not None
    return edition.sections[0]


def opening(section: Section, language: str = "en") -> str:
    return summary_of(section, language=language, translations=catalogue(language))


@pytest.mark.parametrize(
    ("threshold", "language", "said"),
    [
        (
            LOW,
            "en",
            "Above all: Lower gate 1. The day also brought 1 security change, 3 fixes, and 1 dependency update, "
            "mostly in `docs` and `core`.",
        ),
        (HIGH, "en", "Above all: Lower gate 1. The day also brought 1 security change and 1 fix, mostly in `docs`."),
        (
            LOW,
            "zh",
            "最重要的变更：Lower gate 1。"
            "当天还有 1 项安全相关变更、3 项缺陷修复和 1 项依赖更新，主要涉及 `docs` 和 `core`。",
        ),
    ],
)
def test_the_rules_lead_with_what_matters_most_and_count_the_rest(threshold: Level, language: str, said: str) -> None:
    assert opening(section(threshold), language) == said


def test_few_changes_need_no_opening() -> None:
    assert opening(edition_of(DAY[:2]).sections[0]) == ""


def test_low_changes_alone_are_counted() -> None:
    changes = [change_of(number, level=LOW, kind=Kind.DOCS, areas=()) for number in (1, 2, 3)]
    assert opening(edition_of(changes).sections[0]) == "The day brought 3 documentation changes."


def test_a_reader_of_high_reads_nothing_about_medium_changes() -> None:
    assert opening(section(HIGH, SAID)) == "The option is gone and a hole is closed."
    assert [change.sha for change in section(HIGH, SAID).highlights] == [DAY[4].sha, DAY[0].sha, DAY[5].sha]
    assert opening(section(MEDIUM, SAID)).endswith("Two leaks are mended. A mixture.")
    assert [change.sha for change in section(LOW, SAID).highlights][-1] == DAY[1].sha


def test_where_a_model_said_nothing_for_this_reader_the_rules_do() -> None:
    mixed = DaySummary(sentences=SAID.sentences[2:])
    assert opening(section(HIGH, mixed)) == opening(section(HIGH))


def test_both_parts_of_a_mail_have_it_once_and_escaped() -> None:
    said = DaySummary(sentences=(Told(text="Mind <script> & `--up`.", about=(DAY[0].sha,)),))
    edition = assemble(
        replace(digest_of(DAY), summaries={DAY[0].repository_key: said}), preferences_of(threshold=LOW), title=TITLE
    )
    assert edition is not None
    mail = renderer().render(edition, Slots(unsubscribe_token="slot", preferences_token="choices"))
    assert mail.text.count("Mind <script> & `--up`.") == 1
    assert mail.html.count("Mind &lt;script&gt; &amp; <code>--up</code>.") == 1
