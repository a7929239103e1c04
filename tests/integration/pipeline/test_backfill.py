"""The past of a repository is fetched once, and what a digest had is never in another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from aiohttp import web

from newsletter.demo.github import StandInGitHub
from newsletter.github.faults import GitHubUnavailable
from newsletter.pipeline.backfill import OLDEST_BROUGHT, Filled, backfill
from newsletter.pipeline.found import SLICE
from newsletter.pipeline.port import Kind
from newsletter.store import repositories
from newsletter.store.engine import Store
from tests.support.background import Background
from tests.support.clock import NOON, FrozenClock
from tests.support.command_line import CommandLine
from tests.support.graph import NAME, REPOSITORY, Graph, Lookout, lookout_over
from tests.support.records import sha

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MONDAY = date(2026, 3, 2)


@pytest.fixture
async def lookout(store: Store, clock: FrozenClock) -> AsyncIterator[Lookout]:
    async with lookout_over(store, clock) as lookout:
        yield lookout


async def fill(lookout: Lookout, since: datetime, progress: list[tuple[str, int]] | None = None) -> Filled:
    return await backfill(
        await lookout.repository(),
        since=since,
        store=lookout.store,
        jobs=lookout.newsroom.jobs,
        github=lookout.github,
        now=lookout.now,
        progress=lambda branch, listed: (progress if progress is not None else []).append((branch, listed)),
    )


def week(lookout: Lookout) -> None:
    """A commit a day, number 7 of today."""
    for number in range(1, 8):
        lookout.graph.add(number, *([number - 1] if number > 1 else []), at=NOON - (7 - number) * DAY)
    lookout.move(7)


async def test_what_reached_the_branch_since_a_day_is_stored_and_nothing_older(lookout: Lookout) -> None:
    week(lookout)
    assert await fill(lookout, NOON - 3 * DAY) == Filled(seen=4, new=4)
    assert await lookout.reached() == {number: NOON - (7 - number) * DAY for number in (4, 5, 6, 7)}
    assert len(await lookout.newsroom.queued(Kind.FETCH)) == 4


async def test_twice_brings_nothing_new_and_an_earlier_day_only_what_is_missing(lookout: Lookout) -> None:
    week(lookout)
    await fill(lookout, NOON - 3 * DAY)
    pushes = await lookout.newsroom.count("pushes")
    assert await fill(lookout, NOON - 3 * DAY) == Filled(seen=4, new=0)
    assert await lookout.newsroom.count("pushes") == pushes
    assert await fill(lookout, NOON - 5 * DAY) == Filled(seen=6, new=2)
    assert await lookout.stored() == [2, 3, 4, 5, 6, 7]


async def test_what_a_late_merge_brought_counts_though_it_is_older(lookout: Lookout) -> None:
    graph = lookout.graph
    graph.add(1, at=NOON - 40 * DAY)
    graph.add(2, 1, at=NOON - 20 * DAY)
    graph.add(3, 2, at=NOON - 19 * DAY)
    graph.add(4, 1, 3, at=NOON - DAY)
    lookout.move(4)
    assert timedelta(days=20) < OLDEST_BROUGHT
    assert await fill(lookout, NOON - 2 * DAY) == Filled(seen=3, new=3)
    assert set((await lookout.reached()).values()) == {NOON - DAY}
    # In the order in which they were made, as a push lists them.
    assert await lookout.positions() == {2: 0, 3: 1, 4: 2}


async def test_githubs_record_of_movements_says_when(lookout: Lookout) -> None:
    lookout.graph.line([1, 2, 3], at=NOON - 10 * DAY)
    lookout.move(1, at=NOON - 9 * DAY)
    lookout.move(3, at=NOON - DAY)
    assert await fill(lookout, NOON - 2 * DAY) == Filled(seen=2, new=2)
    assert await lookout.reached() == {2: NOON - DAY, 3: NOON - DAY}


async def test_progress_is_told_after_each_page_of_each_branch(lookout: Lookout) -> None:
    lookout.graph.line(range(1, 151), at=NOON - HOUR)
    lookout.graph.add(151, 150, at=NOON - HOUR)
    await lookout.watch("main", "release/*")
    lookout.move(150)
    lookout.move(151, "release/1")
    told: list[tuple[str, int]] = []
    assert await fill(lookout, NOON - DAY, told) == Filled(seen=301, new=151)
    assert told == [("main", 100), ("main", 150), ("release/1", 100), ("release/1", 151)]


async def test_a_long_past_is_stored_in_slices_so_that_deliveries_come_in_between(lookout: Lookout) -> None:
    for number in range(1, 161):
        # Some arrived together, and some alone.
        at = NOON - 2 * HOUR if number < 100 else NOON - HOUR + number * timedelta(seconds=1)
        lookout.graph.add(number, *([number - 1] if number > 1 else []), at=at)
    lookout.move(160)
    filling = asyncio.create_task(fill(lookout, NOON - DAY))
    seen = set()
    while not filling.done():
        seen.add(await lookout.newsroom.count("commits"))
        await asyncio.sleep(0)
    assert await filling == Filled(seen=160, new=160)
    steps = sorted(seen | {0, 160})
    assert max(later - earlier for earlier, later in pairwise(steps)) <= SLICE
    assert await lookout.stored() == list(range(1, 161))
    positions = await lookout.positions()
    assert [positions[number] for number in range(1, 100)] == list(range(99))


async def test_what_is_stored_by_the_time_github_goes_away_stays(lookout: Lookout) -> None:
    lookout.graph.line([1, 2], at=NOON - HOUR)
    lookout.graph.add(3, 2, at=NOON - HOUR)
    await lookout.watch("main", "next")
    lookout.move(2)
    lookout.move(3, "next")
    lookout.server.faults = lambda request: web.json_response({}, status=502) if "/next" in request.path else None
    with pytest.raises(GitHubUnavailable):
        await fill(lookout, NOON - DAY)
    assert await lookout.stored() == [1, 2]
    lookout.server.faults = None
    assert await fill(lookout, NOON - DAY) == Filled(seen=5, new=1)


async def test_what_a_digest_had_is_never_in_another(lookout: Lookout, clock: FrozenClock) -> None:
    week(lookout)
    await lookout.begin(5, "main", at=NOON - 2 * DAY)
    await lookout.pushed(5, 7, [6, 7], at=NOON)
    clock.advance(DAY)
    assert (await lookout.newsroom.close(MONDAY)).changes == 2
    assert await fill(lookout, NOON - 20 * DAY) == Filled(seen=7, new=5)
    clock.advance(DAY)
    await lookout.newsroom.close(MONDAY + DAY)
    assert await lookout.newsroom.numbers(MONDAY) == [6, 7]
    assert await lookout.newsroom.numbers(MONDAY + DAY) == [1, 2, 3, 4, 5]
    assert await fill(lookout, NOON - 20 * DAY) == Filled(seen=7, new=0)
    clock.advance(DAY)
    assert (await lookout.newsroom.close(MONDAY + 2 * DAY)).changes == 0


async def test_a_repository_of_which_only_the_name_is_known_is_introduced_first(lookout: Lookout, store: Store) -> None:
    async with store.write() as transaction:
        flood, _ = await repositories.add(transaction.connection, "acme/flood", known=None, now=NOON)
    flood_graph = Graph("acme/flood", lookout.graph.commits)
    flood_graph.add(1, at=NOON - HOUR)
    assert isinstance(lookout.server.repositories, dict)
    lookout.server.repositories["acme/flood"] = {**REPOSITORY, "id": 7, "full_name": "acme/flood"}
    lookout.server.history.move("acme/flood", "main", sha(1))
    filled = await backfill(
        flood,
        since=NOON - DAY,
        store=store,
        jobs=lookout.newsroom.jobs,
        github=lookout.github,
        now=NOON,
        progress=lambda *_: None,
    )
    assert filled == Filled(seen=1, new=1)


@pytest.fixture
def github() -> Iterator[StandInGitHub]:
    """A repository with a commit an hour ago and one of the year 2025."""
    graph = Graph()
    graph.add(1, at=datetime(2025, 6, 1, 12, tzinfo=UTC))
    graph.add(2, 1, at=datetime.now(UTC) - HOUR)
    background = Background()
    server = StandInGitHub(repositories={NAME: REPOSITORY}, commits=graph.commits)
    server.history.move(NAME, "main", sha(2))
    with background.serving(server) as started:
        yield started
    background.close()


@pytest.fixture
def newsletter(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], github: StandInGitHub, tmp_path: Path
) -> CommandLine:
    monkeypatch.chdir(tmp_path)
    environment = {
        "NEWSLETTER_DATABASE_URL": f"sqlite:///{tmp_path}/newsletter.db",
        "NEWSLETTER_GITHUB__API_URL": github.url,
    }
    return CommandLine(monkeypatch, capsys, environment)


def test_the_verb_says_what_it_found(newsletter: CommandLine) -> None:
    assert newsletter("repositories", "add", NAME).code == 0
    yesterday = str((datetime.now(UTC) - DAY).date())
    for since, said in (
        (yesterday, f"1 commits since {yesterday}, 1 of them new."),
        (yesterday, f"1 commits since {yesterday}, 0 of them new."),
        ("2025-06-01", "2 commits since 2025-06-01, 1 of them new."),
    ):
        ended = newsletter("repositories", "backfill", NAME.upper(), "--since", since)
        assert ended.code == 0, ended.err
        assert ended.out.startswith(said)
        assert "main" in ended.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param([NAME, "--since", "2099-01-01"], "2099-01-01 has not begun yet", id="a day to come"),
        pytest.param(["acme/other", "--since", "2026-01-01"], "not followed", id="a repository nobody follows"),
        pytest.param(["acme", "--since", "2026-01-01"], "OWNER/NAME", id="no name of a repository"),
        pytest.param([NAME, "--since", "yesterday"], "yesterday", id="no day"),
        pytest.param([NAME, "--since", "0001-01-01"], "0001-01-01", id="a day before the calendars of some zones"),
        pytest.param([NAME], "--since", id="no day at all"),
    ],
)
def test_a_wrong_call_is_told_apart_and_asks_nobody(
    newsletter: CommandLine, github: StandInGitHub, arguments: list[str], said: str
) -> None:
    assert newsletter("repositories", "add", NAME).code == 0
    newsletter.set("NEWSLETTER_TIMEZONE", "Asia/Shanghai")
    github.requests.clear()
    ended = newsletter("repositories", "backfill", *arguments)
    assert ended.code == 2
    assert said in ended.err
    assert github.requests == []


def test_the_first_day_of_time_is_no_fault(newsletter: CommandLine) -> None:
    assert newsletter("repositories", "add", NAME).code == 0
    assert newsletter("repositories", "backfill", NAME, "--since", "1970-01-01").out.startswith("2 commits")


def test_a_github_that_is_away_fails_the_verb_in_one_sentence(newsletter: CommandLine, github: StandInGitHub) -> None:
    assert newsletter("repositories", "add", NAME).code == 0
    github.faults = lambda _: web.json_response({}, status=502)
    ended = newsletter("repositories", "backfill", NAME, "--since", "2026-01-01")
    assert ended.code == 1
    assert "newsletter: GitHub answered 502" in ended.err
