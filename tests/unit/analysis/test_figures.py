"""Figures against values worked out by hand, and the predecessor's rule against its published weights."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.analysis.figures import LEVELS, Judged, by_repository, figures_of
from newsletter.analysis.predecessor import predecessors_level
from newsletter.analysis.record import Subject
from newsletter.github.record import FileChange
from subscribers import Level
from tests.unit.analysis.changes import change

HIGH, MEDIUM, LOW = LEVELS


def test_precision_recall_and_f1_are_those_worked_out_by_hand() -> None:
    figures = figures_of([(HIGH, HIGH), (HIGH, LOW), (MEDIUM, MEDIUM), (LOW, MEDIUM), (LOW, LOW), (LOW, LOW)])
    assert (figures.total, figures.right) == (6, 4)
    assert (figures.precision(HIGH), figures.recall(HIGH)) == (1.0, 0.5)
    assert figures.f1(HIGH) == pytest.approx(2 / 3)
    assert (figures.precision(MEDIUM), figures.recall(MEDIUM)) == (0.5, 1.0)
    assert figures.f1(LOW) == pytest.approx(2 / 3)
    assert figures.macro_f1 == pytest.approx(2 / 3)
    assert figures.count(LOW, MEDIUM) == 1


def test_a_level_that_nobody_gave_does_not_count_in_the_mean() -> None:
    assert figures_of([(LOW, LOW), (LOW, HIGH)]).macro_f1 == figures_of([(LOW, LOW), (LOW, HIGH)]).f1(LOW)
    assert figures_of([]).macro_f1 == 0.0


def test_each_repository_has_figures_of_its_own() -> None:
    judged = [
        Judged(repository="b/b", expected=HIGH, ours=HIGH, baseline=LOW),
        Judged(repository="a/a", expected=LOW, ours=MEDIUM, baseline=LOW),
    ]
    found = {name: (ours.right, baseline.right) for name, (ours, baseline) in by_repository(judged).items()}
    assert list(found.items()) == [("a/a", (0, 1)), ("b/b", (1, 0))]


_PAIRS = st.lists(st.tuples(st.sampled_from(LEVELS), st.sampled_from(LEVELS)), max_size=30)


@given(_PAIRS)
def test_figures_stay_within_their_bounds(pairs: list[tuple[Level, Level]]) -> None:
    figures = figures_of(pairs)
    assert sum(figures.count(expected, given) for expected in LEVELS for given in LEVELS) == len(pairs) == figures.total
    for level in LEVELS:
        assert min(figures.precision(level), figures.recall(level)) <= figures.f1(level) + 1e-9
        assert figures.f1(level) <= max(figures.precision(level), figures.recall(level)) + 1e-9
    assert (figures.macro_f1 == 1.0) is (bool(pairs) and all(expected is given for expected, given in pairs))
    assert figures.as_dict()["changes"] == len(pairs)


def _changed(message: str, lines: int, *paths: str) -> Subject:
    first, *rest = paths
    files = [FileChange(path=first, status="modified", additions=lines)]
    return change(message, *files, *(FileChange(path=path, status="modified") for path in rest))


@pytest.mark.parametrize(
    ("subject", "level"),
    [
        pytest.param(_changed("feat: pump", 10, "a.py"), HIGH, id="feature in source: 8 + 0 + 2 + 0"),
        pytest.param(_changed("feat!: pump", 10, "a.py"), LOW, id="breaking feature is read as no type: 3 + 0 + 2 + 0"),
        pytest.param(_changed("Fix for CVE-2026-12345", 10, "a.py"), LOW, id="security fix in prose: 3 + 0 + 2 + 0"),
        pytest.param(_changed("fix(pump): x", 10, "a.py"), MEDIUM, id="fix: 7 + 0 + 2 + 0"),
        pytest.param(_changed("fix: x", 51, "a.py"), HIGH, id="fix of 51 lines: 7 + 1 + 2 + 0"),
        pytest.param(_changed("Fix: x", 501, "a.py", "b.py", "c.py"), MEDIUM, id="capital, large: 3 + 3 + 2 + 1"),
        pytest.param(_changed("Fix: x", 501, *(f"{n}.py" for n in range(6))), HIGH, id="six files: 3 + 3 + 2 + 2"),
        pytest.param(_changed("docs: x", 500, "a.md"), LOW, id="documentation: 2 + 2 + 0 + 0"),
        pytest.param(_changed("refactor: x", 10, "a.yml"), MEDIUM, id="refactoring of configuration: 5 + 0 + 1 + 0"),
        pytest.param(change(""), LOW, id="nothing counts as source: 3 + 0 + 2 + 0"),
    ],
)
def test_the_predecessors_weights_are_added_up(subject: Subject, level: Level) -> None:
    assert predecessors_level(subject) is level
