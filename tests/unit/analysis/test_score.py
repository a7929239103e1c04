from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.analysis.record import Kind, Reason, Signal
from newsletter.analysis.score import floor, score
from newsletter.analysis.signals import INWARD, Observed
from newsletter.analysis.weights import scale
from subscribers import Level


def observed(*signals: Signal, declared: Kind | None = None) -> Observed:
    return Observed(reasons=tuple(Reason(signal=signal) for signal in signals), declared=declared)


def test_every_signal_has_a_weight() -> None:
    assert set(scale().signals) == set(Signal)


@pytest.mark.parametrize(
    ("signals", "level"),
    [
        pytest.param([], Level.LOW, id="nothing seen"),
        pytest.param([Signal.FIX], Level.MEDIUM, id="fix"),
        pytest.param([Signal.FIX, Signal.CRASH], Level.HIGH, id="fix of a crash"),
        pytest.param([Signal.FEATURE], Level.MEDIUM, id="feature"),
        pytest.param([Signal.FEATURE, Signal.LARGE], Level.HIGH, id="large feature"),
        pytest.param([Signal.FEATURE, Signal.LARGE, Signal.TESTS_ONLY], Level.LOW, id="many tests"),
        pytest.param([Signal.REFACTOR], Level.LOW, id="refactoring"),
        pytest.param([Signal.FIX, Signal.APPEARANCE], Level.LOW, id="cosmetic fix"),
        pytest.param([Signal.RELEASE, Signal.DOCS_ONLY], Level.HIGH, id="release that only writes the changelog"),
        pytest.param([Signal.DEPENDENCY], Level.LOW, id="routine bump"),
        pytest.param([Signal.VULNERABLE_DEPENDENCY, Signal.GENERATED_ONLY], Level.MEDIUM, id="bump that closes a hole"),
    ],
)
def test_signals_add_up_to_a_level(signals: list[Signal], level: Level) -> None:
    assert score(observed(*signals))[0] is level


@pytest.mark.parametrize(
    ("signals", "lowest"),
    [
        pytest.param([Signal.SECURITY], Level.HIGH, id="security"),
        pytest.param([Signal.BREAKING], Level.HIGH, id="breaking"),
        pytest.param([Signal.DATA_LOSS], Level.HIGH, id="data loss"),
        pytest.param([Signal.REVERT], Level.MEDIUM, id="revert of something users see"),
        pytest.param([Signal.REVERT, Signal.CI_ONLY], Level.LOW, id="revert in CI"),
        pytest.param([Signal.SECURITY, Signal.CI_ONLY], Level.LOW, id="security of the workflows"),
        pytest.param([Signal.BREAKING, Signal.DOCS_ONLY], Level.HIGH, id="declared breaking"),
        pytest.param([Signal.FEATURE, Signal.LARGE], Level.LOW, id="feature"),
    ],
)
def test_a_model_may_not_go_below_what_the_rules_know(signals: list[Signal], lowest: Level) -> None:
    assert floor(observed(*signals)) is lowest


@pytest.mark.parametrize(
    ("signals", "declared", "kind"),
    [
        pytest.param([], None, Kind.CHORE, id="nothing known"),
        pytest.param([], Kind.BUILD, Kind.BUILD, id="declared"),
        pytest.param([Signal.SECURITY, Signal.FIX], Kind.FIX, Kind.SECURITY, id="security before fix"),
        pytest.param([Signal.TESTS_ONLY, Signal.FEATURE], Kind.FEATURE, Kind.TEST, id="files before words"),
        pytest.param([Signal.REVERT, Signal.REMOVAL], None, Kind.REVERT, id="revert before removal"),
        pytest.param([Signal.CRASH], None, Kind.FIX, id="a crash is told of by its fix"),
    ],
)
def test_signals_tell_the_kind(signals: list[Signal], declared: Kind | None, kind: Kind) -> None:
    assert score(observed(*signals, declared=declared))[1] is kind


@given(st.sets(st.sampled_from(Signal)))
def test_the_level_is_never_below_the_floor_and_all_reasons_are_kept(present: set[Signal]) -> None:
    seen = observed(*present)
    level, _, reasons = score(seen)
    assert level.reaches(floor(seen))
    assert set(reasons) == set(seen.reasons)


def test_the_weightiest_reason_stands_first() -> None:
    _, _, reasons = score(observed(Signal.FIX, Signal.SECURITY, Signal.CONFIGURATION))
    assert [reason.signal for reason in reasons] == [Signal.SECURITY, Signal.FIX, Signal.CONFIGURATION]


def test_every_signal_that_reaches_no_user_holds_the_level_down() -> None:
    assert {signal for signal, weight in scale().signals.items() if weight.at_most is Level.LOW} == INWARD
