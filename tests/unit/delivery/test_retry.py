"""When a deferred delivery is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.delivery.retry import RetryPolicy

FIRST = datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
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
    at = RetryPolicy().next_attempt(attempts=attempts, since=FIRST, now=FIRST)
    assert at == FIRST + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("waited", "again"),
    [
        pytest.param(timedelta(hours=35, minutes=55), True, id="just within a day and a half"),
        pytest.param(timedelta(hours=35, minutes=55, seconds=1), False, id="just after it"),
        pytest.param(timedelta(days=400), False, id="after a year"),
    ],
)
def test_a_daily_digest_is_given_up_after_a_day_and_a_half(waited: timedelta, again: bool) -> None:
    at = RetryPolicy().next_attempt(attempts=1, since=FIRST, now=FIRST + waited)
    assert (at is not None) is again


@pytest.mark.parametrize(
    ("refusals", "one_domain", "minutes"),
    [
        pytest.param(1, False, 5, id="a fault of the relay's is often over soon"),
        pytest.param(4, False, 40, id="then pauses grow"),
        pytest.param(5, False, 60, id="up to an hour"),
        pytest.param(10**9, False, 60, id="and never longer, for when it is mended"),
        pytest.param(10**9, True, 240, id="but one domain may go on refusing us"),
    ],
)
def test_what_is_refused_for_our_sake_is_tried_for_ever(refusals: int, one_domain: bool, minutes: int) -> None:
    at = RetryPolicy().after_refusal(refusals=refusals, one_domain=one_domain, now=FIRST)
    assert at == FIRST + timedelta(minutes=minutes)


def test_a_spread_makes_a_pause_up_to_a_fifth_longer() -> None:
    pauses = [PATIENT.next_attempt(attempts=1, since=FIRST, now=FIRST, spread=spread) for spread in (0, 0.5, 1)]
    assert pauses == [FIRST + timedelta(minutes=minutes) for minutes in (5, 5.5, 6)]


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
    now = FIRST + waited
    at = policy.next_attempt(attempts=attempts, since=FIRST, now=now, spread=spread)
    if at is None:
        assert waited + policy.longest * 1.2 >= policy.give_up_after
    else:
        assert now < at <= FIRST + policy.give_up_after
        assert at <= now + policy.longest * 1.2 + timedelta(microseconds=1)


@given(attempts=st.integers(1, 100), spread=st.floats(0, 1))
def test_a_later_attempt_never_waits_less(attempts: int, spread: float) -> None:
    first, second = (
        PATIENT.next_attempt(attempts=number, since=FIRST, now=FIRST, spread=spread)
        for number in (attempts, attempts + 1)
    )
    assert first is not None
    assert second is not None
    assert first <= second
