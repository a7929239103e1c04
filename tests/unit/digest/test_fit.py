"""A mail stays within what Gmail shows; what matters least goes first, and what went is said."""

from __future__ import annotations

import re
from dataclasses import astuple
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.digest.fit import BUDGET_BYTES, Rung, cut, fit, ladder
from newsletter.digest.printed import MOST_CONSEQUENCES, Group, Look, Page
from newsletter.digest.record import Edition, Slots
from newsletter.digest.render import MOST_HIDDEN_SECTIONS
from subscribers import Level
from tests.support.editions import change_of, changes_of, edition_of, renderer
from tests.support.markup import parsed

HIGH, MEDIUM, LOW = Level.HIGH, Level.MEDIUM, Level.LOW
GMAIL_CLIPS_AT = 102_000
#: Both links that leave, with a token longer than ours.
FILLED_IN_LATER = 2 * 512
WEIGHTS = {Look.FULL: 10, Look.BRIEF: 5, Look.LINE: 1}
RENDERER = renderer()
SLOTS = Slots(unsubscribe_token="slot-" + 32 * "0", preferences_token="choices-" + 32 * "0")


def outline(page: Page) -> str:
    """Print a page so that each thing on it has a length."""
    lines = []
    for printed in page.sections:
        lines.append(f"# {printed.section.repository}")
        for group in printed.groups:
            parts = WEIGHTS[group.look] + 2 * group.areas + 3 * group.consequences + 2 * group.insight
            lines += [f"{change.title}{'x' * parts}" for change in group.changes]
            lines += [f"+{group.hidden}"] if group.hidden else []
    return "\n".join([*lines, f"{len(page.hidden_sections)} more"])


def groups_of(page: Page) -> list[Group]:
    return [group for printed in page.sections for group in printed.groups]


def shown(page: Page, level: Level) -> int:
    return sum(len(group.changes) for group in groups_of(page) if group.level is level)


@st.composite
def editions(draw: st.DrawFn) -> Edition:
    counts = draw(st.lists(st.tuples(*[st.integers(0, 12)] * 3).filter(any), min_size=1, max_size=5))
    return edition_of(
        [
            change
            for place, (high, medium, low) in enumerate(counts)
            for change in changes_of(
                *[HIGH] * high, *[MEDIUM] * medium, *[LOW] * low, repository=f"acme/r{place}", start=1000 * place + 1
            )
        ]
    )


def test_the_budget_leaves_room_for_what_is_filled_in_later() -> None:
    assert 90_000 < BUDGET_BYTES <= GMAIL_CLIPS_AT - FILLED_IN_LATER


@settings(deadline=None)
@given(editions(), st.integers(0, 2500))
def test_the_result_is_within_the_budget_or_the_last_rung(edition: Edition, budget: int) -> None:
    page, html = fit(edition, outline, budget=budget)
    assert html == outline(page)
    assert len(html) <= budget or page == cut(edition, list(ladder())[-1])


@settings(deadline=None)
@given(editions(), st.integers(0, 2500))
def test_the_fullest_page_that_fits_is_taken(edition: Edition, budget: int) -> None:
    page, _ = fit(edition, outline, budget=budget)
    for rung in ladder():
        if cut(edition, rung) == page:
            break
        assert len(outline(cut(edition, rung))) > budget


@settings(deadline=None)
@given(editions(), st.sampled_from(list(ladder())))
def test_every_change_is_printed_or_counted_as_left_out(edition: Edition, rung: Rung) -> None:
    page = cut(edition, rung)
    hidden = sum(group.hidden for group in groups_of(page)) + sum(len(each.changes) for each in page.hidden_sections)
    printed = [change for group in groups_of(page) for change in group.changes]
    assert len(printed) + hidden == len(edition.changes)
    assert all(
        group.total == len(printed.section.at(group.level)) for printed in page.sections for group in printed.groups
    )
    # In their order, and none twice.
    assert printed == [change for change in edition.changes if change in printed]
    assert len({change.sha for change in printed}) == len(printed)


@settings(deadline=None)
@given(editions(), st.sampled_from(list(ladder())))
def test_nothing_is_left_out_while_something_that_matters_less_is_printed(edition: Edition, rung: Rung) -> None:
    page = cut(edition, rung)
    if shown(page, HIGH) < edition.count(HIGH):
        assert shown(page, MEDIUM) == 0
    if shown(page, MEDIUM) < edition.count(MEDIUM):
        assert shown(page, LOW) == 0
    for group in groups_of(page):
        if group.level is HIGH and not (group.areas and group.consequences and group.insight):
            assert shown(page, MEDIUM) == shown(page, LOW) == 0
        if group.level is MEDIUM and group.look is Look.LINE:
            assert shown(page, LOW) == 0


def test_each_rung_prints_no_more_than_the_one_before() -> None:
    weights = [
        (
            WEIGHTS[rung.medium_look] if rung.most_medium else 0,
            # A line has none of these.
            *(
                part and rung.medium_look is Look.BRIEF and rung.most_medium > 0
                for part in (rung.medium_origin, rung.medium_areas, rung.medium_scope)
            ),
            *astuple(rung)[4:],
        )
        for rung in ladder()
    ]
    for before, after in pairwise(weights):
        assert all(a <= b for a, b in zip(after, before, strict=True))
        assert after != before


