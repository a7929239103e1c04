from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.analysis.record import Signal, Subject
from newsletter.analysis.signals import signals
from newsletter.github.record import FileChange
from tests.unit.analysis.changes import change, file

SOURCE = "rocket/engine.py"


@pytest.mark.parametrize(
    ("message", "signal", "detail"),
    [
        pytest.param("feat!: orbit", Signal.BREAKING, "orbit", id="exclamation mark"),
        pytest.param("Fix!: orbit", Signal.BREAKING, "orbit", id="exclamation mark after a capital"),
        pytest.param("x\n\nBREAKING CHANGE: no more a", Signal.BREAKING, "no more a", id="no more is not none"),
        pytest.param("x\n\n## Breaking changes\n\nOrbit is gone.", Signal.BREAKING, "Orbit is gone.", id="heading"),
        pytest.param("feat: x\n\nBreaking-change: gone", Signal.BREAKING, "gone", id="footer in any case"),
        pytest.param("Backwards incompatible format", Signal.BREAKING, "Backwards incompatible", id="prose"),
        pytest.param("Fix for CVE-2026-12345", Signal.SECURITY, "CVE-2026-12345", id="CVE id"),
        pytest.param("x\n\nsee ghsa-2c4p-gh56-mqrv", Signal.SECURITY, "GHSA-2c4p-gh56-mqrv", id="GHSA id in the body"),
        pytest.param("Prevent path traversal in uploads", Signal.SECURITY, "path traversal", id="name of a weakness"),
        pytest.param(
            "Fix a race\n\nIt could corrupt the index.", Signal.DATA_LOSS, "corrupt the index", id="data loss"
        ),
        pytest.param("Fix crash on start", Signal.CRASH, "crash", id="crash"),
        pytest.param("Resolve deadlock at shutdown", Signal.CRASH, "deadlock", id="hang"),
        pytest.param("Fix regression in parser", Signal.REGRESSION, "regression", id="regression"),
        pytest.param("Release 1.2.0", Signal.RELEASE, "1.2.0", id="release"),
        pytest.param("v2.0.0rc1", Signal.RELEASE, "v2.0.0rc1", id="a version alone"),
        pytest.param("chore(release): 3.4.5", Signal.RELEASE, "3.4.5", id="release by semantic-release"),
        pytest.param("Bump version to 0.9.1", Signal.RELEASE, "0.9.1", id="version bump of the project"),
        pytest.param('Revert "Add nozzle (#3)" (#4)', Signal.REVERT, "Add nozzle (#3)", id="git's revert"),
        pytest.param(
            "Undo\n\nThis reverts commit 0123456789abcdef.", Signal.REVERT, "0123456789ab", id="revert in the body"
        ),
        pytest.param("Deprecate the old nozzle", Signal.DEPRECATION, "Deprecate the old nozzle", id="deprecation"),
        pytest.param("Drop support for Python 3.9", Signal.MINIMUM_VERSION, "Python 3.9", id="support dropped"),
        pytest.param("Remove the --fast option (#8)", Signal.REMOVAL, "the --fast option", id="option removed"),
        pytest.param(
            "Change default orbit to low", Signal.DEFAULT, "Change default orbit to low", id="default changed"
        ),
        pytest.param("Add nozzle", Signal.FEATURE, "Add nozzle", id="feature"),
        pytest.param("Optimize orbit", Signal.PERFORMANCE, "Optimize orbit", id="performance"),
        pytest.param("Refactor orbit", Signal.REFACTOR, "Refactor orbit", id="refactoring"),
        pytest.param("", Signal.EMPTY, "", id="empty message"),
        pytest.param(" \n\t\n", Signal.EMPTY, "", id="blank message"),
    ],
)
def test_the_message_shows_a_signal(message: str, signal: Signal, detail: str) -> None:
    found = {reason.signal: reason.detail for reason in signals(change(message, SOURCE)).reasons}
    assert found[signal] == detail


