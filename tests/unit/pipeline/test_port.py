"""Pauses between the attempts at a job."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.pipeline.port import NotYet, Retries, RetryAfter

RETRIES = Retries(max_attempts=5, first=timedelta(seconds=2), longest=timedelta(minutes=1))


@pytest.mark.parametrize(
    ("attempt", "seconds"),
    [
        pytest.param(1, 2, id="the first pause"),
        pytest.param(2, 4, id="doubled"),
        pytest.param(5, 32, id="doubled again and again"),
        pytest.param(6, 60, id="held at the longest"),
        pytest.param(10_000, 60, id="never too large for a time"),
    ],
)
def test_pauses_double_until_the_longest(attempt: int, seconds: int) -> None:
    assert RETRIES.pause(attempt) == timedelta(seconds=seconds)


@given(st.integers(1, 10**6), st.timedeltas(timedelta(0), timedelta(days=30)), st.timedeltas(timedelta(0)))
def test_a_pause_is_never_negative_nor_beyond_the_longest(attempt: int, first: timedelta, longest: timedelta) -> None:
    retries = Retries(max_attempts=1, first=first, longest=longest)
    assert timedelta(0) <= retries.pause(attempt) <= longest
    assert retries.pause(attempt) <= retries.pause(attempt + 1)


def test_what_a_handler_asks_for_says_why_and_how_long() -> None:
    asked = RetryAfter("rate limit", after=timedelta(seconds=9))
    assert (str(asked), asked.after, RetryAfter("no").after) == ("rate limit", timedelta(seconds=9), None)
    waiting = NotYet("too early", after=timedelta(seconds=3))
    assert (str(waiting), waiting.after) == ("too early", timedelta(seconds=3))
