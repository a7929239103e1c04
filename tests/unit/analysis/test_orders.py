"""The operator's rules: which changes they fit, how they bound a level, and what each fault in them is called."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.analysis.bounds import bounds_of
from newsletter.analysis.orders import NO_ORDERS, OrdersError, read_orders
from newsletter.analysis.record import Signal, Subject
from newsletter.analysis.rules import analyse_by_rules
from newsletter.github.record import PullRequest
from subscribers import Level
from tests.unit.analysis.changes import change, file


def ordered(rule: str, subject: Subject) -> Subject:
    return read_orders(f"[[rule]]\n{rule}").attached(subject)


def labelled(subject: Subject, *labels: str) -> Subject:
    return replace(subject, pull_request=PullRequest(number=1, title="x", body="", labels=labels))


FIX = change("Fix pump", "rocket/pump.py", "docs/pump.md")
BREAKING = change("feat!: another pump", "rocket/pump.py")


@pytest.mark.parametrize(
    ("conditions", "fits"),
    [
        pytest.param('repository = "acme/rocket"', True, id="repository"),
        pytest.param('repository = "ACME/*"', True, id="repository in any case, with a wildcard"),
        pytest.param('repository = ["other/x", "acme/rocket"]', True, id="one of several"),
        pytest.param('repository = "acme"', False, id="owner alone"),
        pytest.param('path = "docs/**"', True, id="some file"),
        pytest.param('path = "**/*.py"', True, id="some file in any directory"),
        pytest.param('path = "*.py"', False, id="one star stays within a directory"),
        pytest.param('path = "Docs/**"', False, id="paths have a case"),
        pytest.param('only_paths = "docs/**"', False, id="not all files"),
        pytest.param('only_paths = ["docs/**", "rocket/**"]', True, id="all files"),
        pytest.param('label = "Kind/*"', True, id="label in any case"),
        pytest.param('label = "urgent"', False, id="no such label"),
        pytest.param('repository = "acme/*"\nlabel = "urgent"', False, id="every condition has to fit"),
    ],
)
def test_a_rule_fits_by_repository_path_and_label(conditions: str, fits: bool) -> None:
    subject = ordered(f'{conditions}\nlevel = "high"', labelled(FIX, "kind/bug"))
    assert (subject.order is not None) is fits
    assert analyse_by_rules(subject, language="en").level is (Level.HIGH if fits else Level.MEDIUM)


@pytest.mark.parametrize(
    ("bound", "subject", "level", "signal"),
    [
        pytest.param('at_least = "high"', FIX, Level.HIGH, Signal.OPERATOR, id="raised"),
        pytest.param('at_least = "low"', FIX, Level.MEDIUM, Signal.OPERATOR, id="high enough already"),
        pytest.param('at_most = "low"', FIX, Level.LOW, Signal.OPERATOR, id="lowered"),
        pytest.param('level = "low"', FIX, Level.LOW, Signal.OPERATOR, id="set"),
        pytest.param('at_most = "low"', BREAKING, Level.HIGH, Signal.HELD, id="certain things are not lowered"),
        pytest.param(
            'at_most = "low"\nbelow_floor = true', BREAKING, Level.LOW, Signal.OPERATOR, id="lowered because it says so"
        ),
    ],
)
def test_an_order_bounds_the_level_and_is_the_first_reason(
    bound: str, subject: Subject, level: Level, signal: Signal
) -> None:
    analysis = analyse_by_rules(ordered(f'repository = "acme/*"\n{bound}', subject), language="en")
    assert analysis.level is level
    assert analysis.reasons[0].signal is signal


def test_the_reason_says_the_conditions_or_the_operators_own_words() -> None:
    told = analyse_by_rules(ordered('path = "docs/**"\nat_least = "medium"', FIX), language="en").reasons[0]
    assert told.detail == "docs/**: at least medium"
    told = analyse_by_rules(
        ordered('path = "docs/**"\nlevel = "low"\nreason = "our docs"', FIX), language="en"
    ).reasons[0]
    assert told.detail == "our docs"


def test_the_last_rule_that_fits_decides() -> None:
    orders = read_orders(
        '[[rule]]\nrepository = "acme/*"\nlevel = "low"\n'
        '[[rule]]\npath = "rocket/**"\nlevel = "high"\n'
        '[[rule]]\npath = "other/**"\nlevel = "low"\n'
    )
    assert analyse_by_rules(orders.attached(FIX), language="en").level is Level.HIGH


def test_a_model_goes_no_higher_than_ordered() -> None:
    assert bounds_of(ordered('repository = "acme/*"\nat_most = "low"', FIX), frozen=None).levels == (Level.LOW,)
    assert Level.HIGH in bounds_of(FIX, frozen=None).levels


def test_a_frozen_level_stays() -> None:
    subject = ordered('repository = "acme/*"\nlevel = "high"', FIX)
    assert analyse_by_rules(subject, language="en", level=Level.LOW).level is Level.LOW


def test_no_rules_order_nothing() -> None:
    assert read_orders("") == NO_ORDERS
    assert NO_ORDERS.attached(FIX) is FIX


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        pytest.param("[[rule]", "file", "is not valid TOML", id="no TOML"),
        pytest.param("[[rules]]", "rules", "not permitted", id="another table"),
        pytest.param('[[rule]]\nrepository = "a/b"', "rule 1", "expected level, at_least or at_most", id="no order"),
        pytest.param('[[rule]]\nlevel = "high"', "rule 1", "expected repository, path", id="no condition"),
        pytest.param(
            '[[rule]]\npath = "a"\nlevel = "low"\n[[rule]]\npath = "a"\nlevel = "urgent"',
            "rule 2, level",
            "'high'",
            id="level",
        ),
        pytest.param('[[rule]]\npath = "a"\nlevel = "low"\nat_most = "low"', "rule 1", "either level, or", id="both"),
        pytest.param(
            '[[rule]]\npath = "a"\nat_least = "high"\nat_most = "low"', "rule 1", "at_least below at_most", id="crossed"
        ),
        pytest.param('[[rule]]\npath = ""\nlevel = "low"', "rule 1, path", "expected a pattern", id="empty pattern"),
        pytest.param('[[rule]]\npath = []\nlevel = "low"', "rule 1, path", "at least 1", id="no pattern"),
        pytest.param(
            '[[rule]]\npath = "*a*b*c*d*e*f*g*h*i"\nlevel = "low"', "rule 1, path", "wildcards", id="wildcards"
        ),
        pytest.param('[[rule]]\npaths = "a"\nlevel = "low"', "rule 1, paths", "not permitted", id="typo"),
    ],
)
def test_each_fault_is_named_by_its_rule(text: str, place: str, expected: str) -> None:
    with pytest.raises(OrdersError) as caught:
        read_orders(text)
    assert place in [fault.name for fault in caught.value.faults]
    assert expected in str(caught.value)


@given(st.text(max_size=60), st.text(max_size=60), st.lists(st.text(max_size=30), max_size=3))
def test_no_change_makes_the_matching_fail(message: str, path: str, labels: list[str]) -> None:
    orders = read_orders(
        '[[rule]]\npath = "**/a*b?/**"\nlabel = "*"\nonly_paths = ["**"]\nrepository = "?/*"\nlevel = "low"'
    )
    subject = labelled(change(message, file(path, "+x")), *labels)
    assert orders.attached(subject) is subject
