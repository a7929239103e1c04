"""What titles of real projects tell that declare nothing: releases, backports, phrases inside them, files and size."""

from __future__ import annotations

import pytest

from newsletter.analysis.record import Kind, Signal, Subject
from newsletter.analysis.rules import analyse_by_rules
from newsletter.analysis.score import score
from newsletter.analysis.signals import signals
from newsletter.analysis.title import read_title
from newsletter.github.record import FileChange
from subscribers import Level
from tests.unit.analysis.changes import change, file

SOURCE = "rocket/engine.py"
_BUMPED = file("rocket/__init__.py", '-__version__ = "1.0.0"', '+__version__ = "1.1.0"')
_DEVELOPED = file("rocket/__init__.py", '-__version__ = "1.0.0"', '+__version__ = "1.1.0.dev0"')


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        pytest.param("Pumps no longer lose their place", Kind.FIX, id="no longer"),
        pytest.param("Return None when the tank is empty", Kind.FIX, id="a condition that was not thought of"),
        pytest.param("Nozzle - don't open twice", Kind.FIX, id="don't"),
        pytest.param("Properly remove the nozzle", Kind.FIX, id="properly"),
        pytest.param("Enforce upper bound of pressure", Kind.FIX, id="enforce"),
        pytest.param("The valve can now be turned", Kind.FEATURE, id="can now"),
        pytest.param("Make the valve configurable", Kind.FEATURE, id="configurable"),
        pytest.param("Change the pump to allow zero", Kind.FEATURE, id="to allow"),
        pytest.param("Count valves once per tank instead of per pump", Kind.PERFORMANCE, id="once per"),
        pytest.param("Pump refactor: split the tank", Kind.REFACTOR, id="refactor in the scope is read in the text"),
        pytest.param("remove unused valve", Kind.REFACTOR, id="unused"),
        pytest.param("Valve colours", None, id="nothing told"),
        pytest.param("#12 - Support valves", Kind.FEATURE, id="issue before the verb"),
        pytest.param("Add flake8-valves to the checks", Kind.CI, id="a tool of the developers"),
        pytest.param("Few typo fixes", Kind.STYLE, id="typos"),
        pytest.param("Fix wrong pump on tank changes with valves", Kind.FIX, id="changes that are no changelog"),
        pytest.param("Add a note on the `Pump` docstring", Kind.DOCS, id="docstring of a name in code"),
    ],
)
def test_a_phrase_inside_a_title_tells_its_kind(title: str, kind: Kind | None) -> None:
    assert read_title(title).declared is kind


@pytest.mark.parametrize(
    ("subject", "version"),
    [
        pytest.param(change("Prepare for release", _BUMPED), "1.1.0", id="no number in the title"),
        pytest.param(change("prep for release", "CHANGELOG.md", SOURCE), "prep for release", id="no number at all"),
        pytest.param(change("bump version", _BUMPED), "1.1.0", id="version bump without a number"),
        pytest.param(change("rocket-1.1.0", _BUMPED), "1.1.0", id="name and version, as cargo-release writes them"),
        pytest.param(change("rocket@1.1.0", _BUMPED), "1.1.0", id="name and version, as Changesets write them"),
        pytest.param(change("Bump rocket to 1.1.0", SOURCE), "1.1.0", id="the project's own name"),
        pytest.param(change("bump version", _DEVELOPED), None, id="back to development"),
        pytest.param(change("bump version", SOURCE), None, id="a version nobody sees move"),
        pytest.param(change("Prepare release notes", SOURCE), None, id="notes of a release"),
        pytest.param(change("Bump left-pad to v3.6.0", "go.mod", SOURCE), None, id="version of a dependency"),
        pytest.param(change("rocket-1.2.0", _BUMPED), None, id="another version than the one that moves"),
    ],
)
def test_a_release_is_known_by_words_and_versions(subject: Subject, version: str | None) -> None:
    found = {reason.signal: reason.detail for reason in signals(subject).reasons}
    assert found.get(Signal.RELEASE) == version


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        pytest.param("Backport pull request #7 from acme/release\n\nFix the order of pumps", Kind.FIX, id="backport"),
        pytest.param("Cherry-pick #7\n\nAdd a pump", Kind.FEATURE, id="cherry-pick"),
        pytest.param("Backport PR #7\n\nSigned-off-by: Ada", None, id="only a trailer below"),
    ],
)
def test_a_title_that_only_says_whence_is_read_from_below(message: str, kind: Kind | None) -> None:
    assert signals(change(message, SOURCE)).declared is kind


