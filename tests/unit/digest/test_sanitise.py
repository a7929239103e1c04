"""Outside text ends on one line, visible, and in the order in which it is read."""

from __future__ import annotations

import re
import sys
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.digest.sanitise import LONGEST_TITLE, display_width, displayable, shortened, wrapped
from tests.support.editions import ANYTHING, HOSTILE
from tests.support.markup import is_invisible

JOINER = "\u200d"
#: Controls, formats (bidi, zero width), halves of pairs, private, unassigned, line and paragraph separators.
#: Letters and marks that show nothing by themselves (Unicode: Default_Ignorable_Code_Point, beyond the categories).
BLANK_LETTERS = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


@settings(deadline=None)
@given(HOSTILE | ANYTHING)
@example("".join(map(chr, range(0x300))))
@example(BIDI)
def test_what_is_displayed_has_no_invisible_character_and_is_one_line(text: str) -> None:
    shown = displayable(text)
    assert {character for character in shown if is_invisible(character)} <= {JOINER}
    assert not set(shown) & set(BLANK_LETTERS)
    assert shown == " ".join(shown.split())
    assert len(shown.splitlines()) <= 1
    # Halves of surrogate pairs would fail here.
    assert shown.encode().decode() == shown


def test_an_emoji_younger_than_the_tables_is_shown() -> None:
    assert displayable("tide \U0001faea") == "tide \U0001faea"


def test_no_invisible_character_there_is_survives_between_letters() -> None:
    text = "a".join(map(chr, range(sys.maxunicode + 1)))
    assert {character for character in displayable(text) if is_invisible(character)} == set()


@settings(deadline=None)
@given(HOSTILE | ANYTHING)
def test_making_displayable_twice_changes_nothing_more(text: str) -> None:
    assert displayable(displayable(text)) == displayable(text)


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E) | st.sampled_from("日本äé，🚀"), max_size=30))
def test_visible_text_stays_as_it_is(text: str) -> None:
    assert displayable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a\r\nBcc: b", "a Bcc: b", id="line breaks"),
        pytest.param("a\x00b\x1bc\x7fd\x85e", "abcd e", id="controls"),
        pytest.param("a\u2028b\u2029c", "a b c", id="separators"),
        pytest.param("\u202egnp.exe", "gnp.exe", id="right-to-left override"),
        pytest.param("user\u2066 // \u2069x", "user // x", id="isolates"),
        pytest.param("pass\u200bwo\ufeffrd\u2060", "password", id="zero width"),
        pytest.param("a\U000e0041\U000e0042b", "ab", id="tags"),
        pytest.param("a\ue000b\ud800c", "abc", id="private and half"),
        pytest.param(BLANK_LETTERS, "", id="blank letters"),
        pytest.param("\ufe0f \U000e0100 \u180b", "", id="selectors of nothing"),
        pytest.param(
            "日\U000e0100\U000e0101\U000e0102本 1\ufe0f\u20e3", "日\U000e0100本 1\ufe0f\u20e3", id="selectors"
        ),
        pytest.param("  a \t\u3000 b\u00a0 ", "a b", id="spaces"),
        pytest.param(" \u200b ", "", id="nothing left"),
        pytest.param("a \u200b b", "a b", id="spaces around what is taken out"),
        pytest.param("<b> & javascript:x", "<b> & javascript:x", id="markup is the templates' work"),
    ],
)
def test_what_cannot_be_seen_is_taken_out(text: str, shown: str) -> None:
    assert displayable(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param(FAMILY, FAMILY, id="family"),
        pytest.param("🏳\ufe0f\u200d🌈", "🏳\ufe0f\u200d🌈", id="with a style"),
        pytest.param("👩🏽\u200d💻", "👩🏽\u200d💻", id="with a skin tone"),
        pytest.param("🤷\u200d♀\ufe0f", "🤷\u200d♀\ufe0f", id="with a sign"),
        pytest.param("pass\u200dword", "password", id="between letters"),
        pytest.param("🚀\u200dx", "🚀x", id="after an emoji only"),
        pytest.param("\u200d🚀", "🚀", id="at the start"),
        pytest.param("🚀\u200d\u200d🚀", "🚀🚀", id="twice"),
    ],
)
def test_a_joiner_stays_only_between_two_emoji(text: str, shown: str) -> None:
    assert displayable(text) == shown


@settings(deadline=None)
@given(HOSTILE.map(displayable), st.integers(1, 80))
def test_a_shortened_line_is_within_its_limit_and_says_that_it_was_cut(text: str, limit: int) -> None:
    short = shortened(text, limit)
    assert len(short) <= limit
    assert short == text or (len(text) > limit and short.endswith("…") and text.startswith(short[:-1]))


def test_a_line_within_the_limit_is_not_shortened() -> None:
    assert shortened("x" * LONGEST_TITLE) == "x" * LONGEST_TITLE
    assert shortened("x" * (LONGEST_TITLE + 1)) == "x" * (LONGEST_TITLE - 1) + "…"


@pytest.mark.parametrize(
    ("text", "short"),
    [
        pytest.param("alpha beta gamma", "alpha beta…", id="between words"),
        pytest.param("alp betagammadelta", "alp betagamm…", id="no word break in the second half"),
        pytest.param("alpha beta, gamma", "alpha beta…", id="no comma before the ellipsis"),
        pytest.param("xxxxxxxxxx🚀\u200d🚀🚀", "xxxxxxxxxx🚀…", id="no joiner at the end"),
    ],
)
def test_a_line_is_cut_where_it_reads_well(text: str, short: str) -> None:
    assert shortened(text, 13) == short


@pytest.mark.parametrize(
    ("text", "width"),
    [("", 0), ("abc", 3), ("日本", 4), ("é", 1), ("e\u0301", 1), ("🚀", 2), ("，", 2), ("🏳\ufe0f", 1)],
)
def test_east_asian_characters_take_two_columns_and_marks_none(text: str, width: int) -> None:
    assert display_width(text) == width


@settings(deadline=None)
@given(st.lists(st.text("abc", min_size=1, max_size=20), min_size=1), st.integers(26, 76))
def test_words_are_wrapped_within_the_width_and_none_is_lost(words: list[str], width: int) -> None:
    lines = wrapped(" ".join(words), width=width, first="- ", rest="  ").split("\n")
    assert all(len(line) <= width for line in lines)
    assert lines[0].startswith("- ")
    assert all(line.startswith("  ") for line in lines[1:])
    assert [word for line in lines for word in line[2:].split()] == words
    # No line could have taken the first word of the next.
    for line, after in pairwise(lines):
        assert len(line) + 1 + len(after.split()[0]) > width


@settings(deadline=None)
@given(st.text("日本語。，「」abc 한국", max_size=200))
def test_wrapping_loses_no_character_and_starts_no_line_with_closing_punctuation(text: str) -> None:
    lines = wrapped(text, width=20).split("\n")
    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", text)
    assert not [line for line in lines[1:] if line[:1] in {"。", "，", "」"}]


def test_chinese_is_wrapped_without_spaces() -> None:
    assert wrapped("日" * 10, width=8) == "日日日日\n日日日日\n日日"


def test_a_word_longer_than_a_line_stays_whole() -> None:
    assert wrapped("see " + "x" * 100 + " now", width=20) == "see\n" + "x" * 100 + "\nnow"


def test_a_giant_line_is_wrapped_in_time_that_grows_with_its_length_only() -> None:
    lines = wrapped("word " * 20_000, width=76).split("\n")
    assert len(lines) == 20_000 // 15 + 1
    assert len(shortened(displayable("word " * 20_000))) <= LONGEST_TITLE
