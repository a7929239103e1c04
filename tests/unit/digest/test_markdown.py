"""Outside text in Markdown: it is shown as it is, and does nothing, by GitHub's own parser."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.digest.markdown import inline, link, own
from newsletter.digest.sanitise import displayable
from newsletter.digest.unlinked import JOINER
from tests.support.editions import ANYTHING, HOSTILE
from tests.support.github_markdown import by_another, by_github

#: What Markdown and GitHub's pages act upon.
ACTIVE = st.lists(
    st.sampled_from(
        [
            *"\\`*_[]<>~&#|$@:!(){}+-=.^\"' \n\t",
            "1.", "- [ ] ", "![x](https://evil.example/p.png)", "[x]: https://evil.example", "[^1]", "||", "\\|",
            "`a|b`", "`a\\|b`", "`a\\`", "$x$", "$`x`$", "@ada", "#12", "acme/tide#1", "GH-7", ":tada:", ":+1:",
            "deadbeef", "20260301", "0123456789abcdef0123456789abcdef01234567", "https://evil.example/x",
            "ftp://evil.example", "www.evil.example", "www.\U0001f600.example", "mailto:a@evil.example",
            "xmpp:a@evil.example", "a@evil.example", "<https://evil.example>", "<b>", "<!--", "&lt;", "&#124;",
            "***", "~~x~~", "__x__", "a_b_c", "    code", "> quote", "# head #", "---", "| a | b |", ":--", "潮汐", "a",
        ]
    )
    | ANYTHING,
    max_size=10,
).map("".join)  # fmt: skip
TEXTS = ACTIVE | HOSTILE
PLACES = {
    "alone": "{}",
    "in a heading": "#### {}",
    "in a list": "- {}",
    "in a numbered list": "1. {}",
    "in a quotation": "> {}",
}  # fmt: skip


def seen(text: str) -> str:
    """Return what a reader sees of a text: without the joiners, and blanks and code as one."""
    return "".join(text.replace(JOINER, "").replace("`", "").split())


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        pytest.param("Fix `--raise` in gate_core", "Fix `--raise` in gate\\_core", id="code stays code"),
        pytest.param("a lone ` tick", "a lone \\` tick", id="a backtick without a partner"),
        pytest.param("``", "\\`\\`", id="nothing but backticks"),
        pytest.param("`a``b`", f"`a`{JOINER}`b`", id="two codes do not become one"),
        pytest.param("`a|b` | $5", "a&#124;b &#124; &#36;5", id="a pipe ends no cell, a dollar begins no formula"),
        pytest.param("Thanks @ada (#12)", f"Thanks @{JOINER}ada (\\#{JOINER}12)", id="nobody is told, no issue named"),
        pytest.param("Revert 0a1b2c3d4e", "Revert `0a1b2c3d4e`", id="a commit's name is code"),
        pytest.param("nightly 20260301", f"nightly 202603{JOINER}01", id="a date is none"),
        pytest.param("1. first", "1\\. first", id="a number begins no list"),
        pytest.param("- [x] done", "\\- \\[x\\] done", id="a hyphen begins no list"),
        pytest.param("-1 and +1", "-1 and +1", id="a sign is no list"),
    ],
)  # fmt: skip
def test_a_text_is_written_so(text: str, markdown: str) -> None:
    assert inline(text).markdown == markdown


@settings(max_examples=200)
@given(TEXTS, st.sampled_from(list(PLACES)))
@example("- - x", "in a list")
@example("===", "alone")
@example("deadbeefA", "alone")
@example("x #", "in a heading")
@example("$`x`$", "alone")
@example("www.\U0001f600.example", "alone")
def test_a_text_is_shown_as_it_is_and_does_nothing(text: str, place: str) -> None:
    written = inline(text)
    template = PLACES[place]
    shown = by_github(template.format(written.markdown))
    empty = by_github(template.format("word"))
    assert [tag for tag in shown.tags if tag != "code"] == [tag for tag in empty.tags if tag != "code"] or not seen(
        written.text
    )
    assert shown.links == []
    assert shown.references() == []
    assert seen(shown.text) == seen(written.text) == seen(displayable(text))
    another = by_another(template.format(written.markdown))
    assert (another.tags, another.links, another.text.split()) == (shown.tags, [], shown.text.split())


@settings(max_examples=150)
@given(st.lists(TEXTS, min_size=3, max_size=3))
@example(["a|b", "`a\\|b`", "\\"])
@example(["\\", "`\\`", "\\|"])
def test_a_text_is_one_cell_of_a_table_and_a_link_holds_it(texts: list[str]) -> None:
    url = "https://github.com/acme/tide/commit/1"
    cells = [inline(texts[0]), inline(texts[1]), link(inline(texts[2]), url)]
    document = "| a | b | c |\n|---|---|---|\n" + f"| {' | '.join(cell.markdown for cell in cells)} |"
    for shown in (by_github(document), by_another(document)):
        assert [[len(row) for row in table] for table in shown.tables] == [[3, 3]]
        assert [seen(cell) for cell in shown.tables[0][1]] == [seen(displayable(text)) for text in texts]
        assert shown.links == [url]
        assert shown.references() == []


def test_a_link_has_nothing_in_its_address_that_ends_it() -> None:
    address = "https://github.com/a/b) <script> [x](y\\"
    shown = by_github(link(own("x"), address).markdown)
    assert len(shown.links) == 1
    assert shown.text.strip() == "x"
