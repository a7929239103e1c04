"""A mail that is not whole, or leads elsewhere, is not sent: each fault is found, and none where there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.digest.check import MOST_FAULTS, Allowed, faults_of
from newsletter.digest.check_markup import opened, read
from newsletter.digest.record import Edition, Rendering, Slots
from subscribers import Level
from tests.support.editions import HOSTILE, WEB, change_of, changes_of, edition_of, renderer
from tests.support.grouped_day import grouped_day

HIGH, MEDIUM, LOW = Level.HIGH, Level.MEDIUM, Level.LOW
SLOTS = Slots(unsubscribe_token="slot-0123456789", preferences_token="choices-0123456789", view_key="view-0123456789")
ALLOWED = Allowed(base_url="https://news.example", github_url=WEB)
RENDERER = renderer()
EDITION = edition_of([*changes_of(HIGH, HIGH, MEDIUM, LOW), *changes_of(LOW, repository="b/c", start=9)])
MAIL = RENDERER.render(EDITION, SLOTS)
TEXTS = 20


def faults(mail: Rendering = MAIL, edition: Edition = EDITION, slots: Slots = SLOTS) -> tuple[str, ...]:
    return faults_of(mail, edition, slots, allowed=ALLOWED)


def with_html(old: str, new: str) -> Rendering:
    assert old in MAIL.html
    return replace(MAIL, html=MAIL.html.replace(old, new, 1))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("levels", [[HIGH], [LOW], [HIGH, MEDIUM, LOW], [HIGH] * 9 + [LOW] * 900], ids=str)
def test_nothing_is_wrong_with_our_own_mails(levels: list[Level], language: str) -> None:
    edition = edition_of(changes_of(*levels), language=language)
    assert faults(RENDERER.render(edition, SLOTS), edition) == ()
    grouped = edition_of(grouped_day(language), language=language)
    assert faults(RENDERER.render(grouped, SLOTS), grouped) == ()


@settings(deadline=None, max_examples=50)
@given(st.lists(HOSTILE, min_size=TEXTS, max_size=TEXTS), st.sampled_from(["en", "zh"]))
def test_whatever_commits_and_analyses_hold_the_mail_is_fit(texts: list[str], language: str) -> None:
    changes = [
        change_of(
            number, level=list(Level)[number % 3], title=text, author=text, summary=text, scope=text, risks=(text,)
        )
        for number, text in enumerate(texts, start=1)
    ]
    edition = edition_of(changes, language=language, title=texts[0])
    assert faults(RENDERER.render(edition, SLOTS), edition) == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param("</h1>", "", "is closed and not open, or open and not closed", id="an element that is left open"),
        pytest.param("<h1>", "<h1></p>", "<p> is closed and not open", id="one closed that is not open"),
        pytest.param("<h1>", "<h1><script>x</script>", "<script> has no place", id="a script"),
        pytest.param("<h1>", '<h1><img alt="x">', "<img> has no place", id="a picture"),
        pytest.param("<h1>", "<h1><form></form>", "<form> has no place", id="a form"),
        pytest.param("<h1>", "<h1><svg></svg>", "<svg> has no place", id="a drawing"),
        pytest.param("<h1>", '<h1 onclick="x">', "attribute 'onclick'", id="a handler"),
        pytest.param("<h1>", '<h1 background="https://x.example/">', "attribute 'background'", id="a background"),
        pytest.param("<h1>", '<h1 style="background:URL (x)">', "style of <h1>", id="a style that loads"),
        pytest.param("<h1>", '<h1 style="background:u\\72l(x)">', "style of <h1>", id="a style that hides it"),
        pytest.param("<style", "<style>@import 'x';</style><style", "a style sheet", id="a sheet that loads"),
        pytest.param("<title>", '<meta http-equiv="Refresh" content="0"><title>', "like a header", id="refresh"),
        pytest.param('href="#c', 'href="#nowhere-c', "leads to nothing", id="an anchor without a place"),
        pytest.param("<h1>", '<h1><a href="https://evil.example/">x</a>', "neither to", id="a link to elsewhere"),
        pytest.param("<h1>", '<h1><a href="https://news.example.evil/">x</a>', "neither", id="a host like ours"),
        pytest.param("<h1>", '<h1><a href="https://news.example@evil/">x</a>', "neither", id="a user name"),
        pytest.param("<h1>", '<h1><a href="http://news.example/">x</a>', "neither", id="a link without encryption"),
        pytest.param("<h1>", '<h1><a href="//evil.example/">x</a>', "neither", id="a link without a scheme"),
        pytest.param("<h1>", '<h1><a href="javascript:alert(1)">x</a>', "neither", id="a link that runs"),
        pytest.param("<h1>", '<h1><a href="JaVa\tscript:alert(1)">x</a>', "not written as", id="one with a tab in it"),
        pytest.param("<h1>", '<h1><a href="https://news.example/\\">x</a>', "not written as", id="a backslash"),
        pytest.param("<h1>", '<h1><p href="#x">x</p>', "<p> has a link", id="a link that is none"),
        pytest.param('lang="en"', 'lang="fr"', "said to be 'fr'", id="another language"),
        pytest.param('id="r', 'id="x"></p><p id="x"></p><p id="r', "'x' stands there twice", id="a place twice"),
        pytest.param("<h1>", "<h1>\x85", "U+0085", id="a C1 control"),
        pytest.param("<h1>", "<h1>{{ title }}", "'{{' is not filled in", id="a tag of Jinja"),
        pytest.param("<h1>", "<h1>jinja0001tag", "'jinja0001tag' is not filled in", id="a place of ours in MJML"),
        pytest.param("<h1>", "<h1>%(num)d", "'%(num)d' is not filled in", id="a word of gettext"),
        pytest.param("<h1>", "<h1>\ud800", "half a character", id="half a character"),
        pytest.param("<h1>", "<h1>" + "x" * 98_000, "more than 98000", id="too much"),
        pytest.param("<h1>", "<h1><!--[if mso]><iframe></iframe><![endif]-->", "Outlook: <iframe>", id="Outlook"),
        pytest.param("<h1>", "<h1><!--[if mso]></h1><![endif]-->", "in Outlook: <h1>", id="crooked in Outlook"),
        pytest.param("<h1>", '<h1><!--[if !mso]><!--><a href="ftp://x/">x</a><!--<![endif]-->', "neither", id="others"),
    ],
)  # fmt: skip
def test_a_fault_is_found(old: str, new: str, said: str) -> None:
    assert [fault for fault in faults(with_html(old, new)) if said in fault]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda mail: replace(mail, subject="a\nb"), "not one line"),
        (lambda mail: replace(mail, subject=" "), "not one line"),
        (lambda mail: replace(mail, text=mail.text + "x" * 999), "a line of more than 998"),
        (lambda mail: replace(mail, text=mail.text + "\x07"), "its text has the control character U+0007"),
        (lambda mail: replace(mail, text=mail.text.replace("/unsubscribe/", "/")), "its text has no link for unsub"),
        (lambda mail: replace(mail, html=mail.html.replace("/preferences/", "/")), "its HTML has no link for pref"),
    ],
    ids=["two lines", "no subject", "a long line", "a control", "no way out", "no preferences"],
)
def test_a_fault_of_the_subject_or_the_text_is_found(change: Callable[[Rendering], Rendering], said: str) -> None:
    assert [fault for fault in faults(change(MAIL)) if said in fault]


def test_commits_may_write_of_templates() -> None:
    edition = edition_of([change_of(title="Fill in {{ name }} and %(num)d", summary="See {% if %} and {\u200b{ x }}.")])
    assert faults(RENDERER.render(edition, SLOTS), edition) == ()


def test_of_many_faults_some_are_told() -> None:
    many = with_html("<h1>", "<h1>" + "".join(f'<a href="https://evil.example/{n}">x</a>' for n in range(50)))
    assert len(faults(many)) == MOST_FAULTS


def test_outlook_sees_what_is_for_it_and_the_others_what_is_for_them() -> None:
    page = "<p><!--[if mso | IE]><b>o</b><![endif]--><!--[if !mso]><!--><i>x</i><!--<![endif]--></p>"
    assert [element.tag for element in read(page).elements] == ["p", "i"]
    assert [element.tag for element in read(opened(page)).elements] == ["p", "b"]
