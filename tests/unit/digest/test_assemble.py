"""A cohort gets exactly the changes at or above its thresholds, the most important first."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.digest.assemble import HIGH_FIRST, assemble
from newsletter.digest.record import Change, Edition
from subscribers import EVERY_REPOSITORY, Choice, Level, Preferences
from tests.support.editions import TITLE, change_of, changes_of, days, digest_of, edition_of
from tests.support.records import analysis_of, preferences_of

HIGH, MEDIUM, LOW = Level.HIGH, Level.MEDIUM, Level.LOW
ONE_OF_EACH = changes_of(LOW, MEDIUM, HIGH)


def shown(changes: tuple[Change, ...], preferences: Preferences) -> tuple[Change, ...]:
    edition = assemble(digest_of(changes), preferences, title=TITLE)
    return () if edition is None else edition.changes


@pytest.mark.parametrize(
    ("threshold", "levels"), [(HIGH, [HIGH]), (MEDIUM, [HIGH, MEDIUM]), (LOW, [HIGH, MEDIUM, LOW])], ids=str
)
def test_a_threshold_lets_through_its_own_level_and_those_above(threshold: Level, levels: list[Level]) -> None:
    edition = edition_of(ONE_OF_EACH, threshold=threshold)
    assert [change.level for change in edition.changes] == levels
    assert edition.sections[0].threshold is threshold


@settings(deadline=None)
@given(days())
def test_what_a_higher_threshold_shows_a_lower_one_shows_as_well(changes: tuple[Change, ...]) -> None:
    high, medium, low = (
        {change.sha for change in shown(changes, preferences_of(threshold=level))} for level in HIGH_FIRST
    )
    assert high <= medium <= low


@settings(deadline=None)
@given(days(), st.sampled_from(Level))
def test_nothing_that_reaches_the_threshold_is_lost_or_doubled(changes: tuple[Change, ...], threshold: Level) -> None:
    wanted = [change for change in changes if change.level.rank >= threshold.rank]
    found = shown(changes, preferences_of(threshold=threshold))
    assert sorted(change.sha for change in found) == sorted(change.sha for change in wanted)
    assert all(change in wanted for change in found)


@settings(deadline=None)
@given(days(), st.sampled_from(Level))
def test_a_section_is_one_repository_high_first_then_in_the_order_of_arrival(
    changes: tuple[Change, ...], threshold: Level
) -> None:
    edition = assemble(digest_of(changes), preferences_of(threshold=threshold), title=TITLE)
    sections = edition.sections if edition else ()
    assert len({section.repository for section in sections}) == len(sections)
    for section in sections:
        assert {change.repository for change in section.changes} == {section.repository}
        places = [(-change.level.rank, changes.index(change)) for change in section.changes]
        assert places == sorted(places)


@settings(deadline=None)
@given(days())
def test_what_is_left_out_is_counted(changes: tuple[Change, ...]) -> None:
    edition = assemble(digest_of(changes), preferences_of(threshold=MEDIUM), title=TITLE)
    for section in edition.sections if edition else ():
        of_it = [change for change in changes if change.repository == section.repository]
        assert section.totals == tuple((level, sum(each.level is level for each in of_it)) for level in HIGH_FIRST)


def test_repositories_with_more_important_changes_come_first() -> None:
    edition = edition_of(
        [
            *changes_of(LOW, LOW, LOW, repository="a/low"),
            *changes_of(MEDIUM, LOW, repository="a/medium", start=10),
            *changes_of(HIGH, repository="z/one", start=20),
            *changes_of(HIGH, HIGH, repository="z/two", start=30),
            *changes_of(HIGH, MEDIUM, repository="z/mixed", start=40),
        ]
    )
    assert [section.repository for section in edition.sections] == ["z/two", "z/mixed", "z/one", "a/medium", "a/low"]


def test_repositories_with_equally_important_changes_come_by_name_whatever_its_case() -> None:
    names = ["b/x", "A/x", "a/w"]
    edition = edition_of([change for name in names for change in changes_of(HIGH, repository=name)])
    assert [section.repository for section in edition.sections] == ["a/w", "A/x", "b/x"]


def test_where_nothing_reaches_a_threshold_there_is_no_edition() -> None:
    assert assemble(digest_of(changes_of(LOW, MEDIUM)), preferences_of(threshold=HIGH), title=TITLE) is None


def test_an_empty_day_gives_no_edition() -> None:
    assert assemble(digest_of([]), preferences_of(threshold=LOW), title=TITLE) is None


def test_a_repository_without_anything_to_say_has_no_section() -> None:
    edition = edition_of([*ONE_OF_EACH, *changes_of(LOW, repository="b/c")], threshold=MEDIUM)
    assert [section.repository for section in edition.sections] == ["acme/tide"]


def test_each_repository_has_the_threshold_chosen_for_it_and_the_general_one_else() -> None:
    changes = [*ONE_OF_EACH, *changes_of(LOW, MEDIUM, HIGH, repository="b/c")]
    preferences = Preferences.of(
        "en",
        [Choice(repository="b/c", threshold=LOW), Choice(repository=EVERY_REPOSITORY, threshold=HIGH)],
    )
    found = [(change.repository, change.level) for change in shown(tuple(changes), preferences)]
    assert found == [("b/c", HIGH), ("b/c", MEDIUM), ("b/c", LOW), ("acme/tide", HIGH)]


def test_a_repository_that_was_not_chosen_is_left_out() -> None:
    found = shown((*ONE_OF_EACH, *changes_of(HIGH, repository="b/c")), preferences_of(repository="b/c"))
    assert [change.repository for change in found] == ["b/c"]


@pytest.mark.parametrize(("repository", "count"), [(EVERY_REPOSITORY, 0), ("acme/tide", 1)])
def test_a_private_repository_is_shown_only_to_those_who_named_it(repository: str, count: int) -> None:
    assert len(shown((change_of(private=True),), preferences_of(repository=repository))) == count


def test_a_repository_renamed_in_the_day_has_one_section() -> None:
    renamed = change_of(2, repository="acme/flood", repository_key="acme/tide")
    edition = edition_of([change_of(1), renamed])
    assert [len(section.changes) for section in edition.sections] == [2]


def test_an_edition_is_of_the_day_and_language_of_its_digest_and_of_its_readers_zone() -> None:
    digest = digest_of(changes_of(HIGH, analysis=analysis_of(language="zh")), language="zh", timezone="Europe/Berlin")
    edition = assemble(digest, preferences_of("zh", timezone="Asia/Shanghai"), title="潮汐")
    assert edition is not None
    assert (edition.title, edition.day, edition.timezone, edition.language) == (
        "潮汐",
        digest.day,
        "Asia/Shanghai",
        "zh",
    )


def test_a_late_change_stays_marked_late() -> None:
    edition = edition_of([change_of(1, late=True), change_of(2)])
    assert [change.late for change in edition.changes] == [True, False]


@settings(deadline=None)
@given(days())
def test_counts_and_groups_agree_with_what_is_shown(changes: tuple[Change, ...]) -> None:
    edition: Edition | None = assemble(digest_of(changes), preferences_of(threshold=LOW), title=TITLE)
    if edition is None:
        assert changes == ()
        return
    assert sum(edition.count(level) for level in Level) == len(edition.changes) == len(changes)
    for section in edition.sections:
        assert tuple(change for level in HIGH_FIRST for change in section.at(level)) == section.changes
