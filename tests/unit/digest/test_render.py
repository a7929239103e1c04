"""An edition becomes a mail that every mail program can show: subject, text and HTML, the same for the same edition."""

from __future__ import annotations

import re
import timeit
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.analysis.record import Fallback
from newsletter.digest.markup import inline_code
from newsletter.digest.record import Change, Rendering, Slots
from newsletter.digest.sanitise import display_width
from subscribers import Level
from tests.support.clock import NOON
from tests.support.editions import change_of, changes_of, days, edition_of, renderer
from tests.support.markup import parsed

HIGH, MEDIUM, LOW = Level.HIGH, Level.MEDIUM, Level.LOW
RENDERER = renderer()
SLOTS = Slots(
    unsubscribe_token="slot-0123456789abcdef0123456789abcdef",
    preferences_token="choices-0123456789abcdef0123456789abcdef",
)
UNSUBSCRIBE = f"https://news.example/unsubscribe/{SLOTS.unsubscribe_token}"
DAY = (*changes_of(HIGH, HIGH, MEDIUM, LOW), *changes_of(LOW, MEDIUM, repository="b/c", start=9))


def mail_of(changes: tuple[Change, ...] = DAY, *, language: str = "en", timezone: str = "UTC") -> Rendering:
    return RENDERER.render(edition_of(changes, language=language, timezone=timezone), SLOTS)


def one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(("language", "lang"), [("en", "en"), ("zh", "zh-Hans")])
def test_the_page_says_its_language(language: str, lang: str) -> None:
    page = parsed(mail_of(language=language).html)
    assert [element.get("lang") for element in page.all("html")] == [lang]
    assert {element.get("lang") for element in page.elements if element.get("lang")} == {lang}


def test_the_page_fits_a_phone_and_both_colour_schemes() -> None:
    html = mail_of().html
    metas = {element.get("name"): element.get("content") for element in parsed(html).all("meta")}
    assert metas["viewport"].startswith("width=device-width")
    assert metas["color-scheme"] == metas["supported-color-schemes"] == "light dark"
    assert "@media (prefers-color-scheme:dark)" in html
    assert "@media only screen and (min-width:480px)" in html


def test_the_page_is_utf_8_and_well_formed() -> None:
    page = parsed(mail_of(language="zh").html)
    assert "text/html; charset=UTF-8" in {element.get("content") for element in page.all("meta")}
    assert page.crooked == []
    assert [element.tag for element in page.elements[:2]] == ["html", "head"]
    assert len(page.all("title")) == len(page.all("body")) == len(page.all("h1")) == 1


def test_nothing_is_loaded_and_no_script_runs() -> None:
    html = mail_of().html
    page = parsed(html)
    assert {element.tag for element in page.elements} & {"img", "script", "link", "iframe", "form", "object"} == set()
    assert not [name for element in page.elements for name, _ in element.attributes if name.startswith("on")]
    assert "url(" not in html
    assert "@import" not in html


def test_tables_are_for_looks_only_and_say_so() -> None:
    tables = parsed(mail_of().html).all("table")
    assert len(tables) > 2
    assert {table.get("role") for table in tables} == {"presentation"}


def test_the_title_of_the_page_is_the_subject() -> None:
    mail = mail_of()
    title = re.search(r"<title>(.*?)</title>", mail.html, re.DOTALL)
    assert title
    assert title.group(1).strip() == mail.subject


def test_html_and_text_have_the_same_links() -> None:
    mail = mail_of()
    links = {link for link in parsed(mail.html).links() if not link.startswith("#")}
    assert links == set(re.findall(r"https://\S+", mail.text))
    assert all(link.startswith(("https://github.com/", "https://news.example/")) for link in links)


def test_every_link_within_the_page_has_one_place_to_go() -> None:
    page = parsed(mail_of().html)
    within = [link.removeprefix("#") for link in page.links() if link.startswith("#")]
    # Two high changes, two repositories.
    assert len(within) == 4
    places = Counter(element.get("id") for element in page.elements if element.get("id"))
    assert all(places[place] == 1 for place in within)


def test_a_commit_that_reached_two_repositories_has_a_place_in_each() -> None:
    both = tuple(change_of(1, repository=name) for name in ("acme/tide", "fork/tide"))
    page = parsed(mail_of(both).html)
    places = [element.get("id") for element in page.elements if element.get("id")]
    assert len(places) == len(set(places)) == 4
    assert sorted(link.removeprefix("#") for link in page.links() if link.startswith("#")) == sorted(places)