def test_an_edition_that_fits_is_printed_whole() -> None:
    edition = edition_of(changes_of(HIGH, MEDIUM, LOW))
    page, _ = fit(edition, outline)
    assert page == cut(edition, Rung())
    assert [(group.level, group.look, group.areas, group.hidden) for group in groups_of(page)] == [
        (HIGH, Look.FULL, True, 0),
        (MEDIUM, Look.BRIEF, True, 0),
        (LOW, Look.LINE, True, 0),
    ]


def test_the_areas_of_medium_go_first_then_low_then_scope_and_summaries_of_medium() -> None:
    rungs = list(ladder())
    without_areas, without_low, without_scope, of_one_line, without_medium = (
        next(place for place, rung in enumerate(rungs) if is_reached(rung))
        for is_reached in (
            lambda rung: not rung.medium_areas,
            lambda rung: rung.most_low == 0,
            lambda rung: not rung.medium_scope,
            lambda rung: rung.medium_look is Look.LINE,
            lambda rung: rung.most_medium == 0,
        )
    )
    assert 0 < without_areas < without_low < without_scope < of_one_line < without_medium
    assert all(rung.high_consequences == MOST_CONSEQUENCES and rung.high_areas for rung in rungs[: without_medium + 1])


def test_a_cap_counts_over_all_repositories() -> None:
    edition = edition_of([*changes_of(*[LOW] * 4, repository="a/a"), *changes_of(*[LOW] * 4, repository="b/b")])
    assert [(len(group.changes), group.hidden) for group in groups_of(cut(edition, Rung(most_low=5)))] == [
        (4, 0),
        (1, 3),
    ]


@pytest.mark.parametrize("bytes_each", [1, 3], ids=["one byte", "three bytes"])
def test_the_budget_is_in_bytes(bytes_each: int) -> None:
    edition = edition_of(changes_of(LOW, MEDIUM))
    page, _ = fit(edition, lambda page: "日a"[bytes_each == 1] * 40, budget=100)
    assert (page == cut(edition, Rung())) is (bytes_each == 1)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    ("levels", "repositories"),
    [
        pytest.param([LOW] * 600, 1, id="low"),
        pytest.param([MEDIUM] * 600, 1, id="medium"),
        pytest.param([HIGH] * 150, 1, id="high"),
        pytest.param([HIGH] * 20 + [MEDIUM] * 100 + [LOW] * 300, 1, id="mixed"),
        pytest.param([HIGH, LOW], 70, id="repositories"),
        pytest.param([LOW], 80, id="small repositories"),
    ],
)
def test_a_mail_of_a_giant_day_stays_within_the_budget_and_says_what_it_left_out(
    levels: list[Level], repositories: int, language: str
) -> None:
    words = "改变了很多，" * 30 if language == "zh" else "It changes a lot. " * 12
    edition = edition_of(
        [
            change
            for place in range(repositories)
            for change in changes_of(*levels, repository=f"acme/r{place}", start=1000 * place + 1, summary=words)
        ],
        language=language,
    )
    mail = RENDERER.render(edition, SLOTS)
    page = parsed(mail.html)
    assert len(mail.html.encode()) <= BUDGET_BYTES
    for text in (page.text, " ".join(mail.text.split())):
        for level in set(levels):
            assert str(edition.count(level)) in text
        assert re.search(r"more|: 1 change" if language == "en" else "另有|：1 项变更", text)
    assert page.crooked == []
    # The links that leave are at the top, where no clipping reaches them, and at the end.
    assert mail.html.count(SLOTS.unsubscribe_token) == mail.text.count(SLOTS.unsubscribe_token) == 2


def test_high_changes_lose_neither_words_nor_company_while_others_can_give_way() -> None:
    edition = edition_of(changes_of(*[HIGH] * 30, *[MEDIUM] * 200, *[LOW] * 400))
    text = parsed(RENDERER.render(edition, SLOTS).html).text
    assert text.count("What may break") == 30
    assert re.search(r"and \d+ more of this level", text)


def test_repositories_that_did_not_fit_are_named_up_to_a_number_and_counted_beyond() -> None:
    edition = edition_of([change_of(1, repository=f"acme/r{place:03}") for place in range(80)])
    mail = RENDERER.render(edition, SLOTS)
    page = parsed(mail.html)
    printed = len(page.all("h2"))
    assert 0 < printed < 80
    for text in (page.text, mail.text):
        assert text.count(": 1 change") == MOST_HIDDEN_SECTIONS
        assert f"and {80 - printed - MOST_HIDDEN_SECTIONS} more repositories" in text
    assert f"https://news.example/archive/2026-03-02/acme/r{printed:03}" in page.links()


@pytest.mark.parametrize(
    ("private", "link"),
    [(False, "https://news.example/archive/2026-03-02/acme/tide"), (True, "https://github.com/acme/tide/commits")],
    ids=["into the archive", "to GitHub where it is private"],
)
def test_the_links_of_what_was_left_out_lead_to_where_it_is(private: bool, link: str) -> None:
    edition = edition_of(changes_of(*[LOW] * 600, private=private), choice="acme/tide")
    mail = RENDERER.render(edition, SLOTS)
    assert link in parsed(mail.html).links()
    assert f"] {link}\n" in mail.text
