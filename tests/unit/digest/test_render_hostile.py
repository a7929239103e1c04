"""Outside text never becomes markup, a link, a header, a template or an invisible character of a mail."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.analysis.record import Reason, Signal, Source
from newsletter.digest.markup import inline_code
from newsletter.digest.record import Change, Rendering, Slots
from newsletter.github.links import commit_url, pull_request_url, repository_url
from subscribers import Level
from tests.support.editions import ANYTHING, HOSTILE, WEB, change_of, edition_of, renderer
from tests.support.markup import Element, Markup, is_invisible, parsed

HIGH, MEDIUM, LOW = Level.HIGH, Level.MEDIUM, Level.LOW
RENDERER = renderer()
SLOTS = Slots(
    unsubscribe_token="slot-0123456789abcdef0123456789abcdef",
    preferences_token="choices-0123456789abcdef0123456789abcdef",
)
TEXTS = HOSTILE | ANYTHING
NAMES = ("repository", "author", "detail", "summary", "area", "risk", "advice", "model")
#: The only elements that analyses may bring about.
ALLOWED = {"code", "wbr"}


def day(title: str, named: dict[str, str]) -> tuple[Change, ...]:
    """Return one change of each level, and a second high one, with the same outside text everywhere."""
    return tuple(
        change_of(
            number,
            level=level,
            title=title,
            repository_key="7",
            repository_url=f"{WEB}/acme/tide",
            repository=named["repository"],
            url=f"{WEB}/acme/tide/commit/{number}",
            pull_request_url=f"{WEB}/acme/tide/pull/{number}",
            author=named["author"],
            # With words of ours: what is empty, or said above already, has no place of its own.
            summary=f"Summary {named['summary']}",
            areas=(f"Area {number} {named['area']}", f"Another area {named['area']}"),
            risks=(named["risk"],),
            advice=(named["advice"], named["advice"]),
            reasons=(Reason(signal=Signal.REMOVAL, detail=named["detail"]),),
            source=Source.MODEL,
            model=named["model"],
        )
        for number, level in enumerate((HIGH, HIGH, MEDIUM, LOW), start=1)
    )


def mail_of(changes: tuple[Change, ...], *, title: str = "Tide tables", language: str = "en") -> Rendering:
    return RENDERER.render(edition_of(changes, title=title, language=language), SLOTS)


def at(link: str) -> str:
    """Return a link without the name of a repository, which stands in those to the archive."""
    archived = re.fullmatch(r"https://news\.example/archive/2026-03-02/[!-~]*?(/[0-9a-f]{40})?", link)
    return f"archive{archived[1]}" if archived and not set("\"'<>\\`") & set(link) else link


def skeleton(page: Markup) -> list[Element]:
    """Return the elements that the template makes; the words in a label are none of its."""
    return [
        Element(
            element.tag,
            tuple((name, at(value)) for name, value in element.attributes if name != "aria-label"),
        )
        for element in page.elements
        if element.tag not in ALLOWED
    ]


HARMLESS = parsed(mail_of(day("Title", dict.fromkeys(NAMES, "word"))).html)


@settings(deadline=None, max_examples=60)
@given(TEXTS, st.fixed_dictionaries(dict.fromkeys(NAMES, TEXTS)), TEXTS)
@example("</a><script>alert(1)</script>", dict.fromkeys(NAMES, '"><img src=x onerror=alert(1)>'), "</title><script>")
@example("{{ 7*7 }}", dict.fromkeys(NAMES, "{% for x in y %}"), "{{ config }} %(title)s %s")
@example("--><script>", dict.fromkeys(NAMES, "<![endif]-->"), "<!--")
@example("`<script>`", dict.fromkeys(NAMES, "`</code><b>`"), "`")
@example("\ud800", dict.fromkeys(NAMES, "\udfff\x85\u202e"), "\x00")
def test_no_element_attribute_link_or_comment_arises_from_outside_text(
    title: str, named: dict[str, str], newsletter: str
) -> None:
    mail = mail_of(day(title, named), title=newsletter)
    page = parsed(mail.html)
    assert skeleton(page) == skeleton(HARMLESS)
    assert not any(element.attributes for element in page.elements if element.tag in ALLOWED)
    assert page.comments == HARMLESS.comments
    assert [at(link) for link in page.links()] == [at(link) for link in HARMLESS.links()]
    assert page.crooked == []


@settings(deadline=None, max_examples=60)
@given(TEXTS, st.fixed_dictionaries(dict.fromkeys(NAMES, TEXTS)), TEXTS, st.sampled_from(["en", "zh"]))
def test_no_part_has_an_invisible_character_from_outside(
    title: str, named: dict[str, str], newsletter: str, language: str
) -> None:
    mail = mail_of(day(title, named), title=newsletter, language=language)
    # A joiner between emoji; our own strut before the first card, and our own joiners in what could become a link.
    parts = (mail.subject, mail.text, mail.html.replace(">\u200b<", "><").replace(">&#8203;<", "><"))
    for part in parts:
        found = {each for each in part if is_invisible(each)}
        assert found <= {"\n", "\u200d", "\u2060"}
        part.encode()
    assert "\n" not in mail.subject


@pytest.mark.parametrize(
    "text",
    [
        "<b>x</b>",
        "{{ 7*7 }}",
        "{% raw %}",
        "%(title)s %d %",
        "&lt;b&gt;",
        "${{ secrets.X }}",
        "<!-- x -->",
        "slot-0",
        "jinja0001tag",
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_looks_like_markup_or_a_template_is_shown_as_it_stands(text: str, language: str) -> None:
    mail = mail_of(day(f"A {text} Z", dict.fromkeys(NAMES, f"B {text} Y")), title=f"C {text} X", language=language)
    shown = parsed(mail.html).text
    for part in (shown, " ".join(mail.text.split())):
        assert part.count(f"A {text} Z") >= 4
        # Repository, author, area, summary, risk, advice, detail and model.
        assert part.count(f"B {text} Y") >= 8
        assert part.count(f"C {text} X") == 2


@settings(deadline=None, max_examples=60)
@given(TEXTS)
def test_no_commit_can_hold_a_place_that_is_filled_in_later(text: str) -> None:
    mail = mail_of(day(text, dict.fromkeys(NAMES, text)))
    assert mail.html.count(SLOTS.unsubscribe_token) == mail.text.count(SLOTS.unsubscribe_token) == 2


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=40))
@example('x" onmouseover="alert(1)')
@example("../../evil.example")
@example("javascript:alert(1)")
def test_links_are_built_by_us_and_lead_to_github_whatever_a_repository_is_called(name: str) -> None:
    urls = [repository_url(WEB, name), commit_url(WEB, name, "a" * 40), pull_request_url(WEB, name, 1)]
    change = change_of(repository=name, repository_url=urls[0], url=urls[1], pull_request_url=urls[2])
    links = [link for link in parsed(mail_of((change,)).html).links() if not link.startswith("https://news.example/")]
    assert links == urls
    assert all(link.startswith(f"{WEB}/") and link.isascii() and link.isprintable() for link in links)


@pytest.mark.parametrize("field", ["title", "author"])
def test_a_giant_line_is_cut(field: str) -> None:
    fields: dict[str, Any] = {field: "long " * 50_000}
    mail = mail_of((change_of(**fields), change_of(2, level=LOW, **fields)))
    assert len(mail.html) < 30_000
    assert len(mail.text) < 10_000
    assert len(mail.subject) <= 78


@settings(deadline=None, max_examples=60)
@given(TEXTS)
@example("`<script>alert(1)</script>`")
@example("`` ` `")
def test_inline_code_gives_nothing_but_escaped_text_and_code(text: str) -> None:
    page = parsed(inline_code(text))
    assert set(page.elements) <= {Element("code", ()), Element("wbr", ())}
    assert page.crooked == page.comments == []


@settings(deadline=None, max_examples=60)
@given(TEXTS)
def test_a_linked_title_can_always_be_seen(text: str) -> None:
    html = mail_of((change_of(title=text), change_of(2, level=LOW, title=text))).html
    for heading in ("<h4><a ", "<li><a "):
        inside = html.split(heading, 1)[1].partition(">")[2].partition("</a>")[0]
        assert parsed(inside).text
