"""Anything at all is classified, within bounds of memory and work."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.inbound.classify import classify
from newsletter.inbound.segments import LONGEST_MAIL, MOST_SEGMENTS, read_mail
from tests.support.returned import DAEMON, dsn, mail

_FIELDS = st.lists(
    st.sampled_from(
        [
            "Final-Recipient: rfc822; a@example.org",
            "Original-Recipient: rfc822;",
            "Action: failed",
            "Action: \udcff",
            "Status: 5.1.1",
            "Status: 9.9",
            "Diagnostic-Code: smtp; 550-5.1.1",
            " continued",
            "",
            "--=b",
            "--=b--",
            "Content-Type: multipart/mixed; boundary==b",
            "Content-Type: message/rfc822",
            "Content-Transfer-Encoding: base64",
            "Content-Type: text/html; charset=idna",
            "To: <>",
            "From: Mail Delivery System <MAILER-DAEMON>",
            "Subject: =?utf-8?b?=?= =?bad?q?=ff?=",
        ]
    ),
    max_size=40,
)


@given(st.binary(max_size=2000))
def test_any_bytes_are_classified(raw: bytes) -> None:
    classify(raw)


@given(_FIELDS, _FIELDS)
def test_any_jumble_of_what_reports_hold_is_classified(head: list[str], body: list[str]) -> None:
    raw = "\n".join([*head, "", *body]).encode("utf-8", "surrogateescape")
    for failure in classify(raw).failures:
        assert "@" in failure.address
        assert not any(character.isspace() for character in failure.address.rpartition("@")[2])


def test_a_sender_that_is_no_address_does_not_stop_the_collected_forms() -> None:
    # A detector of flufl.bounce 6.0.0 takes the first address of From without looking whether there is one.
    raw = mail("failure notice", "<gone@example.org>:\n550 5.1.1 no such user", sender="MAILER-DAEMON (,")
    assert classify(raw).recipients == ("gone@example.org",)


@pytest.mark.parametrize(
    "charset", ["zlib", "idna", "punycode", "unicode_escape", "undefined", "utf-7", "no such", "rot13", "\udcff"]
)
def test_a_character_set_that_is_none_harms_nothing(charset: str) -> None:
    raw = mail("Undeliverable", "<gone@example.org>: 550 5.1.1 User unknown", type_="text/plain")
    raw = raw.replace(b"text/plain", b"text/plain; charset=" + charset.encode("utf-8", "surrogateescape"))
    assert classify(raw).recipients == ("gone@example.org",)


def test_a_mail_nested_a_hundred_thousand_deep_has_a_bounded_number_of_segments() -> None:
    layers = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(100_000))
    assert len(read_mail(layers.encode()).segments) <= MOST_SEGMENTS


#: Each as long as is looked at, and of what makes patterns, parsers and decoders slow.
_BOMBS = {
    "one line of an address": b"From: MAILER-DAEMON\nSubject: failure notice\n\n" + b"a" * LONGEST_MAIL,
    "nothing but at signs": b"From: MAILER-DAEMON\nSubject: failure notice\n\n" + b"a@" * (LONGEST_MAIL // 2),
    "angle brackets": b"From: MAILER-DAEMON\nContent-Type: text/html\n\n" + b"<style <!-- <" * (LONGEST_MAIL // 13),
    "encoded words": b"Subject: " + b"=?utf-8?q?=41?= " * (LONGEST_MAIL // 16),
    "header lines": b"a: b\n" * (LONGEST_MAIL // 5),
    "folded header": b"Content-Type: x\n" + b" boundary=\"\n" * (LONGEST_MAIL // 12),
    "boundaries": b"".join(b"--x\nContent-Type: message/rfc822\n\n" for _ in range(LONGEST_MAIL // 36)),
    "recipients": b"From: MAILER-DAEMON\nContent-Type: message/delivery-status\n\n"
    + b"Final-Recipient: rfc822; a@b.c\nAction: failed\n\n" * (LONGEST_MAIL // 48),
    "base64": b"From: MAILER-DAEMON\nContent-Transfer-Encoding: base64\n\n" + b"QUBi" * (LONGEST_MAIL // 4),
    "known phrases": b"From: MAILER-DAEMON\nSubject: failure notice\n\n"
    + b"This is the deliver program at following addresses had user mailbox address account " * (LONGEST_MAIL // 84),
    "fifty megabytes": dsn("Final-Recipient: rfc822; a@example.org\nAction: failed") + b"x" * 50_000_000,
}  # fmt: skip


@pytest.mark.parametrize("name", _BOMBS)
def test_a_bomb_is_classified_in_bounded_time(name: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    classify(_BOMBS[name])
    # Work, not waiting: a machine that is busy with something else changes nothing about it.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 20


def test_the_largest_mail_that_is_looked_at_takes_less_than_64_megabytes() -> None:
    program = (
        "import resource\n"
        "from newsletter.inbound.classify import classify\n"
        "classify(b'')\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"raw = b'From: {DAEMON}\\n\\n' + b'<a@b.c> 550 no such user\\n' * {LONGEST_MAIL // 25}\n"
        "classify(raw)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    grown = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert int(grown.stdout) < 64 * 1024
