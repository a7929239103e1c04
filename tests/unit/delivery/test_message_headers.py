"""The headers of the message a reader gets: each says what it is for."""

from __future__ import annotations

import re
from dataclasses import replace
from email.header import decode_header, make_header
from email.headerregistry import Address

import pytest

from tests.support.letters import HEADERS, LONGEST_LINE, MAIL, NEWS, READER, TOKEN, names, parsed, value, written


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
