"""Texts of any length are read up to a bound, and an instant of any year has a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.digest import sanitise
from newsletter.digest.fit import fit
from newsletter.digest.printed import Page
from newsletter.digest.record import Slots
from newsletter.digest.sanitise import LONGEST_READ, display_width, displayable, wrapped
from subscribers import Level
from tests.support.editions import change_of, edition_of, renderer

SLOTS = Slots(unsubscribe_token="slot-1", preferences_token="choices-1")


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every character that is looked at on its own."""
    characters: list[str] = []
    real = sanitise._is_visible

    def counting(character: str) -> bool:
        characters.append(character)
        return real(character)

    monkeypatch.setattr(sanitise, "_is_visible", counting)
    sanitise._displayable.cache_clear()
    return characters


@pytest.mark.parametrize("level", Level)
def test_of_a_title_only_its_beginning_is_read(looked_at: list[str], level: Level) -> None:
    renderer().render(edition_of((change_of(title="字" * 50_000, level=level),)), SLOTS)
    assert len([character for character in looked_at if character == "字"]) <= 4 * LONGEST_READ


def test_a_title_is_read_once_however_often_the_page_is_cut(looked_at: list[str]) -> None:
    titles = [f"{'字' * 170}{number}" for number in range(600)]
    changes = [change_of(number, level=Level.LOW, title=title) for number, title in enumerate(titles, start=1)]
    page = renderer().render(edition_of(changes), SLOTS)
    assert "more of this level" in page.text
    assert len([character for character in looked_at if character == "字"]) <= 3 * sum(map(len, titles))


@pytest.mark.parametrize("unit", ["中", "中 ", "，", "，中", "a", "a，", "한", " ", "e\u0301", "\u2060"])
def test_every_character_of_a_giant_line_is_measured_once(monkeypatch: pytest.MonkeyPatch, unit: str) -> None:
    measured: list[int] = []

    def counting(text: str) -> int:
        measured.append(len(text))
        return display_width(text)

    monkeypatch.setattr(sanitise, "display_width", counting)
    text = unit * 20_000
    wrapped(text, first="- ", rest="  ")
    assert sum(measured) <= 3 * len(text) + 100


@given(st.text(alphabet="ab ，。中文한\u3000,."), st.integers(8, 40))
def test_wrapping_keeps_every_word_and_the_width(text: str, width: int) -> None:
    text = displayable(text)
    lines = wrapped(text, width=width, first="- ", rest="  ").split("\n")
    assert "".join("".join(lines).split()) == "-" + "".join(text.split())
    assert lines[0].startswith("-")
    assert all(line.startswith("  ") for line in lines[1:])


@pytest.mark.parametrize(
    "instant", [datetime(year, month, day, tzinfo=UTC) for year, month, day in ((1, 1, 1), (1, 1, 2), (9999, 12, 31))]
)
@pytest.mark.parametrize("hour", [0, 23])
@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Shanghai", "Pacific/Apia", "UTC"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_any_instant_can_be_said_in_any_zone(instant: datetime, hour: int, zone: str, language: str) -> None:
    assert zone in available_timezones()
    change = change_of(reached_at=instant + timedelta(hours=hour))
    assert renderer().render(edition_of((change,), timezone=zone, language=language), SLOTS).html


def test_a_page_that_a_rung_leaves_as_it_is_is_not_printed_again() -> None:
    changes = [change_of(number, level=Level.HIGH) for number in range(1, 300)]
    printed: list[Page] = []

    def print_html(page: Page) -> str:
        printed.append(page)
        return "x" * 1_000_000

    fit(edition_of(changes), print_html)
    assert len(printed) == len(set(printed)) <= 12
