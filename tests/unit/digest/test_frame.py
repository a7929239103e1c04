"""Around the changes: the last days in bars and words, why a reader gets the mail, and the mail without them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.digest.assemble import assemble
from newsletter.digest.bars import DAYS, HIGHEST, bars_of, first_day, history_of
from newsletter.digest.frame import history_words, why
from newsletter.digest.impersonal import impersonal
from newsletter.digest.record import DayCount, RecordedCommits, Slots
from newsletter.languages import catalogue
from subscribers import EVERY_REPOSITORY, Choice, Level, Preferences
from tests.support.editions import TODAY, change_of, changes_of, digest_of, edition_of, renderer
from tests.support.markup import parsed

HIGH, MEDIUM, LOW = Level.HIGH, Level.MEDIUM, Level.LOW
SLOTS = Slots(unsubscribe_token="slot-01234567", preferences_token="choices-01234567", view_key="view-01234567")
RENDERER = renderer()


def row(days_ago: int, level: Level, number: int, *, repository: str = "a/b", private: bool = False) -> RecordedCommits:
    return RecordedCommits(
        day=TODAY - timedelta(days=days_ago), repository_key=repository, private=private, level=level, number=number
    )


def history(rows: Iterable[RecordedCommits], *choices: tuple[str, Level]) -> list[tuple[int, int, int]]:
    preferences = Preferences.of("en", [Choice(repository=name, threshold=level) for name, level in choices])
    return [(count.high, count.medium, count.low) for count in history_of(rows, preferences, day=TODAY)]


EMPTY = (0, 0, 0)


def test_each_day_counts_what_reaches_the_thresholds_and_nothing_else() -> None:
    rows = [
        row(0, HIGH, 1),
        row(0, MEDIUM, 2),
        row(0, LOW, 4),
        row(3, LOW, 8),
        row(3, HIGH, 16, repository="c/d"),
        row(3, HIGH, 32, repository="secret", private=True),
        row(13, MEDIUM, 64),
        row(14, HIGH, 128),
    ]
    assert history(rows, ("a/b", MEDIUM)) == [(0, 64, 0), *[EMPTY] * 12, (1, 2, 0)]
    everything = history(rows, (EVERY_REPOSITORY, LOW))
    assert everything == [(0, 64, 0), *[EMPTY] * 9, (16, 0, 8), EMPTY, EMPTY, (1, 2, 4)]
    assert history(rows, ("secret", HIGH), ("a/b", HIGH))[-4] == (32, 0, 0)


def test_hardly_any_day_is_no_history() -> None:
    assert history([row(0, HIGH, 9), row(3, LOW, 9)], ("a/b", HIGH)) == []
    assert edition_of([change_of()]).history == ()
    assert "average" not in RENDERER.render(edition_of([change_of()]), SLOTS).text


def test_at_the_beginning_of_the_calendar_there_are_fewer_days() -> None:
    assert first_day(date(1, 1, 3)) == date.min


@given(st.lists(st.tuples(*[st.integers(0, 5000)] * 3), min_size=DAYS, max_size=DAYS))
def test_every_level_that_a_day_has_is_seen_and_no_bar_is_much_higher_than_the_highest(
    counts: list[tuple[int, int, int]],
) -> None:
    days = tuple(DayCount(day=TODAY, high=high, medium=medium, low=low) for high, medium, low in counts)
    bars = bars_of(replace(edition_of([change_of()]), history=days))
    for bar, count in zip(bars, counts, strict=True):
        assert [level for level, _ in bar] == [level for level, n in zip((HIGH, MEDIUM, LOW), count, strict=True) if n]
        assert all(height >= 2 for _, height in bar)
        assert sum(height for _, height in bar) <= HIGHEST + 4


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "7 commits this day; in 14 days 1.1 a day on average, at most 8 (Feb 27)."),
        ("zh", "当天 7 个提交；近 14 天平均每天 1.1 个，最多 8 个（2月27日）。"),
    ],
)
def test_bars_are_said_in_words_in_both_parts(language: str, said: str) -> None:
    recorded = (row(0, HIGH, 1), row(0, LOW, 6), row(3, LOW, 8))
    digest = replace(digest_of([change_of(repository="a/b")], language=language), recorded=recorded)
    edition = assemble(digest, Preferences.of(language, [Choice(repository="a/b", threshold=LOW)]), title="Tides")
    assert edition is not None
    assert history_words(edition, catalogue(language)) == said
    mail = RENDERER.render(edition, SLOTS)
    for text in (parsed(mail.html).text, mail.text):
        assert said.replace(" ", "") in text.replace(" ", "").replace("\n", "")
    (bars,) = [table for table in parsed(mail.html).all("table") if table.get("class") == "bars"]
    assert bars.get("aria-hidden") == "true"


@pytest.mark.parametrize(
    ("thresholds", "said"),
    [
        ({LOW}, "every change in Tides."),
        ({MEDIUM}, "medium and high changes in Tides."),
        ({HIGH}, "high changes in Tides."),
        ({HIGH, LOW}, "to Tides, each repository at the level that you chose."),
    ],
)
def test_the_reader_is_told_why_they_get_it(thresholds: set[Level], said: str) -> None:
    choices = [Choice(repository=f"r/{level.value}", threshold=level) for level in thresholds]
    changes = [change_of(number, repository=choice.repository) for number, choice in enumerate(choices, start=1)]
    edition = assemble(digest_of(changes), Preferences.of("en", choices), title="Tides")
    assert edition is not None
    assert why(edition, catalogue("en")) == f"You get this mail because you subscribed to {said}".replace("to to", "to")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_without_the_reader_the_mail_is_the_same_but_for_what_is_theirs(language: str) -> None:
    edition = edition_of(changes_of(HIGH, MEDIUM, LOW), language=language)
    mail = RENDERER.render(edition, SLOTS)
    page = impersonal(mail.html, slots=(SLOTS.unsubscribe_token, SLOTS.preferences_token))
    before, after = parsed(mail.html), parsed(page)
    assert after.crooked == []
    assert "/unsubscribe/" not in page
    assert "/preferences/" not in page
    assert why(edition, catalogue(language)) not in after.text
    gone = set(before.links()) - set(after.links())
    assert {link.split("/")[3] for link in gone} == {"unsubscribe", "preferences", "archive"}
    assert [element for element in before.elements if element.get("id")] == [
        element for element in after.elements if element.get("id")
    ]


def test_links_of_a_reader_are_taken_out_wherever_an_operators_template_has_them() -> None:
    page = (
        '<div>Leave <a class="x" href="https://n.example/unsubscribe/slot-1">here</a>, or <a href="#a">stay</a></div>'
    )
    assert impersonal(page, slots=("slot-1",)) == '<div>Leave , or <a href="#a">stay</a></div>'
    with pytest.raises(ValueError, match="cannot be taken out"):
        impersonal("<p>https://n.example/unsubscribe/slot-1</p>", slots=("slot-1",))


def test_a_mail_with_anything_private_is_shown_nowhere_else() -> None:
    public, private = change_of(1), change_of(2, repository="secret/tide", private=True)
    choices = [Choice(repository=name, threshold=LOW) for name in ("acme/tide", "secret/tide")]
    edition = assemble(digest_of([public, private]), Preferences.of("en", choices), title="Tides")
    assert edition is not None
    mail = RENDERER.render(edition, SLOTS)
    assert mail.view_key is None
    assert SLOTS.view_key is not None
    for part in (mail.html, mail.text):
        assert SLOTS.view_key not in part
        assert "/archive/2026-03-02/acme/tide" in part
        assert "/archive/2026-03-02/secret" not in part
    assert "Private" in parsed(mail.html).text
    assert RENDERER.render(edition_of([public]), SLOTS).view_key == SLOTS.view_key
