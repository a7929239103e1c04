"""MJML sees the template only: it is compiled once, and data is filled in afterwards."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from jinja2 import DictLoader, Environment
from mjml import mjml_to_html

from newsletter.digest.mjml import TemplateError, compile_mjml, squeeze
from newsletter.errors import NewsletterError
from newsletter.resources import templates_directory
from tests.support.editions import HOSTILE
from tests.support.markup import parsed

DIGEST = (templates_directory() / "digest" / "body.mjml").read_text(encoding="utf-8")
JINJA_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


def page(body: str, head: str = "") -> str:
    return f"<mjml><mj-head>{head}</mj-head><mj-body>{body}</mj-body></mjml>"


def section(content: str) -> str:
    return f"<mj-section><mj-column>{content}</mj-column></mj-section>"


#: Data in text, in an attribute of our own HTML, and in attributes that MJML itself writes.
PLACES = page(
    section(
        '<mj-text><b title="{{ word }}">{{ word }}</b></mj-text>'
        '<mj-image src="https://x.example/a.png" alt="{{ word }}" />'
    ),
    head="<mj-title>{{ word }}</mj-title><mj-preview>{{ word }}</mj-preview>",
)


COMPILED = compile_mjml(PLACES)


def filled(template: str, **values: object) -> str:
    return Environment(loader=DictLoader({"x": template}), autoescape=True).get_template("x").render(**values)


def test_every_tag_of_the_digest_template_comes_out_as_it_stands_there() -> None:
    compiled = compile_mjml(DIGEST)
    source = JINJA_TAG.findall(re.sub(r"\{#.*?#\}", "", DIGEST, flags=re.DOTALL))
    statements = [tag for tag in source if tag.startswith("{%")]
    assert len(statements) > 20
    assert [tag for tag in JINJA_TAG.findall(compiled) if tag.startswith("{%")] == statements
    assert {tag for tag in source if tag.startswith("{{")} == set(re.findall(r"\{\{.*?\}\}", compiled))
    assert "jinja0" not in compiled
    assert "<mj-" not in compiled


def test_comments_of_the_template_are_left_out() -> None:
    assert "secret" not in compile_mjml(page(section("<mj-text>{# secret #}{{ word }}</mj-text>")))


def test_compiling_is_deterministic() -> None:
    assert compile_mjml(DIGEST) == compile_mjml(DIGEST)


@settings(deadline=None)
@given(HOSTILE)
@example('"><script>alert(1)</script>')
@example("&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;")
@example("{{ 7*7 }}{% raw %}{# x #}")
@example("jinja0000tag jinja0001tag")
def test_data_filled_in_after_compiling_stays_text_wherever_it_stands(word: str) -> None:
    word = word.encode("utf-8", "replace").decode().replace("\r", " ").replace("\x00", "")
    found, expected = parsed(filled(COMPILED, word=word)), parsed(filled(COMPILED, word="word"))
    assert [element.tag for element in found.elements] == [element.tag for element in expected.elements]
    assert found.comments == expected.comments
    assert [element.get("title") for element in found.all("b")] == [word]
    assert [element.get("alt") for element in found.all("img")] == [word]
    # Title, preview and text.
    assert "".join(word.split()) * 3 == "".join(found.text.split())


def test_data_filled_in_before_would_be_live_markup() -> None:
    # Why the order matters; when this fails, MJML has been mended and the rule may be thought over.
    escaped = "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"
    source = page(section(f'<mj-image src="https://x.example" alt="{escaped}" />'))
    assert "<script>alert(1)</script>" in mjml_to_html(source).html


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(page("{% for each in all %}" + section("<mj-text>x</mj-text>") + "{% endfor %}"), id="loose loop"),
        pytest.param(page(section("{{ word }}")), id="text in a column"),
        pytest.param(page(section("<mj-text>x</mj-text>"), head="{{ word }}"), id="text in the head"),
        pytest.param(page(section('<mj-text made-up="{{ word }}">x</mj-text>')), id="unknown attribute"),
        pytest.param(
            page(section("<mj-text>x</mj-text>"), head="<mj-title>{% if word %}a{% endif %}</mj-title>"), id="doubled"
        ),
    ],
)
def test_a_tag_that_mjml_loses_or_a_statement_that_it_doubles_is_a_fault(source: str) -> None:
    with pytest.raises(TemplateError, match="lost or doubled"):
        compile_mjml(source)


@pytest.mark.parametrize("source", [page("<mj-unknown>x</mj-unknown>"), "<p>not MJML</p>", ""])
def test_what_mjml_cannot_read_is_a_fault_of_the_template(source: str) -> None:
    with pytest.raises(TemplateError, match="cannot read"):
        compile_mjml(source)
    assert issubclass(TemplateError, NewsletterError)


def test_a_loop_around_components_repeats_them() -> None:
    source = page(
        "<mj-raw>{% for each in all %}</mj-raw>"
        + section("<mj-text>{{ each }}</mj-text>")
        + "<mj-raw>{% endfor %}</mj-raw>"
    )
    found = parsed(filled(compile_mjml(source), all=["ebb", "flow"]))
    assert found.text == "ebb flow"
    assert found.crooked == []


def test_squeezing_takes_out_space_between_lines_and_none_between_words() -> None:
    assert squeeze("<p>\n  <b>a b</b>\n\n  c \n</p> <i>d</i>\n\n") == "<p><b>a b</b>\nc\n</p> <i>d</i>\n"