def test_a_highlight_whose_repository_did_not_fit_is_not_named_by_the_card_of_another() -> None:
    many = tuple(change_of(1, repository=f"acme/r{place:03}") for place in range(80))
    page = parsed(mail_of(many).html)
    places = {element.get("id") for element in page.elements if element.get("id")}
    assert 0 < len(places) < 80
    assert {link.removeprefix("#") for link in page.links() if link.startswith("#")} <= places


def test_the_unsubscribe_link_is_open_at_the_top_and_at_the_end_of_both_parts() -> None:
    mail = mail_of()
    assert parsed(mail.html).links().count(UNSUBSCRIBE) == mail.text.count(UNSUBSCRIBE) == 2
    assert mail.html.count(SLOTS.unsubscribe_token) == mail.text.count(SLOTS.unsubscribe_token) == 2
    assert mail.html.index(UNSUBSCRIBE) < mail.html.index("Lower gate 3")
    assert mail.text.index(UNSUBSCRIBE) < mail.text.index("Lower gate 1")
    assert SLOTS.unsubscribe_token not in mail.subject


@settings(deadline=None, max_examples=50)
@given(days().filter(bool), st.sampled_from(["en", "zh"]))
def test_both_parts_have_every_change_of_the_cohort(changes: tuple[Change, ...], language: str) -> None:
    mail = mail_of(changes, language=language)
    links = Counter(parsed(mail.html).links())
    text = one_line(mail.text)
    for change in changes:
        assert links[change.url] == 1
        assert len(re.findall(rf"\] {re.escape(change.url)}(?: |$)", text)) == 1
        assert re.search(rf"[*-] Lower gate {change.pull_request}( |\b)", text)
    late = "late arrival" if language == "en" else "迟到"
    count = sum(change.late and change.level is not MEDIUM for change in changes)
    assert text.count(late) >= count
    assert parsed(mail.html).text.count(late) == text.count(late)


def test_a_high_change_is_told_in_full_a_medium_one_in_brief_and_a_low_one_in_a_line() -> None:
    texts = {
        level: [parsed(mail.html).text, one_line(mail.text)]
        for level in Level
        for mail in [mail_of((change_of(level=level),))]
    }
    for text in texts[HIGH]:
        assert re.search(r"The gate is lower\. Scope: Everybody who sails .*Affects ", text)
        assert re.search(r"A closer look.*Compatibility: Older gates stay as they are\. .*What may break", text)
        assert re.search(r"The gate is lower\. .*Affects .*What may break.*Ships may.*What to do.*Measure", text)
        assert "High because: removes something public" in text
    for text in texts[MEDIUM]:
        assert re.search(r"The gate is lower\. Scope: Everybody who sails at low water\. .*Affects docs", text)
        assert "What may break" not in text
        assert "A closer look" not in text
    for text in texts[LOW]:
        assert "Lower gate 1 (#1)" in text
        assert "The gate is lower." not in text


def test_a_change_without_areas_risks_and_advice_has_no_headings_for_them() -> None:
    mail = mail_of((change_of(areas=(), scope="", insight=(), risks=(), advice=()),))
    for heading in ("Affects", "A closer look", "What may break", "What to do"):
        assert heading not in mail.text
        assert heading not in mail.html


def test_two_high_changes_are_named_at_the_top_and_one_is_not() -> None:
    assert "In short" in mail_of().html
    assert "In short" not in mail_of((change_of(),)).html


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "no usable answer for 2 of 6 changes; those are by fixed rules."),
        ("zh", "共 6 项变更，其中 2 项未能得到语言模型的可用回答，其摘要由固定规则生成。"),
    ],
)
def test_one_line_says_how_often_the_rules_wrote_in_the_models_place(language: str, said: str) -> None:
    away = (*changes_of(LOW, MEDIUM, repository="b/c", start=9, fallback=Fallback.TIMEOUT), *DAY[:4])
    mail = mail_of(away, language=language)
    for text in (one_line(mail.text), parsed(mail.html).text):
        assert one_line(text).replace(" ", "").count(said.replace(" ", "")) == 1
    assert "fixed rules" not in mail_of().html


def test_the_counts_at_the_top_are_those_of_the_edition() -> None:
    mail = mail_of()
    assert "High: 2 · Medium: 2 · Low: 2\n" in mail.text
    assert "2 High 2 Medium 2 Low" in parsed(mail.html).text


