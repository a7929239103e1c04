"""Mails that are no bounces, however much they look like it."""

from __future__ import annotations

import pytest

from newsletter.inbound.classify import classify
from newsletter.inbound.record import MailKind
from tests.support.returned import DAEMON, dsn, mail

PERSON = "Ada <ada@example.org>"
QUOTED = "Hello, this came back to me:\n\n> <gone@example.org>: host mx.example.org said: 550 5.1.1 User unknown\n"


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        pytest.param(
            mail("Automatic reply: Monday", "Not in until 5 May. Mail to bob@example.org fails: 550 unknown user",
                 sender=PERSON, headers={"Auto-Submitted": "auto-replied", "Return-Path": "<>"}),
            MailKind.AUTO_REPLY, id="holiday",
        ),
        pytest.param(
            mail("自动回复：摘要", "我在休假", sender=PERSON),
            MailKind.AUTO_REPLY, id="holiday in Chinese, by its subject alone",
        ),
        pytest.param(
            mail("Re: Monday", "The address ada@example.org is no longer in use.", sender=PERSON,
                 headers={"Auto-Submitted": "auto-replied", "Return-Path": "<>"}),
            MailKind.AUTO_REPLY, id="somebody who left, says a program in their stead",
        ),
        pytest.param(
            mail("Please confirm your message", "Your mail to ada@example.org waits until you answer this one.",
                 sender=PERSON, headers={"Auto-Submitted": "auto-replied"}),
            MailKind.AUTO_REPLY, id="challenge",
        ),
        pytest.param(
            mail("Read: Monday", "Your message was read", sender=PERSON,
                 type_='multipart/report; report-type=disposition-notification; boundary="x"'),
            MailKind.AUTO_REPLY, id="receipt",
        ),
        pytest.param(mail("Undelivered Mail?", QUOTED, sender=PERSON), MailKind.OTHER, id="a person who quotes one"),
        pytest.param(
            mail("Fwd: Undelivered Mail Returned to Sender", QUOTED.replace("> ", ""), sender=PERSON),
            MailKind.OTHER, id="a person who forwards a bounce",
        ),
        pytest.param(
            mail("[list] delivery failure of parcels", "Could not be delivered: 550 box full, ask bob@example.org",
                 sender=PERSON, headers={"List-Id": "<parcels.example.org>"}),
            MailKind.OTHER, id="a list about deliveries",
        ),
        pytest.param(
            mail("Your weekly questions", "Is spam from bob@example.org against the policy? Error 550, no such user",
                 sender="Mail Server Exchange <noreply@exchange.example>"),
            MailKind.OTHER, id="a newsletter whose name sounds like a server's",
        ),
        pytest.param(mail("Hello", "What a nice digest!", sender=PERSON), MailKind.OTHER, id="a person"),
        pytest.param(b"", MailKind.OTHER, id="nothing"),
        pytest.param(b"\0" * 5000, MailKind.OTHER, id="zeros"),
        pytest.param(b"From nobody", MailKind.OTHER, id="the line between two mails alone"),
    ],
)  # fmt: skip
def test_what_is_no_bounce_is_not_taken_for_one(raw: bytes, kind: MailKind) -> None:
    verdict = classify(raw)
    assert (verdict.kind, verdict.failures) == (kind, ())


def test_a_notification_that_a_person_attached_is_not_believed() -> None:
    inner = dsn("Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.1.1").decode()
    text = f"--x\nContent-Type: text/plain\n\nsee below\n--x\nContent-Type: message/rfc822\n\n{inner}\n--x--"
    raw = mail("have a look", text, sender=PERSON, type_="multipart/mixed; boundary=x")  # fmt: skip
    assert classify(raw).kind is MailKind.OTHER


COMPLAINT = """--f
Content-Type: text/plain

This is an abuse report.
--f
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Example/1.0
Version: 1
{field}
--f
Content-Type: message/rfc822

From: digest@news.example.com
To: reader@example.org
Subject: Monday

Hello
--f--
"""


@pytest.mark.parametrize(
    ("kind", "field", "expected"),
    [
        pytest.param(
            "abuse", "Original-Rcpt-To: <a@example.org>", (MailKind.COMPLAINT, ("a@example.org",)), id="abuse"
        ),
        pytest.param("abuse", "", (MailKind.COMPLAINT, ("reader@example.org",)), id="who is known from the mail alone"),
        pytest.param(
            "opt-out", "Removal-Recipient: a@example.org", (MailKind.COMPLAINT, ("a@example.org",)), id="opt-out"
        ),
        pytest.param("not-spam", "", (MailKind.OTHER, ()), id="not spam after all"),
        pytest.param("auth-failure", "Auth-Failure: dmarc", (MailKind.OTHER, ()), id="a report of DMARC"),
    ],
)
def test_a_feedback_report_is_a_complaint_where_somebody_complains(
    kind: str, field: str, expected: tuple[MailKind, tuple[str, ...]]
) -> None:
    raw = mail("complaint", COMPLAINT.format(kind=kind, field=field), sender="fbl@isp.example",
               type_="multipart/report; report-type=feedback-report; boundary=f")  # fmt: skip
    verdict = classify(raw)
    assert (verdict.kind, verdict.recipients) == expected


def test_a_mail_that_a_program_sends_to_unsubscribe_is_a_command() -> None:
    raw = mail("unsubscribe", "Sent by the mail program.", sender=PERSON, to="unsubscribe+TOKEN@news.example.com",
               headers={"Auto-Submitted": "auto-replied"})  # fmt: skip
    verdict = classify(raw)
    assert (verdict.kind, verdict.command) == (MailKind.COMMAND, "unsubscribe")


def test_a_server_that_bounces_a_command_gives_none() -> None:
    raw = mail("unsubscribe", "<gone@example.org>: 550 5.1.1 User unknown", sender=DAEMON)
    assert classify(raw).kind is MailKind.BOUNCE
