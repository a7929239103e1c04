"""One pause for everybody who has the same token, told once; and what counts as an outage."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from datetime import timedelta
from typing import Any

import pytest
import structlog

from newsletter.github.faults import LONGEST_PAUSE, RateLimited
from newsletter.github.limit import FIRST_PAUSE, SHORTEST_OUTAGE, Outage, RateLimit
from newsletter.metrics import REGISTRY, exposition, github_paused

MINUTE = timedelta(minutes=1)


class Seconds:
    """A clock that stands still, of seconds since nobody knows when."""

    def __init__(self) -> None:
        self.now = 1234.5

    def __call__(self) -> float:
        return self.now

    def pass_by(self, time: timedelta) -> None:
        self.now += time.total_seconds()


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def limit(seconds: Seconds) -> RateLimit:
    github_paused.set(0)
    return RateLimit(seconds)


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    with structlog.testing.capture_logs() as entries:
        yield entries


def limited(pause: timedelta | None = None) -> RateLimited:
    return RateLimited("GitHub's rate limit is reached", retry_after=pause)


def left(limit: RateLimit) -> timedelta | None:
    """Return how long a request has to wait; None where it may leave."""
    try:
        limit.check()
    except RateLimited as error:
        return error.retry_after
    return None


def paused() -> float | None:
    return REGISTRY.get_sample_value("newsletter_github_paused")


def test_nobody_waits_before_a_limit_is_reached(limit: RateLimit) -> None:
    assert left(limit) is None
    limit.passed()
    assert left(limit) is None
    assert paused() == 0


def test_everybody_waits_for_as_long_as_github_says(limit: RateLimit, seconds: Seconds) -> None:
    assert limit.reached(limited(5 * MINUTE)).retry_after == 5 * MINUTE
    assert left(limit) == 5 * MINUTE
    seconds.pass_by(3 * MINUTE)
    assert left(limit) == 2 * MINUTE
    seconds.pass_by(2 * MINUTE)
    assert left(limit) is None


def test_a_limit_that_does_not_say_how_long_means_a_minute_and_longer_each_time(
    limit: RateLimit, seconds: Seconds
) -> None:
    pauses = []
    for _ in range(9):
        pause = limit.reached(limited()).retry_after
        assert pause is not None
        assert left(limit) == pause
        pauses.append(pause)
        seconds.pass_by(pause)
    assert pauses[:4] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE, 8 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE == max(pauses)


def test_requests_under_way_that_meet_the_same_limit_do_not_make_it_longer(limit: RateLimit, seconds: Seconds) -> None:
    first = limit.reached(limited()).retry_after
    seconds.pass_by(timedelta(seconds=1))
    for _ in range(8):
        assert limit.reached(limited()).retry_after == FIRST_PAUSE - timedelta(seconds=1)
    assert left(limit) == FIRST_PAUSE - timedelta(seconds=1)
    assert first == FIRST_PAUSE
    seconds.pass_by(FIRST_PAUSE)
    assert limit.reached(limited()).retry_after == 2 * FIRST_PAUSE


def test_after_an_answer_the_pauses_begin_anew(limit: RateLimit, seconds: Seconds) -> None:
    for _ in range(3):
        pause = limit.reached(limited()).retry_after
        assert pause is not None
        seconds.pass_by(pause)
    limit.passed()
    assert limit.reached(limited()).retry_after == FIRST_PAUSE


def test_a_shorter_pause_does_not_end_a_longer_one(limit: RateLimit) -> None:
    limit.reached(limited(10 * MINUTE))
    limit.reached(limited(MINUTE))
    assert left(limit) == 10 * MINUTE
    limit.reached(limited(11 * MINUTE))
    assert left(limit) == 11 * MINUTE


def test_an_answer_to_a_request_that_was_under_way_ends_no_pause(limit: RateLimit) -> None:
    limit.reached(limited(5 * MINUTE))
    limit.passed()
    assert left(limit) == 5 * MINUTE
    assert paused() == 1


def test_a_pause_is_told_once_and_so_is_its_end(
    limit: RateLimit, seconds: Seconds, logged: list[MutableMapping[str, Any]]
) -> None:
    for _ in range(5):
        limit.reached(limited(5 * MINUTE))
        left(limit)
        seconds.pass_by(timedelta(seconds=1))
    assert [(entry["action"], entry["log_level"]) for entry in logged] == [("github.limited", "warning")]
    assert logged[0]["seconds"] == 300
    assert paused() == 1
    assert b"newsletter_github_paused 1.0" in exposition()
    seconds.pass_by(5 * MINUTE)
    for _ in range(3):
        limit.passed()
    assert [entry["action"] for entry in logged] == ["github.limited", "github.answers"]
    assert paused() == 0


def test_a_pause_right_after_another_is_told_again(
    limit: RateLimit, seconds: Seconds, logged: list[MutableMapping[str, Any]]
) -> None:
    for _ in range(2):
        limit.reached(limited(MINUTE))
        seconds.pass_by(MINUTE)
    assert [entry["action"] for entry in logged] == ["github.limited"] * 2


class Recoveries:
    """Counts how often an outage was over."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


@pytest.fixture
def recoveries() -> Recoveries:
    return Recoveries()


@pytest.fixture
def outage(recoveries: Recoveries, seconds: Seconds) -> Outage:
    return Outage(recoveries, seconds)


@pytest.mark.parametrize(("length", "told"), [(0.0, 0), (SHORTEST_OUTAGE - 0.5, 0), (SHORTEST_OUTAGE, 1), (86400.0, 1)])
def test_an_outage_of_a_minute_and_more_is_one(
    outage: Outage, seconds: Seconds, recoveries: Recoveries, length: float, told: int
) -> None:
    outage.met()
    seconds.pass_by(timedelta(seconds=length))
    outage.over()
    assert recoveries.count == told


def test_an_outage_lasts_from_the_first_failure_and_is_over_once(
    outage: Outage, seconds: Seconds, recoveries: Recoveries
) -> None:
    for _ in range(4):
        outage.met()
        seconds.pass_by(timedelta(seconds=20))
    for _ in range(3):
        outage.over()
        seconds.pass_by(timedelta(hours=1))
    assert recoveries.count == 1


def test_two_failures_with_an_answer_between_are_no_outage(
    outage: Outage, seconds: Seconds, recoveries: Recoveries
) -> None:
    for _ in range(2):
        outage.met()
        outage.over()
        seconds.pass_by(timedelta(hours=1))
    assert recoveries.count == 0


def test_what_never_failed_does_not_recover(outage: Outage, recoveries: Recoveries) -> None:
    outage.over()
    assert recoveries.count == 0
