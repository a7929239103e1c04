"""What a mail that came in is: bytes to a verdict. Pure, never raises, bounded in time and memory."""

from __future__ import annotations

from newsletter.inbound.commands import Word, command_of
from newsletter.inbound.complaints import read_feedback
from newsletter.inbound.homemade import read_homemade
from newsletter.inbound.notice import notice_of
from newsletter.inbound.notification import read_report
from newsletter.inbound.record import MailKind, Verdict
from newsletter.inbound.segments import Mail, read_mail
from newsletter.inbound.senders import (
    from_server,
    has_bounce_subject,
    has_null_sender,
    is_auto_subject,
    is_automatic,
    speaks_as_daemon,
    speaks_as_server,
    to_bounces,
)

_OTHER = Verdict(kind=MailKind.OTHER)
_AUTO_REPLY = Verdict(kind=MailKind.AUTO_REPLY)


def classify(raw: bytes) -> Verdict:
    """Say what a mail is.

    The standards come first (RFC 3464, RFC 5965), for whoever follows them can be believed; then answers of programs
    (RFC 3834), which are never bounces; then what servers say in forms of their own.
    """
    mail = read_mail(raw)
    feedback = read_feedback(mail)
    if feedback is not None:
        if not feedback.against_us:
            return _OTHER
        return Verdict(kind=MailKind.COMPLAINT, complainants=feedback.complainants)
    report = read_report(mail)
    if report.failures and _may_report(mail):
        return Verdict(kind=MailKind.BOUNCE, failures=report.failures)
    if report.speaks and not report.nameless:
        # All is well.
        return _OTHER
    if mail.report_type == "disposition-notification":
        # A receipt (RFC 8098), which some servers use to say that a mailbox is full.
        return _homemade(mail, _AUTO_REPLY) if "automatically rejected" in notice_of(mail).text else _AUTO_REPLY
    return _homemade(mail, _by_somebody(mail))


def _by_somebody(mail: Mail) -> Verdict:
    """Say what a mail is that no server wrote."""
    command = command_of(mail)
    if is_automatic(mail):
        # Mail programs unsubscribe by themselves, when their button for it is pressed (RFC 8058 §2, RFC 2369 §3.2).
        leaves = command is not None and command.word is Word.UNSUBSCRIBE and not is_auto_subject(mail)
        return Verdict(kind=MailKind.COMMAND, command=Word.UNSUBSCRIBE.value) if leaves else _AUTO_REPLY
    if command is None or mail.header("list-id"):
        return _OTHER
    return Verdict(kind=MailKind.COMMAND, command=command.word.value)


def _may_report(mail: Mail) -> bool:
    return mail.report_type == "delivery-status" or from_server(mail) or has_bounce_subject(mail) or is_automatic(mail)


def _homemade(mail: Mail, otherwise: Verdict) -> Verdict:
    """Read a bounce of no standard, where a server wrote the mail by all signs.

    People and newsletters write of failed deliveries too, and some are called much like a server: prose is read only
    where a second sign agrees with the first. What has one sign alone is believed where its form is a known one.
    """
    subject, null, automatic = has_bounce_subject(mail), has_null_sender(mail), is_automatic(mail)
    server = speaks_as_server(mail) or bool(mail.header("x-failed-recipients")) or mail.report_type == "delivery-status"
    listed = bool(mail.header("list-id") or mail.header("list-post")) and not to_bounces(mail)
    if not server and (is_auto_subject(mail) or listed or not (subject or null)):
        return otherwise
    returns = any(segment.quoted or segment.content_type == "text/rfc822-headers" for segment in mail.segments)
    agreed = sum((server, speaks_as_daemon(mail), subject, null and not automatic, returns)) > 1 or (
        subject and automatic
    )
    failures = read_homemade(mail, freely=agreed, certain=subject and (server or null))
    return Verdict(kind=MailKind.BOUNCE, failures=failures) if failures else otherwise
