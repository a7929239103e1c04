"""Links of a text part are numbered where they are named and listed at the end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from newsletter.digest.references import References


def test_the_first_link_is_one_and_the_next_is_two() -> None:
    references = References()
    assert (references.to("https://a"), references.to("https://b")) == ("[1]", "[2]")


def test_the_same_link_has_one_mark() -> None:
    references = References()
    assert references.to("https://a") == references.to("https://a") == "[1]"
    assert references.all() == ((1, "https://a"),)


def test_without_links_there_is_no_list() -> None:
    assert References().all() == ()


@given(st.lists(st.sampled_from([f"https://{letter}" for letter in "abcdef"])))
def test_every_mark_leads_to_its_link(urls: list[str]) -> None:
    references = References()
    marks = [references.to(url) for url in urls]
    listed = {f"[{number}]": url for number, url in references.all()}
    assert [listed[mark] for mark in marks] == urls
    assert [number for number, _ in references.all()] == list(range(1, len(set(urls)) + 1))
