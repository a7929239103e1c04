"""Levels and what readers chose."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subscribers import EVERY_REPOSITORY, Choice, Level, Preferences

LEVELS = st.sampled_from(Level)
CHOICES = st.dictionaries(st.sampled_from(["1", "2", "30", EVERY_REPOSITORY]), LEVELS, min_size=1).map(
    lambda chosen: [Choice(repository=repository, threshold=level) for repository, level in chosen.items()]
)


def choose(**chosen: Level) -> Preferences:
    return Preferences.of("en", [Choice(repository=name.strip("_"), threshold=level) for name, level in chosen.items()])


@pytest.mark.parametrize(
    ("level", "threshold", "reaches"),
    [
        pytest.param(Level.HIGH, Level.HIGH, True, id="high reaches high"),
        pytest.param(Level.HIGH, Level.LOW, True, id="high reaches low"),
        pytest.param(Level.MEDIUM, Level.HIGH, False, id="medium does not reach high"),
        pytest.param(Level.MEDIUM, Level.MEDIUM, True, id="medium reaches medium"),
        pytest.param(Level.LOW, Level.MEDIUM, False, id="low does not reach medium"),
        pytest.param(Level.LOW, Level.LOW, True, id="low reaches low"),
    ],
)
def test_a_level_reaches_thresholds_up_to_itself(level: Level, threshold: Level, reaches: bool) -> None:
    assert level.reaches(threshold) is reaches


def test_the_scale_runs_from_low_to_high() -> None:
    scale = [Level.LOW, Level.MEDIUM, Level.HIGH]
    assert [level.rank for level in scale] == [0, 1, 2]
    assert all(lower.moved(1) is higher and higher.moved(-1) is lower for lower, higher in pairwise(scale))


@settings(deadline=None)
@given(LEVELS, st.integers(-9, 9))
def test_a_level_never_leaves_the_scale(level: Level, steps: int) -> None:
    assert level.moved(steps).rank == max(0, min(2, level.rank + steps))


@settings(deadline=None)
@given(CHOICES, st.randoms())
def test_the_order_of_choices_makes_no_other_cohort(choices: list[Choice], random: object) -> None:
    turned = list(reversed(choices))
    assert Preferences.of("en", choices) == Preferences.of("en", turned)
    assert Preferences.of("en", choices).key == Preferences.of("en", turned).key


@settings(deadline=None)
@given(CHOICES, CHOICES)
def test_other_choices_make_another_cohort(one: list[Choice], other: list[Choice]) -> None:
    first, second = Preferences.of("en", one), Preferences.of("en", other)
    assert (first.key == second.key) is (first == second)


def test_another_language_makes_another_cohort() -> None:
    choice = [Choice(repository="1", threshold=Level.LOW)]
    assert Preferences.of("en", choice).key != Preferences.of("zh", choice).key


def test_another_zone_or_wish_makes_another_cohort() -> None:
    choice = [Choice(repository="1", threshold=Level.LOW)]
    keys = {
        Preferences.of("en", choice, timezone=timezone, at_once=at_once).key
        for timezone in ("UTC", "Asia/Shanghai")
        for at_once in (False, True)
    }
    assert len(keys) == 4


def test_a_cohorts_name_stays_the_same_over_releases() -> None:
    assert choose(_1=Level.HIGH).key == "e981d36d081d80b8f159612c769c2d1f"


def test_a_repositorys_own_choice_wins_over_the_one_for_all() -> None:
    chosen = Preferences.of(
        "en",
        [Choice(repository=EVERY_REPOSITORY, threshold=Level.HIGH), Choice(repository="1", threshold=Level.LOW)],
    )
    assert chosen.threshold_for("1", private=False) is Level.LOW
    assert chosen.threshold_for("2", private=False) is Level.HIGH


def test_a_private_repository_is_followed_by_name_only() -> None:
    every = Preferences.of("en", [Choice(repository=EVERY_REPOSITORY, threshold=Level.LOW)])
    assert every.threshold_for("1", private=True) is None
    assert choose(_1=Level.MEDIUM).threshold_for("1", private=True) is Level.MEDIUM


def test_a_repository_that_was_not_chosen_is_not_followed() -> None:
    assert choose(_1=Level.LOW).threshold_for("2", private=False) is None


@pytest.mark.parametrize(
    ("choices", "reason"),
    [
        pytest.param([], "at least one repository", id="none"),
        pytest.param([("1", Level.LOW), ("1", Level.HIGH)], "one threshold only", id="two for one repository"),
    ],
)
def test_preferences_are_refused_with(choices: list[tuple[str, Level]], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Preferences.of("en", [Choice(repository=name, threshold=level) for name, level in choices])
