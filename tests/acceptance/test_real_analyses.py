"""Days of published analyses, long and Chinese: each is a mail that may be sent, and so are ten of them in one.

They are not part of the project; without them this is not collected.
"""

from __future__ import annotations

from datetime import date

import pytest

from newsletter.digest.check import Allowed, faults_of
from newsletter.digest.record import Edition, Slots
from subscribers import Level
from tests.support.analysed_days import analysed_days, changes_of_day
from tests.support.editions import WEB, edition_of, renderer
from tests.support.markup import parsed

SLOTS = Slots(unsubscribe_token="slot-0123456789", preferences_token="choices-0123456789", view_key="view-0123456789")
RENDERER = renderer()
DAYS = analysed_days()
MANY = 10


def faults(edition: Edition) -> tuple[str, ...]:
    mail = RENDERER.render(edition, SLOTS)
    return faults_of(mail, edition, SLOTS, allowed=Allowed(base_url=RENDERER.base_url, github_url=WEB))


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_a_day_is_told_whole_and_fit_to_be_sent(day: date) -> None:
    edition = edition_of(changes_of_day(DAYS[day], "owner/name"), language="zh", timezone="Asia/Shanghai")
    assert faults(edition) == ()
    mail = RENDERER.render(edition, SLOTS)
    for commit in DAYS[day]:
        assert commit["url"].rpartition("/")[2] in mail.html
    assert "另有" not in parsed(mail.html).text


def test_ten_days_in_one_mail_name_every_high_change_and_say_what_is_left_out() -> None:
    days = list(DAYS.values())
    changes = [
        change for number in range(MANY) for change in changes_of_day(days[number % len(days)], f"owner/r{number}")
    ]
    edition = edition_of(changes, language="zh", timezone="Asia/Shanghai")
    assert faults(edition) == ()
    page = parsed(RENDERER.render(edition, SLOTS).html)
    links = set(page.links())
    assert {change.url for change in edition.changes if change.level is Level.HIGH} <= links
    assert "项同级变更" in page.text
