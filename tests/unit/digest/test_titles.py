"""What titles say about the other commits of their day."""

from __future__ import annotations

import timeit

import pytest
from hypothesis import example, given, settings

from newsletter.digest.titles import (
    MOST_COMPARED,
    Bump,
    Part,
    bump_of,
    changing_of,
    comparable,
    is_robot,
    part_of,
    reverted_title,
    shape_of,
    without_changing,
    without_part,
)
from tests.support.editions import HOSTILE


@pytest.mark.parametrize(
    ("title", "quoted"),
    [
        pytest.param('Revert "Cache routes"', "Cache routes", id="git's words"),
        pytest.param('Revert "Cache routes (#4)" (#5)', "Cache routes", id="with both numbers"),
        pytest.param('[Revert] Revert "Cache"', "Cache", id="behind a tag"),
        pytest.param("Revert “Cache”", "Cache", id="with curled quotes"),
        pytest.param('Reapply "Cache" (#6)', 'Revert "Cache"', id="reapplied"),
        pytest.param('Revert "Revert "Cache""', 'Revert "Cache"', id="of a revert"),
        pytest.param("revert(api): feat: cache (#3)", "feat: cache", id="by type"),
        pytest.param("Revert to the old cache", None, id="in words of its own"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_a_revert_quotes_what_it_takes_back(title: str, quoted: str | None) -> None:
    assert reverted_title(title) == quoted


@pytest.mark.parametrize(
    ("title", "part"),
    [
        ("[1/3] Add x", Part(number=1, total="3", prefix="")),
        ("[PATCH 2/3] Add x", Part(number=2, total="3", prefix="")),
        ("[MoE][3/N] Add x (#4)", Part(number=3, total="n", prefix="[moe]")),
        ("[3/n] core: Add x", Part(number=3, total="n", prefix="core:")),
        ("Add x (part 2 of 3)", Part(number=2, total="3", prefix="")),
        ("Add x (2/3) (#12)", Part(number=2, total="3", prefix="")),
        ("Part 1/2: add x", Part(number=1, total="2", prefix="")),
        ("[4/3] Add x", None),
        ("[1/1] Add x", None),
        ("[0/3] Add x", None),
        ("Use 1/2 of the cache", None),
        ("Fix a/b", None),
    ],
)
def test_a_part_of_a_series_says_its_place(title: str, part: Part | None) -> None:
    assert part_of(title) == part


def test_the_place_in_a_series_can_be_taken_out() -> None:
    assert without_part("[MoE][3/N] Add x") == "[MoE] Add x"
    assert without_part("Part 1/2: add x") == "add x"
    assert without_part("[1/2]") == "[1/2]"


@pytest.mark.parametrize(
    ("title", "bump"),
    [
        ("Bump aiohttp from 3.9.1 to 3.10.0", Bump(name="aiohttp", old="3.9.1", new="3.10.0")),
        ("build(deps-dev): bump @a/node from 1.0 to 1.1 in /web (#3)", Bump(name="@a/node", old="1.0", new="1.1")),
        ("chore(deps): update dependency ruff to v0.17.5", Bump(name="ruff", old=None, new="v0.17.5")),
        ("Update module github.com/a/b to v2 (#7)", Bump(name="github.com/a/b", old=None, new="v2")),
        ("Update actions/checkout digest to 1a2b3c4", Bump(name="actions/checkout", old=None, new="1a2b3c4")),
        ("Updates `idna` from 3.6 to 3.7", None),
        ("Bump version from 1.0 to 1.1", None),
        ("Update the guide to reflect the new gate", None),
        ("Bump the group with 3 updates", None),
    ],
)  # fmt: skip
def test_a_new_version_is_read(title: str, bump: Bump | None) -> None:
    assert bump_of(title) == bump


def test_what_recurs_differs_in_numbers_dates_and_object_names_alone() -> None:
    assert shape_of("Nightly 2026-03-01 of 1a2b3c4 (#1)") == shape_of("nightly 2026-03-02 of 5d6e7f8 (#2)")
    assert shape_of("Add a gate") != shape_of("Add a lock")
    assert without_changing("Nightly 2026-03-01 (#1)") == "Nightly …"
    assert changing_of("Nightly 2026-03-01 (#1)") == "2026-03-01"
    assert changing_of("Update translations") == ""


@pytest.mark.parametrize(
    ("author", "expected"),
    [("dependabot[bot]", True), ("Renovate Bot", True), ("Ada", False), ("Abbot", False), ("", False)],
)
def test_programs_are_known_by_their_names(author: str, expected: bool) -> None:
    assert is_robot(author) is expected


@settings(deadline=None)
@given(HOSTILE)
@example('Revert "' * 40)
def test_any_title_can_be_read(title: str) -> None:
    reverted_title(title)
    part_of(title)
    bump_of(title)
    without_part(title)
    assert len(comparable(title)) <= MOST_COMPARED
    assert comparable(comparable(title)) == comparable(title)


@pytest.mark.parametrize("piece", ["[a]", "a:", "a: ", "[1/2", 'Revert "', "(#1) ", "bump a ", "1/", "a.b/", " ", "`"])
def test_no_title_takes_long(piece: str) -> None:
    title = piece * 100_000
    readers = (reverted_title, part_of, bump_of, shape_of, without_changing)
    assert min(timeit.repeat(lambda: [read(title) for read in readers], number=1, repeat=3)) < 0.05
