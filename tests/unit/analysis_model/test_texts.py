"""The language of a text, and that its sentences are whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.analysis.texts import is_in, sentences


@pytest.mark.parametrize(
    ("language", "text", "fits"),
    [
        pytest.param("en", "The pump stops before the nozzle closes.", True, id="English"),
        pytest.param("en", "水泵会在喷嘴关闭之前停止，因此不再滴水。", False, id="Chinese for English"),
        pytest.param("en", "The file `水泵会在喷嘴关闭之前停止` is read again.", True, id="Chinese in code"),
        pytest.param("en", "It names 水泵 and 喷嘴 in the messages of the pump.", True, id="some Chinese words"),
        pytest.param("zh", "水泵会在喷嘴关闭之前停止。", True, id="Chinese"),
        pytest.param("zh", "将 `torch.nn.Module` 升级到 PyTorch 2.3 的新接口。", True, id="Chinese with many names"),
        pytest.param("zh", "The pump stops before the nozzle closes.", False, id="English for Chinese"),
        pytest.param("zh", "`--drip`", True, id="nothing but code"),
        pytest.param("en", "`--drip` 1.2.", True, id="nothing but code, for English"),
    ],
)
def test_a_text_of_another_language_is_known(language: str, text: str, fits: bool) -> None:
    assert is_in(language, text) is fits


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        pytest.param("It stops", "It stops.", id="a full stop that is missing"),
        pytest.param("水泵停止", "水泵停止。", id="a Chinese one"),
        pytest.param("It stops when", "", id="half a sentence"),
        pytest.param("水泵停止，因为", "", id="half a Chinese one"),
        pytest.param("It stops. Then it", "It stops. Then it.", id="what cannot be told apart"),
        pytest.param("It stops. Then the", "It stops.", id="half a second one"),
        pytest.param("It stops (as `a.b`", "It stops (as `a.b`.", id="code at the end"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_a_sentence_is_whole_or_left_out(text: str, kept: str) -> None:
    assert sentences(text, most=100) == kept


@given(st.text(), st.integers(1, 200))
def test_no_text_is_longer_than_allowed(text: str, most: int) -> None:
    assert len(sentences(text, most=most)) <= most
