"""How often the password may be tried, and by whom."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.web.admin.throttle import ALL, EACH, REMEMBERED, Allowance, Throttle


class Seconds:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def throttle(seconds: Seconds) -> Throttle:
    return Throttle(seconds)


def allowed(throttle: Throttle, address: str | None = "192.0.2.1", *, device: str | None = None) -> int:
    """Try until it is refused; returns how often it was not."""
    number = 0
    while not throttle.attempt(address, device_id=device):
        number += 1
    return number


def test_an_address_has_some_attempts_and_then_one_at_a_time(throttle: Throttle, seconds: Seconds) -> None:
    assert allowed(throttle) == EACH.attempts
    assert throttle.attempt("192.0.2.1", device_id=None) == EACH.pause
    seconds.now += EACH.pause - 0.5
    assert throttle.attempt("192.0.2.1", device_id=None) == 1
    seconds.now += 0.5
    assert allowed(throttle) == 1
    seconds.now += 1000 * EACH.pause
    assert allowed(throttle) == EACH.attempts


def test_all_strangers_together_have_an_end_as_well(throttle: Throttle) -> None:
    assert sum(allowed(throttle, f"192.0.2.{number}") for number in range(100)) == ALL.attempts


def test_a_known_browser_is_not_kept_out_by_strangers(throttle: Throttle) -> None:
    for number in range(100):
        allowed(throttle, f"192.0.2.{number}")
    assert allowed(throttle, device="mine") == EACH.attempts
    assert allowed(throttle, device="mine") == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param("192.0.2.1", "192.0.2.2", False, id="two addresses"),
        pytest.param("2001:db8::1", "2001:db8::ffff:2", True, id="one network of IPv6"),
        pytest.param("2001:db8::1", "2001:db8:0:1::1", False, id="two networks of IPv6"),
        pytest.param("::ffff:192.0.2.1", "192.0.2.1", True, id="IPv4 written as IPv6"),
        pytest.param("fe80::1%eth0", "fe80::2%eth1", True, id="an address with its interface"),
        pytest.param(None, "", True, id="nobody knows where from"),
    ],
)
def test_who_is_one_and_who_is_another(throttle: Throttle, one: str | None, other: str | None, same: bool) -> None:
    allowed(throttle, one)
    assert allowed(throttle, other) == (0 if same else EACH.attempts)


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 60)), max_size=60))
def test_nobody_ever_has_more_than_was_promised(tries: list[tuple[int, float]]) -> None:
    seconds = Seconds()
    each, everybody = Allowance(attempts=3, pause=7), Allowance(attempts=5, pause=2)
    throttle = Throttle(seconds, each=each, everybody=everybody)
    taken = dict.fromkeys(range(4), 0)
    for address, pause in tries:
        seconds.now += pause
        if not throttle.attempt(f"192.0.2.{address}", device_id=None):
            taken[address] += 1
        passed = seconds.now - 1000
        assert all(number <= each.attempts + passed / each.pause + 1e-6 for number in taken.values())
        assert sum(taken.values()) <= everybody.attempts + passed / everybody.pause + 1e-6


def test_addresses_fill_no_memory(seconds: Seconds) -> None:
    throttle = Throttle(seconds)
    for number in range(REMEMBERED + 500):
        throttle.attempt(f"10.0.{number // 250}.{number % 250}", device_id=None)
    assert len(throttle._buckets) == REMEMBERED
