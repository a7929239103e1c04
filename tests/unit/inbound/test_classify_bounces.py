"""Bounces as servers write them: each small, made up, and of a form that is met in the wild."""

from __future__ import annotations

import pytest

from newsletter.inbound.classify import classify
from newsletter.inbound.record import Cause, MailKind
from tests.support.returned import dsn, mail


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param(
            "Final-Recipient: rfc822; gone@example.org\nAction: failed\nStatus: 5.1.1\n"
            "Diagnostic-Code: smtp; 550 5.1.1 <gone@example.org>: User unknown",
            ("gone@example.org", True, "5.1.1", Cause.GONE),
            id="a mailbox that is gone",
        ),
        pytest.param(
            "Original-Recipient: rfc822;gone@example.org\nFinal-Recipient: rfc822;g.one@inner.example.net\n"
            "Action: failed\nStatus: 5.1.1",
            ("gone@example.org", True, "5.1.1", Cause.GONE),
            id="the address we wrote to, and not the one it was forwarded to",
        ),
        pytest.param(
            "Final-Recipient: utf-8; m\\x{FC}ller@example.org\nAction: failed\nStatus: 5.1.1",
            ("müller@example.org", True, "5.1.1", Cause.GONE),
            id="an address outside ASCII as RFC 6533 escapes it",
        ),
        pytest.param(
            "Final-Recipient: rfc822; full@example.org\nAction: failed\nStatus: 5.2.2\n"
            "Diagnostic-Code: smtp; 552 5.2.2 Mailbox full",
            ("full@example.org", False, "5.2.2", Cause.FULL),
            id="a full mailbox by its code",
        ),
        pytest.param(
            "Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.7.1\n"
            "Diagnostic-Code: smtp; 550 5.7.1 User unknown or policy",
            ("a@example.org", False, "5.7.1", Cause.OURS),
            id="policy, whatever is said besides",
        ),
        pytest.param(
            "Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.0.0\n"
            "Diagnostic-Code: smtp; 554 Your access has been rejected due to the sending MTA's poor reputation",
            ("a@example.org", False, "5.0.0", Cause.OURS),
            id="reputation said in prose",
        ),
        pytest.param(
            "Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.0.0\n"
            "Diagnostic-Code: smtp; 550 Rejected (in reply to MAIL FROM command)",
            ("a@example.org", False, "5.0.0", Cause.OURS),
            id="refused before the recipient was named",
        ),
        pytest.param(
            "Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.0.0\n"
            "Diagnostic-Code: smtp; 550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found",
            ("a@example.org", True, "5.1.10", Cause.GONE),
            id="the server that refused knows better than the one that reports",
        ),
        pytest.param(
            "Final-Recipient: rfc822; a@example.org\nAction: delayed\nStatus: 4.4.1\n"
            "Diagnostic-Code: smtp; connection timed out",
            ("a@example.org", False, "4.4.1", Cause.PASSING),
            id="a delay",
        ),
        pytest.param(
            "Action: error\nFinal-Recipient: a@example.org\nStatus: 5.1.2",
            ("a@example.org", True, "5.1.2", Cause.GONE),
            id="another word for failed, and no type of address",
        ),
    ],
)
def test_a_notification_is_read(fields: str, expected: tuple[str, bool, str, Cause]) -> None:
    verdict = classify(dsn(fields))
    assert verdict.kind is MailKind.BOUNCE
    (failure,) = verdict.failures
    assert (failure.address, failure.permanent, failure.status, failure.cause) == expected


def test_each_recipient_of_a_notification_is_weighed_alone_and_the_lost_ones_are_named() -> None:
    verdict = classify(
        dsn(
            "Final-Recipient: rfc822; gone@example.org\nAction: failed\nStatus: 5.1.1\n\n"
            "Final-Recipient: rfc822; full@example.org\nAction: failed\nStatus: 5.2.2\n\n"
            "Final-Recipient: rfc822; well@example.org\nAction: relayed\nStatus: 2.1.5"
        )
    )
    assert [failure.address for failure in verdict.failures] == ["gone@example.org", "full@example.org"]
    assert (verdict.permanent, verdict.recipients, verdict.status) == (True, ("gone@example.org",), "5.1.1")


