"""The two parts of the message a reader gets, and their links to leave by."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.letters import LONGEST_LINE, MAIL, SLOT, TOKEN, body, parsed, written

#: Text as it may come out of commits, forms and models.
ANYTHING = st.text(max_size=200)


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


def test_half_a_character_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        written(replace(MAIL, text="\ud800"))


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