@pytest.mark.parametrize(
    ("timezone", "hours", "shown"),
    [
        ("UTC", 0, " 12:00 "),
        ("Asia/Shanghai", 0, " 20:00 "),
        ("America/New_York", 0, " 07:00 "),
        ("Asia/Shanghai", 6, " Mar 3, 2026 02:00 "),
        ("UTC", -24, " Mar 1, 2026 12:00 "),
    ],
)
def test_times_are_in_the_zone_of_the_edition_and_have_a_date_on_another_day(
    timezone: str, hours: int, shown: str
) -> None:
    reached_at = NOON.replace(hour=(12 + hours) % 24, day=2 if hours >= 0 else 1)
    mail = mail_of((change_of(reached_at=reached_at),), timezone=timezone)
    assert shown in mail.text
    assert shown in parsed(mail.html).text
    assert f"Times are in {timezone}." in mail.text


def test_the_postal_address_is_shown_where_there_is_one() -> None:
    edition = edition_of(DAY)
    without = renderer(postal_address=None).render(edition, SLOTS)
    assert "Harbour Road 1" in RENDERER.render(edition, SLOTS).html
    assert mail_of().text.endswith("Harbour Road 1\n")
    assert "Harbour" not in without.html + without.text
    assert "None" not in without.html + without.text


def test_chinese_readers_get_chinese_words() -> None:
    mail = mail_of(language="zh")
    assert "2026年3月2日星期一" in mail.text
    assert "退订" in parsed(mail.html).text
    for english in ("Unsubscribe", "High", "Affects", "What may break", "changes"):
        assert english not in mail.text
        assert english not in parsed(mail.html).text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_same_edition_gives_the_same_bytes(language: str) -> None:
    first = mail_of(language=language)
    mail_of(language="en")
    assert first == mail_of(tuple(replace(change) for change in DAY), language=language)
    assert first == renderer().render(edition_of(DAY, language=language), SLOTS)


def test_languages_can_be_rendered_at_the_same_time() -> None:
    expected = {language: mail_of(language=language) for language in ("en", "zh")}
    languages = ["en", "zh"] * 20
    with ThreadPoolExecutor(4) as pool:
        mails = list(pool.map(lambda language: mail_of(language=language), languages))
    assert all(mail == expected[language] for mail, language in zip(mails, languages, strict=True))


def test_templates_are_compiled_once_so_that_a_cohort_costs_only_the_filling_in() -> None:
    edition = edition_of((change_of(),))
    RENDERER.render(edition, SLOTS)
    compiling = min(timeit.repeat(renderer, number=1, repeat=5))
    filling_in = min(timeit.repeat(lambda: RENDERER.render(edition, SLOTS), number=1, repeat=5))
    assert filling_in < compiling / 3


def test_only_the_slot_differs_between_two_slots() -> None:
    mail, other = (
        mail_of(),
        RENDERER.render(edition_of(DAY), Slots(unsubscribe_token="slot-other", preferences_token="choices-other")),
    )
    for part, of_other in ((mail.html, other.html), (mail.text, other.text)):
        filled = part.replace(SLOTS.unsubscribe_token, "slot-other").replace(SLOTS.preferences_token, "choices-other")
        assert filled == of_other


def test_the_text_part_has_short_lines_and_no_gaps() -> None:
    text = mail_of((change_of(summary="It changes a lot. " * 30, risks=("改变了很多，" * 30,)),)).text
    lines = [line for line in text.splitlines() if "https://" not in line]
    assert max(map(display_width, lines)) <= 78
    assert "\n\n\n" not in text
    assert text == text.strip() + "\n"
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain", "plain"),
        ("use `--raise` now", "use <code>--raise</code> now"),
        ("`a` and `b`", "<code>a</code> and <code>b</code>"),
        ("`<b>` & <i>", "<code>&lt;b&gt;</code> &amp; &lt;i&gt;"),
        ("a ` alone", "a ` alone"),
        ("`a` and ` alone", "<code>a</code> and ` alone"),
        ("```x```", "<code>x</code>"),
        ("empty `` code", "empty  code"),
        ("``", "``"),
        ("` `", "` `"),
        ("`` ``", "`` ``"),
        ("**bold** [x](javascript:y)", "**bold** [x](javascript:y)"),
        ("\u202e`a\u200bb`", "<code>ab</code>"),
        ("", ""),
    ],
)
def test_code_between_backticks_is_the_only_markup(text: str, html: str) -> None:
    assert inline_code(text) == html
