from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from hypothesis import example, given
from hypothesis import strategies as st

import newsletter.analysis
from newsletter.analysis.record import Fallback, Kind, Source, Subject
from newsletter.analysis.rules import analyse_by_rules
from newsletter.github.record import FileChange
from newsletter.resources import templates_directory
from subscribers import Level
from tests.unit.analysis.changes import change, file


@pytest.mark.parametrize(
    ("subject", "english", "chinese"),
    [
        pytest.param(
            change("Fix orbit", "rocket/engine.py"),
            "A bug fix in `rocket/engine`: 1 file changed, +1 −1 lines.",
            "缺陷修复，涉及 `rocket/engine`：变更 1 个文件，+1 −1 行。",
            id="facts",
        ),
        pytest.param(
            change(
                "Fix orbit", FileChange(path="a/b.py", status="modified"), FileChange(path="c/d.py", status="modified")
            ),
            "A bug fix in `a/b` and `c/d`: 2 files changed.",
            "缺陷修复，涉及 `a/b`和`c/d`：变更 2 个文件。",
            id="no counts known",
        ),
        pytest.param(change("Fix orbit"), "A bug fix: no files changed.", "缺陷修复：没有文件变动。", id="no files"),
        pytest.param(
            change("Release 1.2.0", "setup.py"), "Version 1.2.0 is released.", "发布 1.2.0 版本。", id="release"
        ),
        pytest.param(
            change("Bump left-pad from 1.0 to 2.0", "package.json"),
            "left-pad goes from 1.0 to 2.0.",
            "left-pad 从 1.0 更新到 2.0。",
            id="bump",
        ),
        pytest.param(
            change("Update dependency left-pad to v2", "package.json"),
            "left-pad goes to v2.",
            "left-pad 更新到 v2。",
            id="renovate",
        ),
        pytest.param(
            change("Fix orbit\n\nThe orbit was calculated for the wrong planet.", "a.py"),
            "The orbit was calculated for the wrong planet.",
            "The orbit was calculated for the wrong planet.",
            id="the author's own words",
        ),
    ],
)
def test_the_summary_is_one_sentence_in_the_language_of_the_reader(
    subject: Subject, english: str, chinese: str
) -> None:
    assert analyse_by_rules(subject, language="en").summary == english
    assert analyse_by_rules(subject, language="zh").summary == chinese


@pytest.mark.parametrize(
    ("subject", "risks", "advice"),
    [
        pytest.param(change("Fix orbit", "a.py"), (), (), id="nothing is known"),
        pytest.param(
            change("Rework the parser", file("cli.py", '-p.add_argument("--fast")')),
            ("No longer there: `--fast`.",),
            ("Check scripts and code that use `--fast`.",),
            id="removed option",
        ),
        pytest.param(
            change("feat!: x\n\nBREAKING CHANGE: the engine needs fuel before it starts.", "a.py"),
            ("the engine needs fuel before it starts.",),
            (),
            id="breaking footer",
        ),
        pytest.param(change("Fix CVE-2026-12345", "a.py"), (), ("Update soon: this closes CVE-2026-12345.",), id="CVE"),
        pytest.param(
            change("Prevent path traversal", "a.py"),
            (),
            ("Update soon: this closes a security problem.",),
            id="weakness",
        ),
        pytest.param(
            change('Revert "Add nozzle"', "a.py"), ("What the earlier change brought is gone again.",), (), id="revert"
        ),
        pytest.param(change('Revert "Add job"', ".github/workflows/a.yml"), (), (), id="revert in CI"),
        pytest.param(
            change("Deprecate the old nozzle", "a.py"),
            (),
            ("Plan a replacement: what is deprecated goes away in a later release.",),
            id="deprecation",
        ),
        pytest.param(
            change("Add fuel", file("app/migrations/2.py", "+x", status="added")),
            (),
            ("Back up the database before you update: this brings a migration.",),
            id="migration",
        ),
        pytest.param(
            change("Change default orbit", "a.py"), (), ("Check whether you rely on the old default.",), id="default"
        ),
        pytest.param(change("Fix CVE-2026-12345", ".github/workflows/a.yml"), (), (), id="CVE in CI"),
        pytest.param(
            change("Drop support for Node 18", "package.json", "a.js"),
            ("No longer supported: Node 18.",),
            ("Check your versions before you update.",),
            id="minimum version",
        ),
    ],
)
def test_risks_and_advice_are_given_only_where_the_rules_know(
    subject: Subject, risks: tuple[str, ...], advice: tuple[str, ...]
) -> None:
    analysis = analyse_by_rules(subject, language="en")
    assert (analysis.risks, analysis.advice) == (risks, advice)


def test_a_frozen_level_and_the_reason_of_the_fallback_are_kept() -> None:
    analysis = analyse_by_rules(change("Fix typo"), language="en", level=Level.HIGH, fallback=Fallback.TIMEOUT)
    assert (analysis.level, analysis.fallback, analysis.source) == (Level.HIGH, Fallback.TIMEOUT, Source.RULES)
    assert analysis.model is None


def test_files_without_a_patch_count_as_not_read() -> None:
    analysis = analyse_by_rules(change("x", "a.py", FileChange(path="b.bin", status="added")), language="en")
    assert (analysis.files_read, analysis.files_total) == (1, 2)


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(LookupError):
        analyse_by_rules(change("x"), language="tlh")


_TEXT = st.text() | st.text(alphabet="*[]()<>`!|#-_:.\"' \n\r\tabcCVE0129\u202e\x00\ud800")


@given(_TEXT, st.lists(st.tuples(_TEXT, st.none() | _TEXT), max_size=3), st.sampled_from(["en", "zh"]))
@example("Fix\n\n{0.__class__} %s {areas} opened the pod bay doors.", [("{what}/{size}", "+{")], "en")
def test_any_change_gives_an_analysis_of_plain_lines(
    message: str, files: list[tuple[str, str | None]], language: str
) -> None:
    changed = [FileChange(path=path, status="modified", additions=1, patch=patch) for path, patch in files]
    analysis = analyse_by_rules(change(message, *changed), language=language)
    assert 0 < len(analysis.summary) <= 240
    for text in (analysis.summary, *analysis.areas, *analysis.risks, *analysis.advice):
        assert not {unicodedata.category(c) for c in text} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_the_chinese_catalogue_has_every_sentence_with_its_placeholders_and_no_other() -> None:
    folder = Path(newsletter.analysis.__file__).parent
    extracted = {message for _, _, message, _, _ in extract_from_dir(folder, method_map=[("phrases.py", "python")])}
    with (templates_directory() / "locales" / "zh" / "analysis.po").open("rb") as stream:
        catalogue = {message.id: message.string for message in read_po(stream, locale="zh") if message.id}
    assert set(catalogue) == extracted
    for source, translated in catalogue.items():
        english = [source] if isinstance(source, str) else list(source)
        chinese = [translated] if isinstance(translated, str) else list(translated or [])
        assert chinese
        assert all(chinese)
        assert set(re.findall(r"\{\w+\}", chinese[0])) == set(re.findall(r"\{\w+\}", english[-1]))


def test_every_kind_has_a_summary_of_its_own() -> None:
    titles = {Kind.FEATURE: "Add x", Kind.FIX: "Fix x", Kind.REFACTOR: "Refactor x", Kind.PERFORMANCE: "Optimize x"}
    summaries = {analyse_by_rules(change(title, "a.py"), language="zh").summary for title in titles.values()}
    assert len(summaries) == len(titles)
