"""What a refusal says against its reader."""

from __future__ import annotations

import pytest

from newsletter.delivery.outcome import outcome_of
from newsletter.delivery.record import DeliveryStatus, Outcome, Reply, Stage
from newsletter.inbound.classify import classify
from newsletter.pipeline.setbacks import setback_of_mail, setback_of_outcome
from subscribers import Setback
from tests.support.returned import dsn, mail


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("550 5.1.1 no such user", (Setback.HARD, "5.1.1")),
        ("550 5.2.1 mailbox disabled", (Setback.HARD, "5.2.1")),
        ("550 User unknown", (Setback.HARD, None)),
        ("552 5.2.2 mailbox full", (Setback.SOFT, "5.2.2")),
        ("550 rejected as spam", None),
        ("554 5.7.1 blocked using zen", None),
        ("553 5.6.7 The relay does not offer SMTPUTF8", None),
        ("451 4.7.1 greylisted", None),
    ],
)
def test_a_refusal_in_the_dialogue_is_weighed(reply: str, expected: tuple[Setback, str | None] | None) -> None:
    code, _, text = reply.partition(" ")
    outcome = outcome_of(Stage.RECIPIENT, Reply(code=int(code), text=text))
    assert setback_of_outcome(outcome) == expected


def test_who_was_deferred_for_too_long_has_a_soft_setback() -> None:
    outcome = Outcome(status=DeliveryStatus.FAILED, reply=Reply(code=451, text="4.4.1 try again later"))
    assert setback_of_outcome(outcome) == (Setback.SOFT, "4.4.1")


def test_a_message_that_could_not_be_written_is_nobodys_setback() -> None:
    outcome = Outcome(status=DeliveryStatus.FAILED, reply=Reply(code=0, text="the message cannot be written"))
    assert setback_of_outcome(outcome) is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("Action: failed\nStatus: 5.1.1", (Setback.HARD, "5.1.1")),
        ("Action: failed\nStatus: 5.2.2", (Setback.SOFT, "5.2.2")),
        ("Action: failed\nStatus: 5.7.1", None),
        ("Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 over quota", (Setback.SOFT, "5.0.0")),
        ("Action: failed\nStatus: 4.4.7", (Setback.SOFT, "4.4.7")),
        ("Action: delayed\nStatus: 4.4.1", None),
        ("Action: delivered\nStatus: 2.0.0", None),
    ],
)
def test_a_mail_that_came_back_is_weighed(fields: str, expected: tuple[Setback, str] | None) -> None:
    assert setback_of_mail(classify(dsn(f"Final-Recipient: rfc822; a@example.org\n{fields}"))) == expected


def test_a_holiday_is_no_setback() -> None:
    assert setback_of_mail(classify(mail("Out of office", "Back on Monday", sender="ada@example.org"))) is None