@pytest.mark.parametrize(
    ("message", "signal"),
    [
        pytest.param("Add a non-breaking change", Signal.BREAKING, id="non-breaking"),
        pytest.param("x\n\nBREAKING CHANGE: none", Signal.BREAKING, id="footer that says none"),
        pytest.param("x\n\n## Breaking changes\nNone.\n\n## Tests", Signal.BREAKING, id="heading over none"),
        pytest.param("x\n\n- [ ] Breaking change", Signal.BREAKING, id="empty checkbox"),
        pytest.param("Fix format string vulnerability", Signal.STYLE_ONLY, id="format that is no style"),
        pytest.param("Breaking news in the feed", Signal.BREAKING, id="another breaking"),
        pytest.param("Add security policy", Signal.SECURITY, id="about security"),
        pytest.param("Add xss scanner to the toolbox", Signal.SECURITY, id="a scanner"),
        pytest.param("Rename CVE list", Signal.SECURITY, id="CVE without a number"),
        pytest.param("Add crashpad colours", Signal.CRASH, id="a word that begins like crash"),
        pytest.param("Add regression test for orbit", Signal.REGRESSION, id="regression test"),
        pytest.param("Bump version to 1.2.dev0", Signal.RELEASE, id="development version"),
        pytest.param("Add release date for 1.2.0", Signal.RELEASE, id="talk of a release"),
        pytest.param("Fix 1.2.0 notes", Signal.RELEASE, id="a version in passing"),
        pytest.param("Reverse the order", Signal.REVERT, id="reverse is not revert"),
        pytest.param(
            "Add x\n\n* Add y\n\n* Revert y\n\nThis reverts commit 0123456789ab.", Signal.REVERT, id="squashed"
        ),
        pytest.param("Fix deprecation warnings", Signal.DEPRECATION, id="deprecations of others"),
        pytest.param("Remove unused option parser", Signal.REMOVAL, id="unused thing"),
        pytest.param("Remove _private function", Signal.REMOVAL, id="private name"),
        pytest.param("Remove dust", Signal.REMOVAL, id="nothing anyone uses"),
        pytest.param("Default orbit is documented", Signal.DEFAULT, id="a default that stays"),
    ],
)
def test_a_similar_message_does_not_show_the_signal(message: str, signal: Signal) -> None:
    assert signal not in signals(change(message, SOURCE)).signals


@pytest.mark.parametrize(
    ("paths", "signal"),
    [
        pytest.param([".github/workflows/a.yml"], Signal.CI_ONLY, id="CI"),
        pytest.param(["tests/test_a.py"], Signal.TESTS_ONLY, id="tests"),
        pytest.param(["docs/a.rst", "README.md"], Signal.DOCS_ONLY, id="documentation"),
        pytest.param(["poetry.lock"], Signal.GENERATED_ONLY, id="lock file"),
        pytest.param(["i18n/de.json", "i18n/fr.json"], Signal.TRANSLATION_ONLY, id="translations"),
        pytest.param(["tests/test_a.py", ".github/workflows/a.yml"], Signal.DEVELOPMENT_ONLY, id="tests and CI"),
    ],
)
def test_files_that_reach_no_user_are_a_signal_unless_source_is_among_them(paths: list[str], signal: Signal) -> None:
    assert signal in signals(change("Change things", *paths)).signals
    assert signal not in signals(change("Change things", *paths, SOURCE)).signals


