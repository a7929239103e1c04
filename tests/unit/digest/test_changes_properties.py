"""Whatever a day looks like: no commit is lost, thresholds nest, and the order stays."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings

from newsletter.digest.assemble import HIGH_FIRST, assemble
from newsletter.digest.changes import grouped, period
from newsletter.digest.record import EQUALS, Change
from subscribers import Level
from tests.support.editions import TITLE, change_of, digest_of
from tests.support.histories import histories
from tests.support.records import preferences_of, sha

HIGH, MEDIUM, LOW = Level.HIGH, Level.MEDIUM, Level.LOW


@settings(deadline=None, max_examples=150)
@given(histories())
def test_every_commit_is_in_exactly_one_change_of_its_repository(day: tuple[Change, ...]) -> None:
    changes = grouped(day)
    assert Counter(each.sha for change in changes for each in change.commits) == Counter(each.sha for each in day)
    for change in changes:
        assert {each.repository for each in change.commits} == {change.repository}
        assert (change.bond is None) is (len(change.commits) == 1)
        assert not any(member.members for member in change.members)
        own = [each for each in day if each.sha in {one.sha for one in change.commits}]
        assert change.level is max((each.level for each in own), key=lambda level: level.rank)
        if change.bond in EQUALS:
            assert {each.level for each in own} == {change.level}


@settings(deadline=None, max_examples=80)
@given(histories())
def test_the_order_is_that_of_the_leading_commits_and_always_the_same(day: tuple[Change, ...]) -> None:
    changes = grouped(day)
    places = {each.sha: place for place, each in enumerate(day)}
    assert [places[change.sha] for change in changes] == sorted(places[change.sha] for change in changes)
    assert grouped(day) == changes


@settings(deadline=None, max_examples=80)
@given(histories())
def test_thresholds_nest_and_whatever_reaches_one_is_there(day: tuple[Change, ...]) -> None:
    shown = {}
    for threshold in HIGH_FIRST:
        edition = assemble(digest_of(grouped(day)), preferences_of(threshold=threshold), title=TITLE)
        shown[threshold] = {each.sha for change in (edition.changes if edition else ()) for each in change.commits}
        assert {each.sha for each in day if each.level.reaches(threshold)} <= shown[threshold]
    assert shown[HIGH] <= shown[MEDIUM] <= shown[LOW] == {each.sha for each in day}


def test_a_history_of_thousands_is_no_deeper_than_the_stack() -> None:
    count = 3000
    day = [
        change_of(n, level=LOW, sha=sha(n), title=f"{n:x} gate", parents=(sha(n - 1 or 9999), sha(max(1, n - 2))))
        for n in range(1, count + 1)
    ]
    assert sum(len(change.commits) for change in grouped(day)) == count
    assert period(day) == (sha(9999), sha(count))
