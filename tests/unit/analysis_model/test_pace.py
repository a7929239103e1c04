"""How long a server is left alone, and how many tokens a minute it is asked for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.analysis.faults import LONGEST_RETRY_AFTER, retry_after_of
from newsletter.analysis.pace import BARRED, LONGEST_OUTAGE, Door, Estimate, TokenBucket
from newsletter.analysis.record import Fallback

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "milliseconds", "seconds"),
    [
        pytest.param("7", None, 7.0, id="seconds"),
        pytest.param("0.5", None, 0.5, id="parts of a second"),
        pytest.param("7", "250", 0.25, id="milliseconds are more exact"),
        pytest.param("Mon, 02 Mar 2026 13:00:00 GMT", None, 3600.0, id="a date"),
        pytest.param("Mon, 02 Mar 2026 11:00:00 GMT", None, 0.0, id="a date of before"),
        pytest.param("99999999999", None, LONGEST_RETRY_AFTER, id="longer than anybody means"),
        pytest.param("-1", None, None, id="below nothing"),
        pytest.param("inf", None, None, id="for ever"),
        pytest.param("nan", None, None, id="no number"),
        pytest.param("soon", None, None, id="a word"),
        pytest.param("", "", None, id="blanks"),
        pytest.param(None, None, None, id="nothing"),
    ],
)
def test_a_server_says_how_long_it_wants_to_be_left_alone(
    value: str | None, milliseconds: str | None, seconds: float | None
) -> None:
    assert retry_after_of(value, milliseconds, now=NOW) == seconds


@given(st.text(max_size=40))
def test_no_retry_after_breaks_anything(value: str) -> None:
    seconds = retry_after_of(value, now=NOW)
    assert seconds is None or 0 <= seconds <= LONGEST_RETRY_AFTER


@given(st.lists(st.tuples(st.integers(1, 2_000), st.floats(0, 30)), max_size=40), st.integers(100, 10_000))
def test_no_more_tokens_go_than_a_minutes_worth_and_what_fills_up(
    wanted: list[tuple[int, float]], per_minute: int
) -> None:
    bucket, now, gone = TokenBucket(per_minute), 0.0, 0
    for tokens, passed in wanted:
        now += passed
        while wait := bucket.wait(tokens, now=now):
            now += wait
        gone += tokens
        # What is larger than a minute's worth is let through once the bucket is full, and paid back.
        assert gone - max(tokens - per_minute, 0) <= per_minute * (1 + now / 60) + 1


def test_without_a_limit_nobody_waits() -> None:
    assert TokenBucket(None).wait(10**9, now=0.0) == 0


def test_what_was_not_used_is_given_back() -> None:
    bucket = TokenBucket(100)
    assert bucket.wait(100, now=0.0) == 0
    assert bucket.wait(50, now=0.0) == pytest.approx(30)
    bucket.correct(100, 40)
    assert bucket.wait(50, now=0.0) == 0


def test_the_estimate_follows_what_the_server_counts() -> None:
    estimate = Estimate()
    assert estimate.tokens(2900) == 1001
    for _ in range(40):
        estimate.learn(4000, 1000)
    assert estimate.tokens(4000) == pytest.approx(1000, rel=0.02)
    estimate.learn(10, 0)
    estimate.learn(10**9, 1)
    assert estimate.tokens(4000) > 500


def test_pauses_grow_while_nobody_gets_an_answer_and_end_with_one() -> None:
    door, now = Door(), 0.0
    pauses: list[float] = []
    for _ in range(8):
        pause, others = door.failed(Fallback.UNREACHABLE, now=now)
        assert others is bool(pauses)
        # Whoever failed at the same time makes it no longer.
        assert door.failed(Fallback.TIMEOUT, now=now) == (pause, True)
        pauses.append(pause)
        now += pause
    assert pauses == [30, 60, 120, 240, 480, LONGEST_OUTAGE, LONGEST_OUTAGE, LONGEST_OUTAGE]
    door.failed(Fallback.UNREACHABLE, now=now)
    door.answered()
    assert door.wait(now) == 0


def test_an_answer_does_not_end_a_pause_that_the_server_asked_for() -> None:
    door = Door()
    door.pause(3600, Fallback.RATE_LIMITED, now=0.0)
    door.pause(60, Fallback.UNREACHABLE, now=0.0)
    door.answered()
    assert (door.wait(600.0), door.reason) == (3000, Fallback.RATE_LIMITED)


def test_a_key_that_was_refused_is_tried_again_after_a_while() -> None:
    door = Door()
    door.bar(Fallback.KEY, now=0.0)
    assert door.barred(BARRED - 1) is Fallback.KEY
    assert door.barred(BARRED) is None