def test_recipients_that_no_empty_line_parts_are_told_apart() -> None:
    verdict = classify(
        dsn(
            "Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.1.1\n"
            "Final-Recipient: rfc822; b@example.org\nAction: failed\nStatus: 5.1.1"
        )
    )
    assert verdict.recipients == ("a@example.org", "b@example.org")


FIELDS = "Final-Recipient: rfc822; gone@example.org\nAction: failed\nStatus: 5.1.1"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(dsn(FIELDS).replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(dsn(FIELDS).replace(b"\n", b"\r"), id="CR alone"),
        pytest.param(dsn(FIELDS).replace(b'boundary="=b"', b'boundary="=another"'), id="boundary that is not there"),
        pytest.param(dsn(FIELDS).partition(b"Content-Type: message/rfc822")[0], id="cut off before the returned mail"),
        pytest.param(dsn(FIELDS).replace(b"message/delivery-status", b"text/plain"), id="fields as plain text"),
        pytest.param(b"From MAILER-DAEMON  Mon Jan  5 00:00:00 2026\n" + dsn(FIELDS), id="out of an mbox"),
        pytest.param(
            mail("Delivery Status Notification (Failure)", "", type_="multipart/mixed; boundary=outer").rstrip()
            + b"\n\n--outer\n" + dsn(FIELDS).partition(b"MIME-Version: 1.0\n")[2] + b"\n--outer--\n",
            id="inside another multipart",
        ),
    ],
)  # fmt: skip
def test_a_broken_notification_is_read_all_the_same(raw: bytes) -> None:
    verdict = classify(raw)
    assert (verdict.kind, verdict.permanent, verdict.recipients) == (MailKind.BOUNCE, True, ("gone@example.org",))


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded", "deliverable"])
def test_a_notification_that_all_is_well_is_no_bounce(action: str) -> None:
    fields = f"Final-Recipient: rfc822; well@example.org\nAction: {action}\nStatus: 2.1.5"
    assert classify(dsn(fields)).kind is MailKind.OTHER


QMAIL = """Hi. This is the qmail-send program at mail.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<gone@example.org>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 no such user
Giving up on 192.0.2.1.

<full@example.org>:
192.0.2.1 does not like recipient.
Remote host said: 552 5.2.2 mailbox full
Giving up on 192.0.2.1.

--- Below this line is a copy of the message.

Return-Path: <bounce@news.example.com>
To: somebody.else@example.org
"""


def test_servers_that_write_prose_are_read_address_by_address() -> None:
    verdict = classify(mail("failure notice", QMAIL))
    assert [(failure.address, failure.cause) for failure in verdict.failures] == [
        ("full@example.org", Cause.FULL),
        ("gone@example.org", Cause.GONE),
    ]
    assert verdict.recipients == ("gone@example.org",)


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        pytest.param(
            "Undelivered Mail", "Could not reach gone@example.org [User unknown]", id="words nobody collected"
        ),
        pytest.param("投递失败", "您的邮件无法投递到 <gone@example.org>，该用户不存在", id="Chinese"),
        pytest.param("Unzustellbar: Hallo", "Empfänger: gone@example.org\nFehler: Benutzer unbekannt", id="German"),
        pytest.param("Échec de remise", "Le destinataire gone@example.org est inconnu.", id="French"),
        pytest.param("配信エラー 不達", "宛先: gone@example.org\n宛先のメールアドレスが見つかりません", id="Japanese"),
    ],
)
def test_a_bounce_in_prose_of_any_language_names_who_failed(subject: str, text: str) -> None:
    verdict = classify(mail(subject, text))
    assert (verdict.kind, verdict.permanent, verdict.recipients) == (MailKind.BOUNCE, True, ("gone@example.org",))


def test_a_header_of_exim_names_those_that_failed() -> None:
    raw = mail("Mail delivery failed", "All hosts are down", headers={"X-Failed-Recipients": "a@b.org, c@d.org"})
    assert classify(raw).recipients == ("a@b.org", "c@d.org")


def test_a_bounce_that_names_nobody_is_about_whom_the_returned_mail_was_to() -> None:
    raw = mail("Undeliverable", "It could not be delivered.\n\nReturn-Path: <x@news.example.com>\nTo: a@example.org")
    assert classify(raw).recipients == ("a@example.org",)
