from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.analysis.prose import excerpt, first_sentence, plain

GOOD = "The nozzle now opens before the pump starts."


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        pytest.param(GOOD, GOOD, id="one sentence"),
        pytest.param(f"{GOOD} And then more happens.", GOOD, id="first of two"),
        pytest.param("The nozzle now opens\nbefore the pump starts.", GOOD, id="wrapped lines"),
        pytest.param("The nozzle now opens before the pump starts", GOOD, id="full stop added"),
        pytest.param(f"Closes #12\nSigned-off-by: A <a@b.c>\n\n{GOOD}", GOOD, id="after trailers"),
        pytest.param(f"- one thing\n  that goes on\n- another\n\n{GOOD}", GOOD, id="after a list"),
        pytest.param(
            f"## What do these changes do?\n\n<!-- Please explain the change. -->\n\n{GOOD}", GOOD, id="template"
        ),
        pytest.param(f"> Quoted words of somebody else here.\n\n{GOOD}", GOOD, id="after a quotation"),
        pytest.param(f"```\nsome code that is not prose at all.\n```\n\n{GOOD}", GOOD, id="after code"),
        pytest.param(f"Does it make sense to do this now?\n\n{GOOD}", GOOD, id="after a question"),
        pytest.param(f"More of it is at https://example.org/x now.\n\n{GOOD}", GOOD, id="after a URL"),
        pytest.param(f"Thanks go to ada@example.org for finding this.\n\n{GOOD}", GOOD, id="after an address"),
        pytest.param("The **nozzle** now [opens](https://x.org) before the pump starts.", GOOD, id="markdown"),
        pytest.param(
            "It opens `nozzle.open()` before the pump starts.",
            "It opens `nozzle.open()` before the pump starts.",
            id="code",
        ),
        pytest.param(
            "Tools, e.g. Wrenches and hammers, work again now.",
            "Tools, e.g. Wrenches and hammers, work again now.",
            id="e.g.",
        ),
        pytest.param(
            "现在喷嘴会在泵启动之前打开，避免压力过高。然后继续。",
            "现在喷嘴会在泵启动之前打开，避免压力过高。",
            id="Chinese",
        ),
        pytest.param("It works as follows, for example with:", "", id="unfinished"),
        pytest.param("Too short.", "", id="too short"),
        pytest.param("word " * 80 + "end.", "", id="too long is not cut"),
        pytest.param("* Add this thing to the other thing.", "", id="list only"),
        pytest.param("Co-authored-by: Ada Lovelace <ada@example.org>", "", id="trailer only"),
        pytest.param("| a | b |\n|---|---|\n| Update of the table now. | x |", "", id="table only"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_the_first_good_sentence_of_a_body_is_found(body: str, sentence: str) -> None:
    assert first_sentence(body) == sentence


@given(st.text())
@example("The nozzle now opens\x00 before \u202ethe pump\ud800 starts.\u2028")
def test_a_sentence_is_one_printable_line_within_its_length(body: str) -> None:
    sentence = first_sentence(body)
    assert len(sentence) <= 240
    assert not {unicodedata.category(c) for c in sentence} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(st.text(), st.integers(1, 100))
def test_an_excerpt_is_whole_words_within_its_length(text: str, limit: int) -> None:
    cut = excerpt(text, limit)
    assert len(cut) <= limit
    assert cut == plain(cut)
