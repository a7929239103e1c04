"""Mails as servers send them back."""

from __future__ import annotations

from collections.abc import Mapping
from email.header import Header

DAEMON = "Mail Delivery System <MAILER-DAEMON@mail.example.net>"


def mail(
    subject: str,
    text: str,
    *,
    sender: str = DAEMON,
    to: str = "digest@news.example.com",
    type_: str = "text/plain; charset=utf-8",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """Return a mail of one part, by default from a mail server to us."""
    lines = [f"From: {sender}", f"To: {to}", f"Subject: {Header(subject, 'utf-8').encode()}", "MIME-Version: 1.0"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    lines += [f"Content-Type: {type_}", "Content-Transfer-Encoding: 8bit", "", text, ""]
    return "\n".join(lines).encode()


def dsn(
    fields: str, *, text: str = "This is the mail system at host mail.example.net.", to: str | None = None
) -> bytes:
    """Return a delivery status notification (RFC 3464) with the fields of its recipients."""
    return f"""From: {DAEMON}
To: {to or "digest@news.example.com"}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=b"

--=b
Content-Type: text/plain; charset=utf-8

{text}

--=b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.net
Arrival-Date: Mon, 5 Jan 2026 00:00:00 +0000

{fields}

--=b
Content-Type: message/rfc822

From: digest@news.example.com
To: reader@example.org
Subject: Monday

Hello
--=b--
""".encode()
