"""The anchors of headings: the rule on cases that GitHub is known to treat so."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.digest.slugs import Slugs, slug_of


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        pytest.param("Lower the gate", "lower-the-gate", id="spaces become hyphens"),
        pytest.param("sgl-project/sglang", "sgl-projectsglang", id="punctuation goes, hyphens stay"),
        pytest.param("[3/N] Don't `panic`: v1.2 (beta)", "3n-dont-panic-v12-beta", id="brackets, dots and colons go"),
        pytest.param("a  b - c", "a--b---c", id="each space counts"),
        pytest.param("📊 统计摘要", "-统计摘要", id="an emoji goes, its space and Chinese stay"),
        pytest.param("snake_case", "snake_case", id="connectors stay"),
        pytest.param("ПРОФИЛЬ Größe", "профиль-größe", id="lower case in every script"),
        pytest.param("⚠️ care", "\ufe0f-care", id="the style of an emoji is a mark and stays"),
        pytest.param("Ⓐ Ⅷ x²", "ⓐ-ⅷ-x", id="alphabetic signs stay, superscripts go"),
        pytest.param("a\u2060b", "ab", id="joiners go"),
        pytest.param("!?", "", id="nothing but punctuation"),
    ],
)
def test_an_anchor_is_made_of_the_words(heading: str, anchor: str) -> None:
    assert slug_of(heading) == anchor


def test_headings_of_the_same_words_are_numbered_and_never_meet() -> None:
    slugs = Slugs()
    headings = ["fix", "Fix", "fix-1", "fix", "fix!", "fix-1"]
    assert [slugs.next(heading) for heading in headings] == ["fix", "fix-1", "fix-1-1", "fix-2", "fix-3", "fix-1-2"]


@given(st.lists(st.text(max_size=6), max_size=30))
@example(["a", "a", "a-1", "a"])
def test_no_two_headings_share_an_anchor(headings: list[str]) -> None:
    slugs = Slugs()
    anchors = [slugs.next(heading) for heading in headings]
    assert len(set(anchors)) == len(headings)
