"""A letter of the service to whoever operates it: plain text, and nothing of a mailing list about it. Pure."""

from __future__ import annotations

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

#: 7-bit, so that no relay has to encode it anew.
_POLICY = SMTP.clone(cte_type="7bit", utf8=False)


def notice_bytes(*, subject: str, text: str, sender: Address, recipient: str, message_id: str, date: datetime) -> bytes:
    """Return the whole message: CRLF line ends, 7-bit.

    :param recipient: a mail address, ASCII before the ``@`` and in its domain.
    :raises ValueError: a header cannot be written.
    """
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender
    message["To"] = Address(addr_spec=recipient)
    message["Date"] = date
    message["Subject"] = subject
    message["Message-ID"] = message_id
    # RFC 3834 §5: nobody's holiday is to answer it.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="quoted-printable")
    return message.as_bytes()
