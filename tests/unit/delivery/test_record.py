"""The states of a delivery."""

from __future__ import annotations

import pytest

from newsletter.delivery.record import ALLOWED, WAITING, DeliveryStatus

BY_OPERATOR = {DeliveryStatus.FAILED, DeliveryStatus.UNCERTAIN}


def test_every_status_says_where_it_may_lead() -> None:
    assert set(ALLOWED) == set(DeliveryStatus)


@pytest.mark.parametrize("status", [DeliveryStatus.SENT, DeliveryStatus.SKIPPED])
def test_what_is_final_leads_nowhere(status: DeliveryStatus) -> None:
    assert ALLOWED[status] == frozenset()


def test_nothing_is_sent_that_did_not_say_so_before() -> None:
    """Uncertain is what was sending when its process was taken for dead."""
    sources = {status for status, targets in ALLOWED.items() if DeliveryStatus.SENT in targets}
    assert sources == {DeliveryStatus.SENDING, DeliveryStatus.UNCERTAIN}


def test_an_attempt_starts_only_from_a_waiting_status() -> None:
    starts = {status for status, targets in ALLOWED.items() if DeliveryStatus.SENDING in targets}
    assert starts == set(WAITING)


def test_only_an_operator_queues_again() -> None:
    assert {status for status, targets in ALLOWED.items() if DeliveryStatus.QUEUED in targets} == BY_OPERATOR
