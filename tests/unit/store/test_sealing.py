"""Sealed texts: whoever has a key opens them, nobody else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.store.sealing import Seal, Unsealable

KEY, OLD_KEY = "new key " * 4, "old key " * 4
SEAL = Seal([KEY])
TEXTS = st.text(st.characters(codec="utf-8"), max_size=200)


@given(TEXTS)
def test_what_was_sealed_is_opened(text: str) -> None:
    sealed = SEAL.seal(text)
    assert SEAL.open(sealed).text == text
    assert SEAL.open(sealed).newest
    assert sealed.isascii()


def test_the_same_text_is_never_sealed_the_same_way() -> None:
    assert SEAL.seal("secret") != SEAL.seal("secret")
    assert "secret" not in repr(SEAL.open(SEAL.seal("secret")))


def test_an_older_key_opens_and_the_newest_seals() -> None:
    both = Seal([KEY, OLD_KEY])
    opened = both.open(Seal([OLD_KEY]).seal("secret"))
    assert (opened.text, opened.newest) == ("secret", False)
    assert SEAL.open(both.seal("secret")).newest


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=200))
def test_no_other_text_is_opened(text: str) -> None:
    with pytest.raises(Unsealable):
        SEAL.open(text)


@given(st.data())
def test_a_damaged_text_is_not_opened(data: st.DataObject) -> None:
    sealed = SEAL.seal("secret")
    place = data.draw(st.integers(0, len(sealed) - 4))
    other = data.draw(
        st.characters(codec="ascii", categories=["L", "N"]).filter(lambda letter: letter != sealed[place])
    )
    with pytest.raises(Unsealable):
        SEAL.open(sealed[:place] + other + sealed[place + 1 :])


def test_another_key_opens_nothing_and_no_key_seals_nothing() -> None:
    with pytest.raises(Unsealable):
        Seal([OLD_KEY]).open(SEAL.seal("secret"))
    with pytest.raises(ValueError, match="at least one secret key"):
        Seal([])
