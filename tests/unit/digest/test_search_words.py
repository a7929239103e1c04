"""Words, phrases and marks of the search."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.digest.excerpt import LONGEST, excerpt, marked_line
from newsletter.digest.search_words import LONGEST_WORD, MOST_TERMS, MOST_WORDS, marked, phrases_of, words_of
from tests.support.editions import ANYTHING, HOSTILE


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("Remove `--reload-dirs`", ["remove", "reload", "dirs"], id="an option"),
        pytest.param("max_running.requests", ["max", "running", "requests"], id="an identifier"),
        pytest.param("内存泄漏", ["内存", "存泄", "泄漏", "漏"], id="Chinese"),
        pytest.param("GPU内存x", ["gpu", "内存", "存", "x"], id="Chinese beside Latin"),
        pytest.param("Straße CAFÉ ＧＰＵ", ["strasse", "cafe", "gpu"], id="case, accents and width"),
        pytest.param("한국어", ["한국", "국어", "어"], id="Korean stays in syllables"),
        pytest.param("\ud800 <b>", ["b"], id="half a character"),
        pytest.param("--- * \" '", [], id="nothing to find"),
    ],
)
def test_a_text_is_taken_apart(text: str, words: list[str]) -> None:
    assert words_of([text]) == words


@pytest.mark.parametrize(
    ("query", "phrases"),
    [
        pytest.param("remov", (("remov*",),), id="the beginning of a word"),
        pytest.param("x", (("x",),), id="a letter is a word"),
        pytest.param("--reload-dirs gone", (("reload", "dirs*"), ("gone*",)), id="words that stand together"),
        pytest.param("内存泄漏", (("内存", "存泄", "泄漏"),), id="Chinese"),
        pytest.param("锁", (("锁*",),), id="one Chinese character"),
        pytest.param('"a" OR b*', (("a",), ("or*",), ("b",)), id="no syntax"),
        pytest.param(" ", (), id="nothing"),
    ],
)
def test_a_query_becomes_phrases(query: str, phrases: tuple[tuple[str, ...], ...]) -> None:
    assert phrases_of(query) == phrases


@given(HOSTILE | ANYTHING)
def test_words_are_letters_and_digits_and_nothing_that_a_database_could_read(text: str) -> None:
    for words in (words_of([text] * 3), [word.removesuffix("*") for phrase in phrases_of(text) for word in phrase]):
        assert all(word.isalnum() or all(not c.isspace() and c not in "'\"\\:*&|!<>()" for c in word) for word in words)
        assert all(0 < len(word) <= LONGEST_WORD for word in words)
        "".join(words).encode()
    assert len(phrases_of(text * 50)) <= MOST_TERMS


@given(st.lists(ANYTHING, max_size=5))
def test_every_text_is_found_by_each_of_its_own_words(texts: list[str]) -> None:
    words = words_of(texts)
    for word in words:
        for phrase in phrases_of(word):
            assert any(
                all(
                    have == want or (want.endswith("*") and have.startswith(want[:-1]))
                    for have, want in zip(words[place : place + len(phrase)], phrase, strict=False)
                )
                for place in range(len(words) - len(phrase) + 1)
            )


def test_a_text_without_end_has_an_end() -> None:
    assert len(words_of(["a b c " * MOST_WORDS])) == MOST_WORDS


@given(HOSTILE | ANYTHING, HOSTILE | ANYTHING)
def test_marks_change_no_letter(text: str, query: str) -> None:
    assert "".join(piece for piece, _ in marked(text, phrases_of(query))) == text
    assert len("".join(piece for piece, _ in excerpt([text * 40], phrases_of(query)))) <= LONGEST + 2


def test_an_excerpt_is_the_part_with_most_of_what_was_searched_for() -> None:
    phrases = phrases_of("gate lower")
    texts = ["Nothing here.", "word " * 100 + "the gate is lower now. " + "word " * 100, "A gate."]
    pieces = excerpt(texts, phrases)
    assert [piece for piece, is_hit in pieces if is_hit] == ["gate", "lower"]
    text = "".join(piece for piece, _ in pieces)
    assert text.startswith("…word")
    assert text.endswith("word…")
    assert excerpt([], phrases) == []
    assert marked_line("`--gate`", phrases) == [("--", False), ("gate", True)]