@pytest.mark.parametrize(
    ("subject", "signal", "expected"),
    [
        pytest.param(change("Use pressure\n\nCloses #12", SOURCE), Signal.BEHAVIOUR, True, id="closes an issue"),
        pytest.param(change("Use pressure\n\nsee #12", SOURCE), Signal.BEHAVIOUR, False, id="only mentions one"),
        pytest.param(change("fix(csrf): a typo in the log", SOURCE), Signal.SECURITY, False, id="scope is no weakness"),
        pytest.param(change("Fix CSRF token helper", SOURCE), Signal.SECURITY, False, id="a feature named csrf"),
        pytest.param(change("Improve handling of dos paths", SOURCE), Signal.SECURITY, False, id="an old system"),
        pytest.param(change("Add basic auth to the gate", SOURCE), Signal.ACCESS, True, id="log-in comes"),
        pytest.param(change("Add cookies when using OAuth", SOURCE), Signal.ACCESS, False, id="only near a log-in"),
        pytest.param(change("Add a gauge of memory leaks", SOURCE), Signal.CRASH, False, id="a feature mends nothing"),
        pytest.param(change("ci: check types", "measures/a.ts"), Signal.BEHAVIOUR, False, id="CI by its type"),
        pytest.param(change("Bump x from 1.9 to 2.0", "go.mod"), Signal.MAJOR_DEPENDENCY, True, id="major bump"),
        pytest.param(change("Bump x from 1.8 to 1.9", "go.mod"), Signal.MAJOR_DEPENDENCY, False, id="minor bump"),
        pytest.param(
            change("chore: remove the impossible option", SOURCE), Signal.REMOVAL, False, id="impossible thing"
        ),
        pytest.param(change("chore: drop the cache mode", SOURCE), Signal.REMOVAL, False, id="housekeeping"),
        pytest.param(change("Rename the fuel option to gas", SOURCE), Signal.REMOVAL, True, id="option renamed"),
        pytest.param(change("Rename options to config", SOURCE), Signal.REMOVAL, False, id="a word for the inside"),
        pytest.param(change("Allow to set defaults", SOURCE), Signal.DEFAULT, False, id="a feature about defaults"),
        pytest.param(change("Enable fuel by default", SOURCE), Signal.DEFAULT, True, id="on by default"),
        pytest.param(change("x\n\nThis is a breaking change.", SOURCE), Signal.BREAKING, True, id="told in the body"),
        pytest.param(change("x\n\nThis is not a breaking change.", SOURCE), Signal.BREAKING, False, id="denied there"),
        pytest.param(change("Note about breaking changes", SOURCE), Signal.BREAKING, False, id="a note about others"),
        pytest.param(
            change("x", SOURCE, file(".changeset/a.md", '+"rocket": major')), Signal.BREAKING, True, id="changeset"
        ),
        pytest.param(
            change("x", SOURCE, file("CHANGELOG.md", "+- Removed the nozzle command")),
            Signal.REMOVAL,
            True,
            id="changelog",
        ),
        pytest.param(
            change("x", SOURCE, file("CHANGELOG.md", "+### Removed")),
            Signal.REMOVAL,
            False,
            id="heading of a changelog",
        ),
        pytest.param(
            change("x", file("db/migrate/2.rb", "+remove_column :a, :b")), Signal.DESTRUCTIVE, True, id="column goes"
        ),
        pytest.param(
            change("x", file("db/migrations/2.py", "+def downgrade():", '+    op.drop_table("a")')),
            Signal.DESTRUCTIVE,
            False,
            id="the way back of a migration",
        ),
        pytest.param(
            change("x", FileChange(path="b.py", previous_path="a.py", status="renamed")),
            Signal.RENAMES_ONLY,
            True,
            id="moved",
        ),
        pytest.param(
            change("x", file(SOURCE, '-a = "b "', '+a = "b"')), Signal.STYLE_ONLY, False, id="space in a text"
        ),
        pytest.param(
            change("x", file("a.h", "-#  define A 1", "+#  define A 0")), Signal.STYLE_ONLY, False, id="macro"
        ),
        pytest.param(
            change("Add a code of conduct", file("CODE_OF_CONDUCT.md", *["+x"] * 50)), Signal.GUIDE, False, id="house"
        ),
        pytest.param(
            change("add pre-commit", file(".pre-commit-config.yaml", *["+x"] * 9), file("setup.cfg", "+x")),
            Signal.DEVELOPMENT_ONLY,
            True,
            id="a tool with a line in the manifest",
        ),
    ],
)
def test_what_looks_alike_is_told_apart(subject: Subject, signal: Signal, expected: bool) -> None:
    assert (signal in signals(subject).signals) is expected


@pytest.mark.parametrize(
    ("message", "lines", "level"),
    [
        pytest.param("Add pumps", 400, Level.HIGH, id="large feature"),
        pytest.param("Refactor pumps", 400, Level.LOW, id="large refactoring"),
        pytest.param("Refactor pumps", 3000, Level.MEDIUM, id="sweeping refactoring"),
        pytest.param("Speed up pumps", 400, Level.MEDIUM, id="large optimisation"),
        pytest.param("New model of pumps", 3000, Level.HIGH, id="sweeping change"),
        pytest.param("Regenerate the pumps from v5", 3000, Level.MEDIUM, id="as many lines as a machine likes"),
    ],
)
def test_size_counts_where_it_means_something(message: str, lines: int, level: Level) -> None:
    assert analyse_by_rules(change(message, file(SOURCE, *["+x = 1"] * lines)), language="en").level is level


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        pytest.param(change("Fix regression in pumps", SOURCE), Level.MEDIUM, id="regression of limited reach"),
        pytest.param(change("Fix deadlock of pumps", SOURCE), Level.HIGH, id="hang"),
        pytest.param(change("Deprecate pumps", SOURCE), Level.HIGH, id="deprecation"),
        pytest.param(change("Document pumps", file("docs/a.md", *["+x"] * 99)), Level.MEDIUM, id="guide"),
    ],
)
def test_levels_follow_the_rubric(subject: Subject, expected: Level) -> None:
    assert score(signals(subject))[0] is expected


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        pytest.param("Tanks close by themselves", True, id="tells what happens"),
        pytest.param("Remove the tank class", False, id="removal"),
        pytest.param("Use a set of tanks", False, id="what is used inside"),
        pytest.param("old_tank -> new_tank", False, id="a name for another"),
        pytest.param("Update src/tank.c", False, id="the title that GitHub's editor gives"),
        pytest.param("Changed tanks to lists", False, id="one thing into another"),
    ],
)
def test_source_that_changes_without_a_declared_kind_behaves_otherwise_unless_it_is_housework(
    title: str, expected: bool
) -> None:
    assert (Signal.BEHAVIOUR in signals(change(title, SOURCE)).signals) is expected
