"""GitHub's log of its attempts: an event came if any attempt at it did."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from newsletter.github.hooks import LOG_KEPT, OVERLAP, PAUSES, begin_of_round, looked_through, next_asking
from newsletter.github.record import HookDelivery
from tests.support.clock import NOON

ATTEMPTS = st.lists(
    st.builds(
        HookDelivery,
        id=st.integers(1, 999),
        hook_id=st.sampled_from(["a", "b", "c"]),
        event=st.sampled_from(["push", "installation", "star"]),
        at=st.just(NOON),
        status=st.sampled_from([0, 200, 202, 301, 401, 500, 503]),
    ),
    unique_by=lambda attempt: attempt.id,
)


@given(ATTEMPTS)
def test_every_used_event_either_came_or_is_missed_once_whatever_the_order(attempts: list[HookDelivery]) -> None:
    found = looked_through(attempts)
    used = [attempt for attempt in attempts if attempt.event != "star"]
    assert found == looked_through(reversed(attempts))
    assert found.came == {attempt.hook_id for attempt in used if attempt.status in {200, 202}}
    missed = [attempt.hook_id for attempt in found.missed]
    assert len(missed) == len(set(missed))
    assert set(missed) == {attempt.hook_id for attempt in used} - found.came
    for latest in found.missed:
        assert latest.id == max(each.id for each in used if each.hook_id == latest.hook_id)


def test_a_round_begins_a_little_before_the_last_one_ended_and_never_before_the_log_does() -> None:
    assert begin_of_round(NOON, seen_until=None) == NOON - LOG_KEPT
    assert begin_of_round(NOON, seen_until=NOON - timedelta(hours=1)) == NOON - timedelta(hours=1) - OVERLAP
    assert begin_of_round(NOON, seen_until=NOON - timedelta(days=9)) == NOON - LOG_KEPT
    # A clock that once ran ahead is not believed.
    assert begin_of_round(NOON, seen_until=NOON + timedelta(days=9)) == NOON - OVERLAP


def test_an_event_is_asked_for_a_few_times() -> None:
    times = [next_asking(NOON, asked=asked) for asked in range(1, len(PAUSES) + 2)]
    assert times == [*(NOON + pause for pause in PAUSES), None]
    assert sorted(PAUSES) == list(PAUSES)
