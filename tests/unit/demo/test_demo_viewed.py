"""Taking a mail apart never fails, whatever is in it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.demo.mailbox import Received
from newsletter.demo.viewer import viewed

HEADERS = st.sampled_from(
    [
        b"Subject: ",
        b"Content-Type: ",
        b"Content-Disposition: ",
        b"Content-Transfer-Encoding: ",
        b"From: ",
        b"X-\xff: ",
        b"",
    ]
)
VALUES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"text/html; charset=unicode-escape",
            b"multipart/alternative; boundary=x",
            b"multipart/related; start=x",
            b"message/rfc822",
            b"attachment; filename==?unicode-escape?q?\\ud800?=",
            b"=?unicode-escape?q?\\ud800?=",
            b"=?utf-8?b?%?=",
            b"quoted-printable",
            b"base64",
            b"\r\n--x\r\nContent-Type: text/html\r\n\r\n\\ud800",
        ]
    ),
)
LINES = st.lists(st.tuples(HEADERS, VALUES).map(b"".join), max_size=8).map(b"\r\n".join)


@pytest.mark.filterwarnings("ignore:(decoding with|invalid escape):DeprecationWarning")  # of the charset unicode-escape
@given(LINES)
@example(b"Subject: =?unicode-escape?q?\\ud800?=\r\n\r\n")
@example(b"Content-Type: text/html; charset=unicode-escape\r\n\r\n\\ud800")
@example(b"Content-Type: text/html; charset=\xff\r\n\r\n<p>")
def test_no_bytes_keep_a_mail_from_being_shown(raw: bytes) -> None:
    mail = viewed(
        Received(envelope_from="", recipient="a@reader.example", raw=raw, at=datetime(2026, 1, 21, tzinfo=UTC))
    )
    for text in (mail.subject, mail.html or "", mail.text or "", *(part for header in mail.headers for part in header)):
        text.encode()
    assert mail.size == len(raw)
