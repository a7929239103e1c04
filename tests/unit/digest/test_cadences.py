"""What a week and a mail at once say of themselves, in both languages, and how changes are marked that were sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from newsletter.digest.changes import marked, undone
from newsletter.digest.record import Cadence, Change, Rendering, Slots
from newsletter.digest.spans import heading_of, short_of
from subscribers import Level
from tests.support.clock import NOON
from tests.support.editions import change_of, changes_of, edition_of, renderer

RENDERER = renderer()
HIGH, MEDIUM, LOW = Level.HIGH, Level.MEDIUM, Level.LOW
AT_ONCE, DAILY, WEEKLY = Cadence.AT_ONCE, Cadence.DAILY, Cadence.WEEKLY
SOME = changes_of(HIGH, HIGH, MEDIUM, LOW)


def mail_of(cadence: Cadence, language: str, changes: tuple[Change, ...] = SOME) -> Rendering:
    return RENDERER.render(
        replace(edition_of(changes, language=language), cadence=cadence),
        Slots(unsubscribe_token="t", preferences_token="p"),
    )


@pytest.mark.parametrize(
    ("cadence", "language", "subject", "said"),
    [
        pytest.param(DAILY, "en", "2 high: Lower gate 1", ["every change in", "4 changes that day"], id="a day"),
        pytest.param(WEEKLY, "en", "2 high: Lower gate 1", ["once a week", "4 changes that week"], id="a week"),
        pytest.param(AT_ONCE, "en", "2 high just now: Lower", ["high changes at once", "4 high changes"], id="at once"),
        pytest.param(WEEKLY, "zh", "2 项重要", ["每周一封", "当周共 4 项变更"], id="a week in Chinese"),
        pytest.param(AT_ONCE, "zh", "刚刚有 2 项重要", ["即时接收重要变更", "4 项重要变更"], id="at once in Chinese"),
    ],
)
def test_a_mail_says_what_it_covers(cadence: Cadence, language: str, subject: str, said: list[str]) -> None:
    mail = mail_of(cadence, language)
    assert mail.subject.startswith(subject)
    assert [words in mail.html for words in said] == [True] * len(said)


@pytest.mark.parametrize(
    ("cadence", "language", "last", "heading", "short"),
    [
        pytest.param(DAILY, "en", date(2026, 3, 1), "Sunday, March 1, 2026", "1 Mar", id="a day"),
        pytest.param(AT_ONCE, "en", date(2026, 3, 1), "Sunday, March 1, 2026", "1 Mar", id="at once"),
        pytest.param(WEEKLY, "en", date(2026, 1, 18), "Jan 12 – 18, 2026", "Jan 12 – 18", id="a week"),
        pytest.param(WEEKLY, "en", date(2026, 3, 1), "Feb 23 – Mar 1, 2026", "Feb 23 – Mar 1", id="over two months"),
        pytest.param(WEEKLY, "zh", date(2026, 1, 18), "2026年1月12日至18日", "1月12日至18日", id="in Chinese"),
    ],
)
def test_the_time_that_a_mail_covers(cadence: Cadence, language: str, last: date, heading: str, short: str) -> None:
    edition = replace(edition_of(SOME, language=language), cadence=cadence, day=last)
    assert (heading_of(edition), short_of(edition)) == (heading, short)


def test_a_week_over_new_year_names_both_years() -> None:
    edition = replace(edition_of(SOME), cadence=WEEKLY, day=date(2026, 1, 3))
    assert heading_of(edition) == "Dec 28, 2025 – Jan 3, 2026"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("level", Level)
def test_what_was_sent_at_once_is_marked_in_every_look(language: str, level: Level) -> None:
    words = {"en": "sent at once at 12:00", "zh": "已于 12:00 即时发送"}[language]
    changes = (change_of(1, level=level, told_at=NOON), change_of(2, level=level))
    mail = mail_of(DAILY, language, changes)
    assert (mail.html.count(words), mail.text.count(words)) == (1, 1)
    assert [change.sent_at_once for change in changes] == [True, False]


def test_a_change_of_several_commits_is_marked_by_the_first_of_them_that_was_sent() -> None:
    one, two, three = (change_of(number) for number in (1, 2, 3))
    told = {("acme/tide", two.sha): NOON, ("acme/tide", three.sha): NOON - timedelta(hours=1), ("b/c", one.sha): NOON}
    together, alone = marked((replace(one, members=(two, three)), one), told)
    assert (together.told_at, alone.told_at) == (NOON - timedelta(hours=1), None)
    assert marked((one,), {}) == (one,)


def test_of_what_was_taken_back_nothing_is_left_and_of_what_was_put_in_again_all() -> None:
    def of(number: int, title: str) -> Change:
        return change_of(number, title=title)

    gone = (of(1, "Drop the bridge"), of(2, 'Revert "Drop the bridge"'), of(3, "Another"))
    assert undone(gone) == {("acme/tide", gone[0].sha), ("acme/tide", gone[1].sha)}
    again = of(4, 'Revert "Revert "Drop the bridge""')
    assert undone((*gone, again)) == frozenset()


def test_many_high_changes_at_once_are_not_summed_up() -> None:
    changes = changes_of(*[HIGH] * 6)
    assert "Above all" in mail_of(WEEKLY, "en", changes).text
    assert "The week also brought" in mail_of(WEEKLY, "en", changes).text
    assert "Above all" not in mail_of(AT_ONCE, "en", changes).text
