"""What can never stand in the message a reader gets."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.letters import HEADERS, MAIL, NEWS, READER, body, names, parsed, value, written

HOSTILE = st.lists(
    st.sampled_from(
        ["\r", "\n", "\r\n", "Bcc: all@evil.example", "=?utf-8?q?=0D=0ABcc:_x?=", "=?", "?=", " ", "\t", "日"]
    )
    | st.text(max_size=5),
    max_size=12,
).map("".join)


def test_an_address_outside_ascii_stands_in_its_header_as_it_is() -> None:
    raw = written(replace(MAIL, subject="变更"), recipient="读者@reader.example")
    assert value(raw, "To") == "读者@reader.example"
    assert parsed(raw)["Message-ID"] == READER.message_id
    assert names(raw) == HEADERS
    assert raw.partition(b"\r\n\r\n")[2].isascii()


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("o'hara+tag@reader.example", id="apostrophe and tag"),
        pytest.param("=?utf-8?q?a=0D=0ABcc=3Ax?=@evil.example", id="local part that is an encoded line break"),
        pytest.param("a/b=c{d}|e~f`g^h_i?j!k#l$m%n&o*p@reader.example", id="every sign that an address may hold"),
    ],
)
def test_odd_addresses_are_named_as_they_are(address: str) -> None:
    raw = written(recipient=address)
    assert value(raw, "To") == address
    assert names(raw) == HEADERS


@pytest.mark.parametrize("address", ["ada@reader.example\r\nBcc: x@evil.example", "ada@reader.example\n", "\x00"])
def test_an_address_with_a_line_break_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"line break|linefeed"):
        written(recipient=address)


@given(subject=HOSTILE, title=HOSTILE)
@example(subject="3 changes\n", title="Tides\r")
@example(subject="a\r\nBcc: all@evil.example", title="a\r\nBcc: all@evil.example")
@example(subject="=?utf-8?q?a=0D=0ABcc:_all@evil.example?=", title="=?utf-8?q?a=0D=0ABcc:_all@evil.example?=")
@example(subject="日" * 60, title="日" * 60)
@example(subject="w" * 1200, title="w" * 1200)
def test_no_subject_or_title_becomes_another_header(subject: str, title: str) -> None:
    raw = written(replace(MAIL, subject=subject), replace(NEWS, title=title))
    assert names(raw) == HEADERS
    assert parsed(raw).keys() == HEADERS
    assert body(raw, "plain").startswith("High water at noon.")
