"""What each reply at each stage of a dialogue means, and for whom."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.delivery.outcome import LONGEST_REPLY, enhanced_code, lost_connection, outcome_of, reply_of
from newsletter.delivery.record import DeliveryStatus, Outcome, Reply, Stage

SENT, DEFERRED, FAILED = DeliveryStatus.SENT, DeliveryStatus.DEFERRED, DeliveryStatus.FAILED

#: Reply, and what it means once the recipient is named: status, and whether it is about us.
REPLIES = [
    ("421 4.3.2 shutting down", DEFERRED, True),
    ("421 4.7.0 too many connections", DEFERRED, True),
    ("450 4.2.1 mailbox busy", DEFERRED, False),
    ("451 4.7.1 greylisted", DEFERRED, False),
    ("452 4.2.2 mailbox full", DEFERRED, False),
    ("451 no enhanced code", DEFERRED, False),
    ("454 5.7.3 not signed in", DEFERRED, True),
    ("550 5.1.1 no such user", FAILED, False),
    ("550 5.1.2 no such domain", FAILED, False),
    ("550 5.1.3 bad address", FAILED, False),
    ("550 5.1.6 moved away", FAILED, False),
    ("556 5.1.10 takes no mail", FAILED, False),
    ("550 5.2.1 mailbox disabled", FAILED, False),
    ("552 5.2.2 mailbox full", FAILED, False),
    ("552 5.3.4 message too big", FAILED, False),
    ("553 5.6.7 address needs SMTPUTF8", FAILED, False),
    ("550 no such user", FAILED, False),
    ("550 no such user at 5.7.12.9 (Exim 5.7.1.2)", FAILED, False),
    ("550 5.1.1 asked 5.7.1.9", FAILED, False),
    ("530 5.7.0 sign in first", DEFERRED, True),
    ("550 5.7.1 blocked", DEFERRED, True),
    ("554 5.7.9 not aligned", DEFERRED, True),
    ("550 5.7.26 not authenticated", DEFERRED, True),
    ("550-5.7.1 blocked, 550 5.1.1 see above", DEFERRED, True),
    ("550 #5.7.1 blocked", DEFERRED, True),
    ("550 blocked (5.7.1).", DEFERRED, True),
]


def said(line: str) -> Reply:
    return reply_of(int(line[:3]), line[4:])


@pytest.mark.parametrize("stage", [Stage.RECIPIENT, Stage.DATA, Stage.MESSAGE])
@pytest.mark.parametrize(("line", "status", "ours"), REPLIES, ids=[line for line, _, _ in REPLIES])
def test_a_refusal_once_the_recipient_is_named_says_whom_it_concerns(
    line: str, status: DeliveryStatus, ours: bool, stage: Stage
) -> None:
    outcome = outcome_of(stage, said(line))
    assert (outcome.status, outcome.reply, outcome.sender_fault) == (status, said(line), ours)


@pytest.mark.parametrize(
    ("stage", "line", "one_domain"),
    [
        pytest.param(Stage.RECIPIENT, "550 5.7.1 blocked", True, id="a policy at the recipient"),
        pytest.param(Stage.RECIPIENT, "554 5.7.9 not aligned", True, id="another one"),
        pytest.param(Stage.DATA, "550 5.7.1 blocked", False, id="a policy once all is known"),
        pytest.param(Stage.MESSAGE, "554 5.7.1 spam", False, id="the message, which is everybody's"),
        pytest.param(Stage.MAIL, "550 5.7.1 blocked", False, id="before the recipient is named"),
        pytest.param(Stage.RECIPIENT, "530 5.7.0 sign in first", False, id="the relay's own authentication"),
        pytest.param(Stage.RECIPIENT, "454 5.7.3 not signed in", False, id="its failure"),
        pytest.param(Stage.RECIPIENT, "421 5.7.1 closing", False, id="the relay closes"),
        pytest.param(Stage.RECIPIENT, "550 5.1.1 no such user", False, id="the recipient's own"),
    ],
)
def test_only_a_policy_at_the_recipient_may_be_one_domains_own(stage: Stage, line: str, one_domain: bool) -> None:
    assert outcome_of(stage, said(line)).one_domain is one_domain


@pytest.mark.parametrize("stage", [Stage.CONNECT, Stage.MAIL])
@pytest.mark.parametrize("line", [line for line, _, _ in REPLIES])
def test_a_refusal_before_the_recipient_is_named_charges_nobody(line: str, stage: Stage) -> None:
    assert outcome_of(stage, said(line)) == Outcome(status=DEFERRED, reply=said(line), sender_fault=True)


@pytest.mark.parametrize("code", [200, 250, 251, 299])
def test_a_positive_reply_to_the_message_means_sent(code: int) -> None:
    reply = Reply(code=code, text="2.0.0 queued as 5.7.1")
    assert outcome_of(Stage.MESSAGE, reply) == Outcome(status=SENT, reply=reply)


@pytest.mark.parametrize(("stage", "code"), [(stage, 250) for stage in Stage if stage is not Stage.MESSAGE], ids=str)
def test_a_positive_reply_before_the_message_ends_nothing(stage: Stage, code: int) -> None:
    with pytest.raises(ValueError, match="ends nothing"):
        outcome_of(stage, Reply(code=code, text="fine"))


@pytest.mark.parametrize(("stage", "code"), list(product(Stage, [-1, 0, 100, 334, 354, 399, 600, 999])))
def test_a_reply_that_is_not_final_means_nothing(stage: Stage, code: int) -> None:
    with pytest.raises(ValueError, match="no final reply"):
        outcome_of(stage, Reply(code=code, text="well"))


@given(
    stage=st.sampled_from(Stage),
    code=st.integers(400, 599),
    detail=st.integers(0, 999),
    before=st.sampled_from(["", "#", "(", "Blocked: "]),
)
def test_a_policy_never_charges_a_reader(stage: Stage, code: int, detail: int, before: str) -> None:
    outcome = outcome_of(stage, Reply(code=code, text=f"{before}5.7.{detail} see our policy"))
    assert (outcome.status, outcome.sender_fault) == (DEFERRED, True)


@pytest.mark.parametrize(
    ("stage", "status", "ours"),
    [
        pytest.param(Stage.CONNECT, DEFERRED, True, id="while connecting"),
        pytest.param(Stage.MAIL, DEFERRED, True, id="before the recipient"),
        pytest.param(Stage.RECIPIENT, DEFERRED, True, id="at the recipient"),
        pytest.param(Stage.DATA, DEFERRED, True, id="before the message"),
        pytest.param(Stage.MESSAGE, DeliveryStatus.UNCERTAIN, False, id="after the message"),
    ],
)
def test_a_lost_connection_is_uncertain_only_after_the_message(
    stage: Stage, status: DeliveryStatus, ours: bool
) -> None:
    lost = lost_connection(stage, "reset by\r\npeer")
    assert lost == Outcome(status=status, reply=Reply(code=0, text="reset by peer"), sender_fault=ours)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("5.1.1 no such user", "5.1.1", id="at the start"),
        pytest.param("4.7.650 slow down", "4.7.650", id="three digits"),
        pytest.param("no such user", None, id="none"),
        pytest.param("see 15.1.1", None, id="longer number"),
        pytest.param("see 5.1.1.7", None, id="address of a machine"),
        pytest.param("see 10.5.1.1", None, id="end of an address of a machine"),
        pytest.param("see v5.1.1 and 5.1.1rc2", None, id="version of a program"),
        pytest.param("see 5.1.1.", "5.1.1", id="end of a sentence"),
        pytest.param("3.1.1 no class", None, id="no class of that number"),
        pytest.param("5.1.1234", None, id="too many digits"),
    ],
)
def test_the_enhanced_code_is_found_and_nothing_is_taken_for_one(text: str, code: str | None) -> None:
    assert enhanced_code(Reply(code=550, text=text)) == code


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        pytest.param("5.1.1 no such user", "5.1.1 no such user", id="plain"),
        pytest.param("5.1.1 no\n5.1.1 such\r\nuser", "5.1.1 no 5.1.1 such user", id="several lines"),
        pytest.param("bad \udcff\udcfe bytes", "bad ?? bytes", id="bytes that are no text"),
        pytest.param("\x1b[31mred\x00\x07 \u202ebidi\u2028", "[31mred bidi", id="controls"),
        pytest.param("用户不存在", "用户不存在", id="chinese"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_a_reply_is_kept_as_one_readable_line(text: str, kept: str) -> None:
    assert reply_of(550, text) == Reply(code=550, text=kept)


@given(text=st.text(st.characters(), max_size=50), times=st.integers(1, 300))
@example(text="\udcff\x00\r\n x", times=2000)
@example(text="word ", times=2000)
def test_every_reply_can_be_stored(text: str, times: int) -> None:
    kept = reply_of(550, text * times).text
    assert len(kept) <= LONGEST_REPLY
    assert kept.isprintable()
    assert kept.encode().decode() == kept
