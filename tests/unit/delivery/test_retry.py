"""When a deferred delivery is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.delivery.retry import RetryPolicy

QUEUED = datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
PATIENT = RetryPolicy(give_up_after=timedelta(days=3650))
POLICIES = st.builds(
    RetryPolicy,
    first=st.timedeltas(timedelta(seconds=1), timedelta(hours=1)),
    factor=st.floats(1, 10),
    longest=st.timedeltas(timedelta(hours=1), timedelta(days=2)),
    give_up_after=st.timedeltas(timedelta(hours=1), timedelta(days=10)),
)


@pytest.mark.parametrize(
    ("attempts", "minutes"),
    [
        pytest.param(1, 5, id="greylisting is over after minutes"),
        pytest.param(2, 10, id="then twice as long"),
        pytest.param(5, 80, id="and so on"),
        pytest.param(7, 240, id="up to four hours"),
        pytest.param(10**9, 240, id="and never longer"),
    ],
)
def test_pauses_grow_up_to_a_limit(attempts: int, minutes: int) -> None:
    at = RetryPolicy().next_attempt(attempts=attempts, queued_at=QUEUED, now=QUEUED)
    assert at == QUEUED + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("waited", "again"),
    [
        pytest.param(timedelta(hours=35, minutes=55), True, id="just within a day and a half"),
        pytest.param(timedelta(hours=35, minutes=55, seconds=1), False, id="just after it"),
        pytest.param(timedelta(days=400), False, id="after a year"),
    ],
)
def test_a_daily_digest_is_given_up_after_a_day_and_a_half(waited: timedelta, again: bool) -> None:
    at = RetryPolicy().next_attempt(attempts=1, queued_at=QUEUED, now=QUEUED + waited)
    assert (at is not None) is again


def test_a_spread_makes_a_pause_up_to_a_fifth_longer() -> None:
    pauses = [PATIENT.next_attempt(attempts=1, queued_at=QUEUED, now=QUEUED, spread=spread) for spread in (0, 0.5, 1)]
    assert pauses == [QUEUED + timedelta(minutes=minutes) for minutes in (5, 5.5, 6)]


@given(
    policy=POLICIES,
    attempts=st.integers(1, 10_000),
    waited=st.timedeltas(timedelta(0), timedelta(days=12)),
    spread=st.floats(0, 1),
)
@example(policy=RetryPolicy(factor=10), attempts=40, waited=timedelta(0), spread=1.0)
def test_the_next_attempt_is_later_than_now_and_never_after_giving_up(
    policy: RetryPolicy, attempts: int, waited: timedelta, spread: float
) -> None:
    now = QUEUED + waited
    at = policy.next_attempt(attempts=attempts, queued_at=QUEUED, now=now, spread=spread)
    if at is None:
        assert waited + policy.longest * 1.2 >= policy.give_up_after
    else:
        assert now < at <= QUEUED + policy.give_up_after
        assert at <= now + policy.longest * 1.2 + timedelta(microseconds=1)


@given(attempts=st.integers(1, 100), spread=st.floats(0, 1))
def test_a_later_attempt_never_waits_less(attempts: int, spread: float) -> None:
    first, second = (
        PATIENT.next_attempt(attempts=number, queued_at=QUEUED, now=QUEUED, spread=spread)
        for number in (attempts, attempts + 1)
    )
    assert first is not None
    assert second is not None
    assert first <= second