@pytest.mark.parametrize(
    ("subject", "signal", "expected"),
    [
        pytest.param(change("x", file(SOURCE, "-a = 'b'", '+a = "b"')), Signal.STYLE_ONLY, True, id="quotes only"),
        pytest.param(
            change("x", file(SOURCE, "-f(a, b)", "+f(", "+    a,", "+    b,", "+)")),
            Signal.STYLE_ONLY,
            True,
            id="wrapped",
        ),
        pytest.param(change("x", file(SOURCE, "-# a", "+# b")), Signal.STYLE_ONLY, True, id="comments only"),
        pytest.param(
            change("x", file(SOURCE, "-  a()", "+a()")), Signal.STYLE_ONLY, False, id="Python moved out of a block"
        ),
        pytest.param(
            change("x", file(SOURCE, "-f((1))", "+f((1,))")), Signal.STYLE_ONLY, False, id="a comma that matters"
        ),
        pytest.param(
            change("Rework", file("cli.py", '-    parser.add_argument("--fast")', "+    pass")),
            Signal.REMOVAL,
            True,
            id="option gone",
        ),
        pytest.param(
            change(
                "Rework", file("a.py", '-    p.add_argument("--fast")'), file("b.py", '+    p.add_argument("--fast")')
            ),
            Signal.REMOVAL,
            False,
            id="option moved",
        ),
        pytest.param(
            change("Rework", file(SOURCE, "-def ignite():"), file("docs/api.rst", "-.. function:: ignite")),
            Signal.REMOVAL,
            True,
            id="documented function gone",
        ),
        pytest.param(
            change("Rework", file(SOURCE, "-def ignite():")), Signal.REMOVAL, False, id="undocumented function gone"
        ),
        pytest.param(
            change("x", file("cli.py", '+@click.option("-f", "--fast")')), Signal.CONFIGURATION, True, id="option added"
        ),
        pytest.param(
            change("x", file(SOURCE, '+os.environ["ROCKET_FUEL"]')), Signal.CONFIGURATION, True, id="environment"
        ),
        pytest.param(
            change("x", file("tests/test_a.py", '+os.environ["ROCKET_FUEL"]')),
            Signal.CONFIGURATION,
            False,
            id="in a test",
        ),
        pytest.param(
            change("x", file(SOURCE, '+warnings.warn("old", DeprecationWarning)')),
            Signal.DEPRECATION,
            True,
            id="warning added",
        ),
        pytest.param(
            change("x", file(SOURCE, "+warnings.filterwarnings('ignore', category=DeprecationWarning)")),
            Signal.DEPRECATION,
            False,
            id="warning silenced",
        ),
        pytest.param(
            change("x", file("pyproject.toml", '-requires-python = ">=3.9"', '+requires-python = ">=3.11"')),
            Signal.MINIMUM_VERSION,
            True,
            id="higher Python",
        ),
        pytest.param(
            change("x", file("pyproject.toml", '+requires-python = ">=3.11"')),
            Signal.MINIMUM_VERSION,
            False,
            id="first Python",
        ),
        pytest.param(
            change("x", file("db/migrations/2.sql", "+DROP TABLE fuel;")), Signal.MIGRATION, True, id="table dropped"
        ),
        pytest.param(
            change("x", file("db/migrations/2.sql", "+SELECT 1;", status="added")),
            Signal.MIGRATION,
            True,
            id="migration",
        ),
        pytest.param(
            change("x", file("db/migrations/2.sql", "+SELECT 1;")), Signal.MIGRATION, False, id="migration edited"
        ),
        pytest.param(change("Add x", file(SOURCE, *["+x = 1"] * 300)), Signal.LARGE, True, id="large feature"),
        pytest.param(change("Fix x", file(SOURCE, *["+x = 1"] * 300)), Signal.LARGE, False, id="large fix"),
        pytest.param(
            change("Add x", SOURCE, file("yarn.lock", *["+x"] * 900)), Signal.LARGE, False, id="large lock file"
        ),
        pytest.param(change("Docs", file("docs/a.rst", *["+Word."] * 40)), Signal.GUIDE, True, id="new guide"),
        pytest.param(change("Docs", file("CHANGELOG.md", *["+Word."] * 40)), Signal.GUIDE, False, id="long changelog"),
        pytest.param(
            change("Orbit is round", SOURCE, "tests/test_a.py"), Signal.BEHAVIOUR, True, id="source with tests"
        ),
        pytest.param(change("Use a round orbit", SOURCE), Signal.BEHAVIOUR, False, id="housework without tests"),
        pytest.param(change("Fix gap", "static/a.css"), Signal.APPEARANCE, True, id="stylesheet"),
        pytest.param(change("Fix gap", "static/a.css", "static/a.js"), Signal.APPEARANCE, False, id="script too"),
        pytest.param(change("Bump x from 1 to 2", "package.json", "yarn.lock"), Signal.DEPENDENCY, True, id="bump"),
        pytest.param(
            change("Bump the limit from 1 to 2", SOURCE), Signal.DEPENDENCY, False, id="bump of a number in source"
        ),
        pytest.param(
            change("Bump x from 1 to 2 (CVE-2026-12345)", "go.mod"),
            Signal.VULNERABLE_DEPENDENCY,
            True,
            id="bump closes a CVE",
        ),
        pytest.param(
            change("Bump x from 1 to 2\n\nNotes: CVE-2026-12345", "go.mod"),
            Signal.SECURITY,
            False,
            id="bump quotes a CVE",
        ),
        pytest.param(change("Merge branch 'a'", SOURCE, parents=("1", "2")), Signal.MERGE, True, id="merge"),
        pytest.param(
            change("Merge pull request #1 from a/b\n\nfeat!: x", SOURCE, parents=("1", "2")),
            Signal.BREAKING,
            True,
            id="merged title",
        ),
        pytest.param(change("x", SOURCE), Signal.MERGE, False, id="one parent"),
        pytest.param(change("x", SOURCE, detailed=False), Signal.UNSEEN, True, id="no detail"),
        pytest.param(change("x", SOURCE), Signal.UNSEEN, False, id="detail"),
        pytest.param(change("x", SOURCE, file("changes/1.removal", "+x")), Signal.REMOVAL, True, id="news fragment"),
    ],
)
def test_files_and_patches_show_a_signal(subject: Subject, signal: Signal, expected: bool) -> None:
    assert (signal in signals(subject).signals) is expected


_FILES = st.builds(
    FileChange,
    path=st.text(),
    status=st.sampled_from(["added", "removed", "modified", "renamed"]),
    additions=st.integers(0, 5000),
    deletions=st.integers(0, 5000),
    patch=st.none() | st.text(),
)


@given(st.text(), st.lists(_FILES, max_size=4), st.booleans())
def test_evidence_is_short_printable_and_given_once(message: str, files: list[FileChange], detailed: bool) -> None:
    observed = signals(change(message, *files, detailed=detailed))
    assert all(len(reason.detail) <= 80 for reason in observed.reasons)
    assert all(reason.detail.isprintable() for reason in observed.reasons)
    assert len(set(observed.reasons)) == len(observed.reasons)


def test_evidence_is_cut_between_words() -> None:
    title = "Add " + "thrust " * 30
    (reason,) = (reason for reason in signals(change(title, SOURCE)).reasons if reason.signal is Signal.FEATURE)
    assert reason.detail.split() == ["Add", *["thrust"] * (len(reason.detail.split()) - 1)]
