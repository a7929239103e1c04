"""The message a reader gets: what stands in it, and what can never stand in it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email import message_from_bytes
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.delivery.message import Letterhead, Particulars, message_bytes
from newsletter.delivery.record import OpenMail

SLOT = "slot-0123456789abcdef"
TOKEN = "NDI.q2k9-very_long-URL-safe-token-of-some-fifty-characters"
NEWS = Letterhead(
    sender=Address("Tide tables", "digest", "news.example"),
    title="Tide tables",
    base_url="https://news.example",
    reply_to="people@news.example",
)
READER = Particulars(
    recipient="ada@reader.example",
    message_id="<20260302.0123456789abcdef@news.example>",
    date=datetime(2026, 3, 3, 8, 0, tzinfo=timezone(timedelta(hours=1))),
    unsubscribe_token=TOKEN,
    campaign="2026-03-02",
)
MAIL = OpenMail(
    subject="3 changes",
    text=f"High water at noon.\n.a dot\n\nLeave: https://news.example/unsubscribe/{SLOT}\n",
    html=f'<p>High water at noon.</p><a href="https://news.example/unsubscribe/{SLOT}">Leave</a>',
    unsubscribe_slot=SLOT,
)
#: RFC 5322 §2.1.1: no line may be longer, without its end.
LONGEST_LINE = 998
#: In this order (standards: RFC 2369, 2919, 3834, 5322, 8058), and the parser's view of each.
HEADERS = [
    "From",
    "Reply-To",
    "To",
    "Date",
    "Subject",
    "Message-ID",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Help",
    "List-Subscribe",
    "List-Owner",
    "List-Post",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "Feedback-ID",
    "MIME-Version",
    "Content-Type",
]
#: Text as it may come out of commits, forms and models.
ANYTHING = st.text(max_size=200)
HOSTILE = st.lists(
    st.sampled_from(
        ["\r", "\n", "\r\n", "Bcc: all@evil.example", "=?utf-8?q?=0D=0ABcc:_x?=", "=?", "?=", " ", "\t", "日"]
    )
    | st.text(max_size=5),
    max_size=12,
).map("".join)


def written(mail: OpenMail = MAIL, letterhead: Letterhead = NEWS, **particulars: Any) -> bytes:
    return message_bytes(mail, letterhead, replace(READER, **particulars))


def parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=SMTP)
    assert isinstance(message, EmailMessage)
    return message


def header_lines(raw: bytes) -> list[bytes]:
    """Return each header unfolded."""
    return re.sub(rb"\r\n([ \t])", rb"\1", raw.partition(b"\r\n\r\n")[0]).split(b"\r\n")


def names(raw: bytes) -> list[str]:
    return [line.partition(b":")[0].decode("ascii") for line in header_lines(raw)]


def value(raw: bytes, name: str) -> str:
    """Return a header as it is written, unfolded."""
    (found,) = [line for line in header_lines(raw) if line.startswith(f"{name}: ".encode())]
    return found.decode().partition(": ")[2]


def body(raw: bytes, subtype: str) -> str:
    part = parsed(raw).get_body((subtype,))
    assert part is not None
    content = part.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def test_the_headers_stand_in_their_order_and_each_stands_once() -> None:
    assert names(written()) == HEADERS


def test_without_a_mailbox_for_replies_there_is_no_reply_to() -> None:
    raw = written(letterhead=replace(NEWS, reply_to=None))
    assert names(raw) == [name for name in HEADERS if name != "Reply-To"]
    assert value(raw, "List-Owner") == "<mailto:digest@news.example>"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("From", '"Tide tables" <digest@news.example>', id="the sender is the newsletter"),
        pytest.param("Reply-To", "people@news.example", id="replies go to people"),
        pytest.param("To", "ada@reader.example", id="one recipient is named"),
        pytest.param("Date", "Tue, 03 Mar 2026 08:00:00 +0100", id="the date is that of queueing"),
        pytest.param("Message-ID", READER.message_id, id="the message id is the stored one"),
        pytest.param("List-Id", '"Tide tables" <digest.news.example>', id="the list id comes from the sender"),
        pytest.param("List-Unsubscribe", f"<https://news.example/unsubscribe/{TOKEN}>", id="leaving is one link"),
        pytest.param("List-Unsubscribe-Post", "List-Unsubscribe=One-Click", id="leaving is one click"),
        pytest.param("List-Help", "<https://news.example/>", id="help is the landing page"),
        pytest.param("List-Owner", "<mailto:people@news.example>", id="the owner can be written to"),
        pytest.param("List-Post", "NO", id="nobody posts"),
        pytest.param("Auto-Submitted", "auto-generated", id="nobody need answer"),
        pytest.param("X-Auto-Response-Suppress", "OOF, AutoReply", id="bounces are not suppressed"),
        pytest.param("Feedback-ID", "digest:2026-03-02:daily:bd25a83d5b3b", id="feedback names no person"),
    ],
)
def test_each_header_says_what_it_is_for(name: str, expected: str) -> None:
    assert value(written(), name) == expected


@pytest.mark.parametrize("sender", ["digest@news.example", "d@a.de", f"{'x' * 64}@{'y' * 60}.example"])
def test_the_sender_in_the_feedback_is_short_and_stays_when_the_title_changes(sender: str) -> None:
    username, _, domain = sender.partition("@")
    ids = {replace(NEWS, sender=Address(title, username, domain), title=title).sender_id for title in ("One", "Two")}
    assert len(ids) == 1
    assert re.fullmatch(r"[0-9a-z]{5,15}", ids.pop())


def test_text_comes_first_and_html_last() -> None:
    parts = [part.get_content_type() for part in parsed(written()).iter_parts()]
    assert parts == ["text/plain", "text/html"]


def test_every_attempt_is_the_same_message_to_the_last_byte() -> None:
    assert written() == written()


def test_two_messages_never_share_their_boundary() -> None:
    boundaries = {parsed(written(message_id=f"<{n}@news.example>")).get_boundary() for n in range(3)}
    assert len(boundaries) == 3


def test_the_slot_is_replaced_in_text_and_html_and_none_is_left() -> None:
    raw = written()
    for subtype in ("plain", "html"):
        assert f"/unsubscribe/{TOKEN}" in body(raw, subtype)
        assert SLOT not in body(raw, subtype)


def test_every_slot_is_replaced_wherever_it_stands() -> None:
    text = f"{SLOT} " * 40 + f"\n{SLOT}{SLOT}\n"
    raw = written(replace(MAIL, text=text, html=f"<p>{text}</p>"))
    assert body(raw, "plain").count(TOKEN) == body(raw, "html").count(TOKEN) == 42
    assert SLOT not in body(raw, "plain") + body(raw, "html")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        pytest.param("High water at noon.\n" * 30, "quoted-printable", id="english"),
        pytest.param("Das Hochwasser steigt auch am Abend noch für Stunden.\n" * 30, "quoted-printable", id="german"),
        pytest.param("正午高潮，请注意。\n" * 30, "base64", id="chinese"),
        pytest.param("", "quoted-printable", id="nothing"),
    ],
)
def test_each_language_has_the_encoding_that_makes_it_short(text: str, encoding: str) -> None:
    raw = written(replace(MAIL, text=text, html=text))
    assert [part["Content-Transfer-Encoding"] for part in parsed(raw).iter_parts()] == [encoding, encoding]
    assert body(raw, "plain").rstrip("\n") == text.rstrip("\n")


@pytest.mark.parametrize(
    ("title", "phrase"),
    [
        pytest.param("Tide tables", '"Tide tables"', id="plain"),
        pytest.param('The "tides", daily', r'"The \"tides\", daily"', id="with quotes and a comma"),
        pytest.param(r"back\slash", r'"back\\slash"', id="with a backslash"),
        pytest.param("潮汐表", "=?utf-8?b?5r2u5rGQ6KGo?=", id="chinese"),
        pytest.param("", "", id="empty"),
    ],
)
def test_the_title_is_a_phrase(title: str, phrase: str) -> None:
    assert value(written(letterhead=replace(NEWS, title=title)), "List-Id") == f"{phrase} <digest.news.example>".strip()


def test_the_list_id_stays_when_the_title_changes() -> None:
    assert replace(NEWS, title="Another").list_id == NEWS.list_id == "digest.news.example"


@pytest.mark.parametrize(
    ("address", "list_id"),
    [
        pytest.param("Daily.Digest+x@news.example", "daily-digest-x.news.example", id="signs become hyphens"),
        pytest.param('"--"@news.example', "digest.news.example", id="nothing usable becomes a word"),
    ],
)
def test_the_list_id_is_made_of_what_a_list_id_may_hold(address: str, list_id: str) -> None:
    assert replace(NEWS, sender=Address(addr_spec=address)).list_id == list_id


@pytest.mark.parametrize("words", [1, 40], ids=["short", "long"])
@pytest.mark.parametrize("word", ["变更摘要", "Änderungen ", "changes ", "🌊👩‍🚀", "=?utf-8?q?x?= ", "w" * 70])
def test_title_subject_and_sender_come_back_as_they_were(word: str, words: int) -> None:
    line = (word * words).strip()
    raw = written(
        replace(MAIL, subject=line), replace(NEWS, title=line, sender=Address(line, "digest", "news.example"))
    )
    assert names(raw) == HEADERS
    assert str(make_header(decode_header(value(raw, "Subject")))) == line
    for header in ("From", "List-Id"):
        phrase, _, rest = value(raw, header).rpartition(" <")
        assert str(make_header(decode_header(phrase))).strip('"') == line
        assert rest in {"digest@news.example>", "digest.news.example>"}
    assert all(len(folded) <= 78 for folded in raw.split(b"\r\n") if not folded.startswith(b"List-Unsubscribe:"))


def test_a_sender_without_a_name_is_only_an_address() -> None:
    raw = written(letterhead=replace(NEWS, sender=Address(addr_spec="digest@news.example")))
    assert value(raw, "From") == "<digest@news.example>"


def test_an_empty_subject_is_an_empty_header() -> None:
    raw = written(replace(MAIL, subject=""))
    assert value(raw, "Subject") == ""
    assert names(raw) == HEADERS


@pytest.mark.parametrize("length", [60, 300, 800])
def test_a_long_token_is_neither_folded_nor_encoded(length: int) -> None:
    raw = written(unsubscribe_token="k" * length)
    assert f"List-Unsubscribe: <https://news.example/unsubscribe/{'k' * length}>\r\n".encode() in raw
    assert max(map(len, raw.split(b"\r\n"))) <= LONGEST_LINE


def test_long_addresses_and_message_ids_stay_whole() -> None:
    domain = ".".join(["d" * 60] * 4)
    address, message_id = f"{'a' * 64}@{domain}", f"<20260302.{'e' * 32}@{domain}>"
    raw = written(
        letterhead=replace(NEWS, sender=Address("Tides", "d" * 64, domain)), recipient=address, message_id=message_id
    )
    assert value(raw, "To") == address
    assert value(raw, "Message-ID") == message_id
    assert parsed(raw)["From"].addresses[0].addr_spec == f"{'d' * 64}@{domain}"
    assert names(raw) == HEADERS
    assert max(map(len, raw.split(b"\r\n"))) <= LONGEST_LINE


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


def test_half_a_character_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        written(replace(MAIL, text="\ud800"))


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


@given(text=ANYTHING, html=ANYTHING, subject=ANYTHING)
@example(text=".\r\n..\n.", html="\x85\u2028\x0c\x1c", subject="日" * 100)
@example(text="a" * 3000, html="=" * 3000, subject="word " * 300)
@example(text="x" * 75 + " \n" + "日" * 300, html="\t \n", subject="")
def test_every_line_is_short_and_ends_as_smtp_wants(text: str, html: str, subject: str) -> None:
    raw = written(replace(MAIL, text=text, html=html, subject=subject))
    assert raw.isascii()
    assert b"\0" not in raw
    assert raw.count(b"\r\n") == raw.count(b"\r") == raw.count(b"\n")
    assert raw.endswith(b"\r\n")
    headers, _, content = raw.partition(b"\r\n\r\n")
    assert max(map(len, headers.split(b"\r\n"))) <= LONGEST_LINE
    assert max(map(len, content.split(b"\r\n"))) <= 78


@given(text=st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\0"), max_size=300))
@example(text=f"{SLOT}=\n.\n\x85\u2028")
def test_the_text_comes_back_as_it_was(text: str) -> None:
    raw = written(replace(MAIL, text=text, html=text))
    expected = text.replace(SLOT, TOKEN)
    assert body(raw, "plain").rstrip("\n") == expected.rstrip("\n")
    assert body(raw, "html").rstrip("\n") == expected.rstrip("\n")
