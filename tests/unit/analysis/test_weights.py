"""The file of weights: what ships is whole, and each fault of another is named by its place."""

from __future__ import annotations

import pytest

from newsletter.analysis.record import Signal
from newsletter.analysis.weights import WeightsError, read_scale, scale
from subscribers import Level

WHOLE = "[levels]\nhigh = 6\nmedium = 3\n" + "".join(f"[signals.{signal.value}]\npoints = 1\n" for signal in Signal)


def test_the_weights_that_ship_rank_harm_above_comfort() -> None:
    weights = scale().signals
    assert set(weights) == set(Signal)
    assert weights[Signal.BREAKING].at_least is weights[Signal.SECURITY].at_least is Level.HIGH
    assert weights[Signal.FIX].points < scale().levels.high <= weights[Signal.SECURITY].points


def test_a_whole_file_is_read() -> None:
    read = read_scale(WHOLE.replace("points = 1", 'points = 2\nat_least = "low"\nat_most = "medium"', 1))
    first = read.signals[next(iter(Signal))]
    assert (first.points, first.at_least, first.at_most) == (2, Level.LOW, Level.MEDIUM)


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        pytest.param("[levels", "weights", "is not valid TOML", id="no TOML"),
        pytest.param("", "levels", "Field required", id="empty"),
        pytest.param(
            WHOLE.replace("high = 6", "high = 2"), "levels", "expected 0 < medium < high", id="levels in disorder"
        ),
        pytest.param(WHOLE.replace("high = 6", "high = nan"), "levels.high", "finite", id="no number"),
        pytest.param(
            WHOLE.replace("[signals.fix]\npoints = 1\n", ""),
            "weights",
            "expected a weight of fix",
            id="a signal missing",
        ),
        pytest.param(WHOLE + "[signals.fuel]\n", "signals.fuel", "Input should be 'breaking'", id="no such signal"),
        pytest.param(
            WHOLE.replace("points = 1", "points = 11", 1), "signals.breaking.points", "less than", id="too much"
        ),
        pytest.param(
            WHOLE.replace("points = 1", "weight = 1", 1), "signals.breaking.weight", "not permitted", id="typo"
        ),
        pytest.param(
            WHOLE.replace("points = 1", "everywhere = true", 1),
            "signals.breaking",
            "without at_least",
            id="everywhere alone",
        ),
        pytest.param(
            WHOLE.replace("points = 1", 'at_least = "high"\nat_most = "low"', 1),
            "signals.breaking",
            "at_least below at_most",
            id="bounds crossed",
        ),
    ],
)
def test_each_fault_is_named_by_its_place(text: str, place: str, expected: str) -> None:
    with pytest.raises(WeightsError) as caught:
        read_scale(text)
    assert place in [fault.name for fault in caught.value.faults]
    assert expected in str(caught.value)
