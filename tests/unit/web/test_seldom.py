"""What anybody can cause at will fills no log."""

from __future__ import annotations

from newsletter.web.seldom import Seldom


def test_the_first_is_said_at_once_and_those_that_follow_together_after_a_while() -> None:
    now = 100.0
    seldom = Seldom(10, clock=lambda: now)
    assert seldom.happened() == 1
    assert [seldom.happened() for _ in range(5)] == [0] * 5
    now = 110.0
    assert seldom.happened() == 6
    assert seldom.happened() == 0
