"""Addresses: what mail can be sent to, and which spellings mean one mailbox."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from subscribers import AddressError, parse_address


@pytest.mark.parametrize(
    ("text", "value", "key"),
    [
        pytest.param("ada@example.org", "ada@example.org", "ada@example.org", id="plain"),
        pytest.param(" Ada@Example.ORG\n", "Ada@example.org", "ada@example.org", id="with spaces and capitals"),
        pytest.param("ada+news@example.org", "ada+news@example.org", "ada+news@example.org", id="with a tag"),
        pytest.param("o'brien@example.org", "o'brien@example.org", "o'brien@example.org", id="with an apostrophe"),
        pytest.param("a@例え.jp", "a@xn--r8jz45g.jp", "a@xn--r8jz45g.jp", id="in an international domain"),
        pytest.param("a@XN--R8JZ45G.jp", "a@xn--r8jz45g.jp", "a@xn--r8jz45g.jp", id="in the same domain, encoded"),
        pytest.param("a@xn--r8jz45g.jp", "a@xn--r8jz45g.jp", "a@xn--r8jz45g.jp", id="as it was stored"),
        pytest.param("ＡＤＡ@example.org", "ＡＤＡ@example.org", "ada@example.org", id="in full-width letters"),
        pytest.param("Straße@example.org", "Straße@example.org", "strasse@example.org", id="with a sharp s"),
        pytest.param("a@rocket.test", "a@rocket.test", "a@rocket.test", id="in a test domain"),
    ],
)
def test_an_address_is_kept_as_written_and_compared_folded(text: str, value: str, key: str) -> None:
    address = parse_address(text)
    assert (address.value, address.key) == (value, key)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("ada", id="a word"),
        pytest.param("ada@", id="no domain"),
        pytest.param("@example.org", id="no local part"),
        pytest.param("ada@example", id="a domain of one label"),
        pytest.param("ada@@example.org", id="two ats"),
        pytest.param("Ada <ada@example.org>", id="a name and angles"),
        pytest.param('"ada lovelace"@example.org', id="a quoted local part"),
        pytest.param("ada@[127.0.0.1]", id="an IP address"),
        pytest.param("ada@xn--secret.org", id="a broken A-label"),
        pytest.param("ada@localhost", id="this machine"),
        pytest.param("a" * 65 + "@example.org", id="a local part too long"),
        pytest.param("ada@" + "a." * 130 + "org", id="a domain too long"),
        pytest.param("a" * 10_000, id="10,000 characters"),
        pytest.param("ada@example.org\r\nBcc: all@example.org", id="a header of its own"),
        pytest.param("ada@exam\u200bple.org", id="a zero-width space"),
        pytest.param("\u202eada@example.org", id="a bidi override"),
        pytest.param("ada\u2028x@example.org", id="a line separator"),
        pytest.param("ada\0@example.org", id="a NUL"),
        pytest.param("ada@example.org, grace@example.org", id="two addresses"),
    ],
)
def test_mail_cannot_be_sent_to(text: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse_address(text)
    reason = str(caught.value)
    assert reason.endswith(".")
    assert reason.count("\n") == 0


@pytest.mark.parametrize(
    "text",
    [
        "hunter2",
        "hunter2 x@example.org",
        "x@hunter2",
        "x@xn--hunter2-.org",
        "x@hunter2_.org",
        "x@\u0627hunter2.org",
        "x@hunter2..org",
        "hunter2\ud800@example.org",
        "x@hunter2\u0378.org",
        "x@" + "hunter2" * 12 + ".org",
    ],
)
def test_a_reason_never_repeats_the_address(text: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse_address(text)
    assert "hunter2" not in str(caught.value)


def test_a_reason_never_quotes_what_the_address_decodes_to() -> None:
    with pytest.raises(AddressError) as caught:
        parse_address("a@xn--secret.org")
    assert str(caught.value).isascii()


@settings(deadline=None)
@given(st.text(st.characters(codec=None, exclude_categories=())) | st.emails())
@example("a@b.c\r\nBcc: all@example.com")
@example("\ud800@example.org")
def test_no_text_becomes_an_address_with_a_line_break(text: str) -> None:
    try:
        address = parse_address(text)
    except AddressError:
        return
    assert address.value.count("@") == 1
    assert not any(character.isspace() or not character.isprintable() for character in address.value)
    assert parse_address(address.value) == address
