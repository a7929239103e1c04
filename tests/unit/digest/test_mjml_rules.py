"""What MJML does not look at itself is found before it compiles: names, nesting, attributes, and text that vanishes."""

from __future__ import annotations

import pytest

from newsletter.digest.mjml_rules import mjml_faults
from newsletter.resources import templates_directory

OURS = sorted(templates_directory().rglob("*.mjml"))


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_our_templates_are_what_mjml_allows(path: object) -> None:
    assert mjml_faults(path.read_text(encoding="utf-8")) == ()  # type: ignore[attr-defined]


def test_there_are_templates_to_look_at() -> None:
    assert [path.name for path in OURS] == ["body.mjml"]


def page(body: str, head: str = "") -> str:
    return f"<mjml>\n<mj-head>{head}</mj-head>\n<mj-body>{body}</mj-body>\n</mjml>"


def column(inside: str) -> str:
    return page(f"<mj-section><mj-column>{inside}</mj-column></mj-section>")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (column("<mj-txt>x</mj-txt>"), "line 3: <mj-txt> is no component of MJML"),
        (page("<mj-text>x</mj-text>"), "line 3: <mj-text> cannot stand in <mj-body>"),
        (column("<mj-section></mj-section>"), "line 3: <mj-section> cannot stand in <mj-column>"),
        (column("<mj-text><mj-text>x</mj-text></mj-text>"), "line 3: <mj-text> cannot stand in <mj-text>"),
        (column("<div>x</div>"), "line 3: <div> is no component of MJML"),
        ("<mj-body></mj-body>", "line 1: <mj-body> cannot stand outside of <mjml>"),
        (column('<mj-text colour="red">x</mj-text>'), "line 3: <mj-text> has no attribute 'colour'"),
        (page("", '<mj-attributes><mj-text colour="red" /></mj-attributes>'), "<mj-text> has no attribute 'colour'"),
        (page("", "<mj-attributes><mj-txt /></mj-attributes>"), "<mj-txt> is no component"),
        (page("<mj-section>lost<mj-column></mj-column></mj-section>"), "text stands in <mj-section>, where it would"),
        (page("{% for x in y %}<mj-section></mj-section>{% endfor %}"), "Jinja stands in <mj-body>; around"),
        (column('<mj-image src="x" />'), "<mj-image> loads something from elsewhere"),
        (page('<mj-section background-url="x"></mj-section>'), "<mj-section background-url> loads something"),
        (page("", '<mj-font name="x" href="y" />'), "<mj-font> loads something"),
        (page("", '<mj-style inline="inline">p {}</mj-style>'), "<mj-style inline> empties loops"),
        (page('<mj-include path="/etc/passwd" />'), "<mj-include> opens any file"),
        ("<mjml><mj-body>", "line 1: <mj-body> is not closed"),
        (page("</mj-section>"), "</mj-section> closes nothing"),
    ],
)
def test_a_fault_is_found_with_its_line(source: str, said: str) -> None:
    assert [fault for fault in mjml_faults(source) if said in fault]


def test_lines_are_those_of_the_file_whatever_jinja_stands_before() -> None:
    source = page('{# a\ncomment #}<mj-raw>{% if a\n and b %}</mj-raw><mj-section colour="x"></mj-section>')
    assert mjml_faults(source) == ("line 5: <mj-section> has no attribute 'colour'",)


def test_html_within_a_component_is_not_taken_for_components() -> None:
    assert mjml_faults(column('<mj-text css-class="a"><p id="x">{{ y }}<br>z</p></mj-text><mj-divider />')) == ()
