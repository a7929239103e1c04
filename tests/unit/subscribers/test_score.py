"""How many setbacks are too many."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.score import STALE_AFTER, THRESHOLD, Evidence, Setback, Way, score
from tests.support.clock import NOON

DAY = timedelta(days=1)


def after(days: float, setback: Setback = Setback.HARD) -> Evidence:
    return Evidence(setback=setback, way=Way.MAIL, at=NOON + days * DAY)


@pytest.mark.parametrize(
    ("evidence", "points"),
    [
        pytest.param([], 0, id="nothing"),
        pytest.param([after(0)], 1, id="one hard bounce"),
        pytest.param([after(0), after(0.1), after(0.2)], 1, id="a day counts once"),
        pytest.param([after(0, Setback.SOFT), after(0.1)], 1, id="a day counts as its worst"),
        pytest.param([after(0), after(1), after(2)], THRESHOLD, id="three days of hard bounces are enough"),
        pytest.param([after(n, Setback.SOFT) for n in range(11)], 2.75, id="eleven of soft ones are not"),
        pytest.param([after(0), after(7), after(14)], THRESHOLD, id="three weekly digests are enough"),
        pytest.param([after(0), after(1), after(10)], 1, id="what is long ago is forgotten"),
        pytest.param([after(0, Setback.COMPLAINT)], 0, id="a complaint decides alone"),
    ],
)
def test_setbacks_are_counted_by_day_and_forgotten(evidence: list[Evidence], points: float) -> None:
    now = max((each.at for each in evidence), default=NOON)
    assert score(evidence, now=now) == points
    assert score(evidence, now=now + STALE_AFTER + DAY) == 0


@given(st.lists(st.builds(after, st.floats(0, 60), st.sampled_from(Setback)), max_size=30))
def test_no_day_counts_for_more_than_one_point(evidence: list[Evidence]) -> None:
    now = NOON + 60 * DAY
    assert 0 <= score(evidence, now=now) <= len({each.at.date() for each in evidence})
    assert score(evidence, now=now) == score(list(reversed(evidence)), now=now)
