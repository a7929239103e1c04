"""Pages are kept, and never a moment longer than they are right."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.analysis.day import DaySummary, Told
from newsletter.analysis.prompt import VERSION
from newsletter.analysis.record import Fallback, Source
from newsletter.store import analyses, digests, failures, summaries
from newsletter.store.engine import Store
from newsletter.store.repositories import FollowedRepository
from newsletter.store.stamps import Span, Stamp, stamp
from tests.support.archive_house import LINKS, ArchiveHouse, archive_house, change_path
from tests.support.clock import NOON
from tests.support.records import DAY, analysis_of, follow, sha

PAGES = (
    LINKS.home,
    LINKS.day(DAY),
    LINKS.repository_day(DAY, "acme/tide"),
    LINKS.repository("acme/tide"),
    LINKS.repository_feed("acme/tide"),
    LINKS.feed,
    change_path(1),
)


async def test_a_page_that_is_known_already_is_not_sent_again(house: ArchiveHouse) -> None:
    await house.publish(await follow(house.store), (1, analysis_of()))
    for path in PAGES:
        first = await house.get(path)
        etag = first.headers["ETag"]
        assert first.headers["Cache-Control"] == "public, max-age=0, must-revalidate"
        for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
            again = await house.get(path, If_None_Match=known)
            assert (again.status, again.text) == (304, "")
            assert again.headers["ETag"] == etag
            assert again.headers.get("Vary") == first.headers.get("Vary")
        changed = await house.get(path, If_None_Match='"other"')
        assert (changed.status, changed.text) == (200, first.text)
        head = await house.get(path, method="HEAD")
        assert (head.status, head.text) == (200, "")
        assert head.headers["ETag"] == etag
        assert head.headers["Content-Length"] == str(len(first.text.encode()))


async def test_a_repository_that_becomes_private_is_gone_from_every_page_at_once(house: ArchiveHouse) -> None:
    tide = await follow(house.store)
    await house.publish(tide, (1, analysis_of()))
    public = {path: await house.get(path) for path in PAGES}
    assert all("tide" in answer.text.replace("Tide tables", "") for answer in public.values())
    search = f"{LINKS.search}?q=gate"
    assert change_path(1) in (await house.get(search)).page.links()

    await house.told(tide, "acme/tide", private=True)
    for path, before in public.items():
        answer = await house.get(path, If_None_Match=before.headers["ETag"])
        assert answer.status == (200 if path in {LINKS.home, LINKS.feed} else 404)
        assert "acme" not in answer.text
        assert "gate" not in answer.text
    hidden = (await house.get(search)).text
    assert "acme" not in hidden
    assert "Lower" not in hidden

    await house.told(tide, "acme/tide")
    assert {path: (await house.get(path)).text for path in PAGES} == {path: each.text for path, each in public.items()}


async def test_a_better_text_is_on_every_page_at_once(house: ArchiveHouse) -> None:
    failed = replace(analysis_of(summary="By the rules."), fallback=Fallback.TIMEOUT)
    await house.publish(await follow(house.store), (1, failed))
    pages = (LINKS.day(DAY), LINKS.feed, change_path(1))
    for path in pages:
        assert "By the rules." in (await house.get(path)).text
    better = replace(analysis_of(summary="Understood at last."), source=Source.MODEL, model="m")
    async with house.store.write() as transaction:
        assert await failures.mend(transaction.connection, 1, better, version=VERSION, now=NOON + timedelta(days=1))
    for path in pages:
        text = (await house.get(path)).text
        assert "Understood at last." in text
        assert "By the rules." not in text
    assert change_path(1) in (await house.get(f"{LINKS.search}?q=understood")).page.links()
    assert change_path(1) not in (await house.get(f"{LINKS.search}?q=rules")).page.links()


async def test_what_is_shown_changes_with_nothing_but_what_it_shows(house: ArchiveHouse) -> None:
    tide = await follow(house.store)
    failed = replace(analysis_of(), fallback=Fallback.TIMEOUT)
    await house.publish(tide, (1, failed), (2, failed))
    stamps = [await present(house.store)]
    for step in STEPS:
        await step(house, tide)
        stamps.append(await present(house.store))
    assert len(set(stamps)) == len(stamps)
    # What is not closed yet is on no page.
    await house.publish(tide, (9, analysis_of()), day=DAY + timedelta(days=3), close=False)
    assert await present(house.store) == stamps[-1]


async def present(store: Store) -> Stamp:
    return await store.read_at_once(lambda connection: stamp(connection, Span(first=DAY, last=DAY)))


async def _write(house: ArchiveHouse, _: FollowedRepository) -> None:
    async with house.store.write() as transaction:
        await analyses.add(
            transaction.connection, 1, analysis_of(language="zh"), version=VERSION, now=NOON - timedelta(days=9)
        )


async def _fail_again(house: ArchiveHouse, _: FollowedRepository) -> None:
    async with house.store.write() as transaction:
        await failures.note_retry(transaction.connection, 1, "en", Fallback.BLANK, version=VERSION)


async def _mend(house: ArchiveHouse, _: FollowedRepository) -> None:
    async with house.store.write() as transaction:
        # At an instant that is not the newest: the clocks of two processes need not agree.
        await failures.mend(
            transaction.connection, 1, analysis_of(summary="!"), version=VERSION, now=NOON - timedelta(days=9)
        )


async def _sum_up(house: ArchiveHouse, tide: FollowedRepository) -> None:
    summary = DaySummary(sentences=(Told(text="A day.", about=(sha(1),)),), highlights=(sha(1),))
    async with house.store.write() as transaction:
        digest = await digests.by_day(transaction.connection, DAY)
        assert digest is not None
        await summaries.add(transaction.connection, digest.id, tide.key, summary, language="en", now=NOON)


async def _rename(house: ArchiveHouse, tide: FollowedRepository) -> None:
    await house.told(tide, "acme/ebb")


async def _hide(house: ArchiveHouse, tide: FollowedRepository) -> None:
    await house.told(tide, "acme/ebb", private=True)


async def _show(house: ArchiveHouse, tide: FollowedRepository) -> None:
    await house.told(tide, "acme/flow")


async def _close_the_next(house: ArchiveHouse, tide: FollowedRepository) -> None:
    await house.publish(tide, (3, analysis_of()), day=DAY + timedelta(days=1))


STEPS: tuple[Callable[[ArchiveHouse, FollowedRepository], Awaitable[None]], ...] = (
    _write,
    _fail_again,
    _mend,
    _sum_up,
    _rename,
    _hide,
    _show,
    _close_the_next,
)


async def test_many_at_once_get_the_same_page_and_the_newest(sqlite_house: ArchiveHouse) -> None:
    house = sqlite_house
    await house.publish(await follow(house.store), (1, analysis_of()))
    first = await asyncio.gather(*(house.get(LINKS.day(DAY)) for _ in range(20)))
    assert {answer.status for answer in first} == {200}
    assert len({answer.text for answer in first}) == 1


@pytest.mark.parametrize("room", [0, 10_000])
async def test_pages_are_right_however_little_room_there_is_to_keep_them(sqlite_url: str, room: int) -> None:
    store = Store(sqlite_url)
    async with archive_house(store, room=room) as house:
        await house.publish(await follow(store), (1, analysis_of()))
        for _ in range(2):
            for path in PAGES:
                assert (await house.get(path)).status == 200
    await store.close()


async def test_a_database_that_is_away_is_said_so_and_nothing_old_is_shown(sqlite_house: ArchiveHouse) -> None:
    house = sqlite_house
    await house.publish(await follow(house.store), (1, analysis_of()))
    assert (await house.get(change_path(1))).status == 200
    async with house.store.write() as transaction:
        await transaction.connection.exec_driver_sql("ALTER TABLE digest_summaries RENAME TO away")
    assert (await house.get(change_path(1))).status == 503
