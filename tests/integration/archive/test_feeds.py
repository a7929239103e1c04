"""The feeds: valid by every rule, read well by a reader's program, and with what they promise."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import feedparser
import pytest

from newsletter.analysis.prompt import VERSION
from newsletter.analysis.record import Fallback
from newsletter.store import failures
from newsletter.web.archive.feeds import MOST_ENTRIES
from subscribers import Level
from tests.support.archive_house import BASE_URL, LINKS, NEXT_DAY, ArchiveHouse, change_path
from tests.support.atom_rules import ATOM, LANG, checked, content_of, text_of
from tests.support.clock import NOON
from tests.support.records import DAY, analysis_of, follow, sha

HIGH, MEDIUM, LOW = Level.HIGH, Level.MEDIUM, Level.LOW
FEEDS = (LINKS.feed, LINKS.level_feed(HIGH), LINKS.repository_feed("acme/tide"))


async def shas(house: ArchiveHouse, path: str) -> list[str]:
    """Return the object names of a feed's entries, in their order."""
    answer = await house.get(path)
    assert answer.status == 200
    return [text_of(entry, "id")[-40:] for entry in checked(answer.text.encode()).findall(f"{ATOM}entry")]


async def test_feeds_hold_what_is_public_closed_and_at_their_level_the_newest_first(house: ArchiveHouse) -> None:
    tide, moon = await follow(house.store), await follow(house.store, "acme/moon", github_id=101)
    secret = await follow(house.store, "acme/secret", github_id=102, private=True)
    await house.publish(tide, (1, analysis_of()), (2, analysis_of(level=LOW)), close=False)
    await house.publish(secret, (3, analysis_of()))
    await house.publish(moon, (4, analysis_of(level=MEDIUM)), day=NEXT_DAY)
    await house.publish(tide, (5, analysis_of()), day=NEXT_DAY + timedelta(days=1), close=False)
    assert await shas(house, LINKS.feed) == [sha(4), sha(2), sha(1)]
    assert await shas(house, LINKS.level_feed(LOW)) == [sha(4), sha(2), sha(1)]
    assert await shas(house, LINKS.level_feed(MEDIUM)) == [sha(4), sha(1)]
    assert await shas(house, LINKS.level_feed(HIGH)) == [sha(1)]
    assert await shas(house, LINKS.repository_feed("acme/tide")) == [sha(2), sha(1)]


async def test_a_reader_gets_well_what_we_write(house: ArchiveHouse) -> None:
    tide = await follow(house.store)
    await house.publish(tide, (1, analysis_of(summary="A <b> & `--gate`")), author="Ada & Bea", message="Lower <b>")
    for path in FEEDS:
        answer = await house.get(path)
        assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
        checked(answer.text.encode())
        read = feedparser.parse(answer.text.encode(), response_headers={"content-type": answer.headers["Content-Type"]})
        assert read.bozo is False
        assert read.version == "atom10"
        assert read.feed.links[0].href == BASE_URL + path
        (entry,) = read.entries
        assert entry.title == "High: Lower <b>"
        assert entry.link == BASE_URL + change_path(1)
        assert entry.author == "Ada & Bea"
        assert "A &lt;b&gt; &amp; <code>--gate</code>" in entry.content[0].value
        assert [tag.term for tag in entry.tags] == ["high", "fix", "acme/tide"]


async def test_an_entry_keeps_its_name_and_says_when_it_got_better(house: ArchiveHouse) -> None:
    tide = await follow(house.store)
    await house.publish(tide, (1, replace(analysis_of(), fallback=Fallback.TIMEOUT)))

    async def entry() -> tuple[str, str, str]:
        feed = checked((await house.get(LINKS.feed)).text.encode())
        (found,) = feed.findall(f"{ATOM}entry")
        assert text_of(feed, "updated") == text_of(found, "updated")
        return text_of(found, "id"), text_of(found, "published"), text_of(found, "updated")

    before = await entry()
    later = house.newsroom.clock() + timedelta(hours=3)
    async with house.store.write() as transaction:
        await failures.mend(transaction.connection, 1, analysis_of(), version=VERSION, now=later)
    await house.told(tide, "acme/ebb")
    after = await entry()
    assert after[:2] == before[:2]
    assert datetime.fromisoformat(after[2]) == later > datetime.fromisoformat(before[2])


async def test_a_feed_speaks_the_newsletters_language_unless_another_is_asked_for(house: ArchiveHouse) -> None:
    tide = await follow(house.store)
    both = (analysis_of(), analysis_of(language="zh", summary="闸门更低了。"))
    await house.newsroom.analysed(tide, 1, NOON - timedelta(days=1), *both)
    await house.publish(tide, (2, analysis_of(summary="Only in English.")))
    plain = await house.get(LINKS.feed, Accept_Language="zh")
    assert "The gate is lower." in plain.text
    assert "Vary" not in plain.headers
    chinese = checked((await house.get(f"{LINKS.feed}?lang=zh")).text.encode())
    assert chinese.get(LANG) == "zh-Hans"
    told = {str(entry.get(LANG)): content_of(entry).text for entry in chinese.findall(f"{ATOM}entry")}
    assert "Only in English." in told["en"]
    assert "闸门更低了。" in told["zh-Hans"]


async def test_a_feed_without_entries_is_a_feed(house: ArchiveHouse) -> None:
    tide = await follow(house.store)
    for path in FEEDS:
        assert await shas(house, path) == []
        read = feedparser.parse((await house.get(path)).text.encode())
        assert read.bozo is False
    await house.told(tide, "acme/tide", private=True)
    assert (await house.get(LINKS.repository_feed("acme/tide"))).status == 404


async def test_a_feed_has_an_end(sqlite_house: ArchiveHouse) -> None:
    house = sqlite_house
    tide = await follow(house.store)
    await house.publish(tide, *((number, analysis_of()) for number in range(1, 31)))
    await house.publish(tide, *((number, analysis_of()) for number in range(31, 61)), day=NEXT_DAY)
    found = await shas(house, LINKS.feed)
    assert len(found) == MOST_ENTRIES
    assert {sha(number) for number in range(31, 61)} <= set(found)


@pytest.mark.parametrize("path", [LINKS.home, LINKS.day(DAY), LINKS.repository("acme/tide"), change_path(1)])
async def test_pages_say_where_their_feed_is(sqlite_house: ArchiveHouse, path: str) -> None:
    house = sqlite_house
    await house.publish(await follow(house.store), (1, analysis_of()))
    feeds = [link for link in (await house.get(path)).page.all("link") if link.get("type") == "application/atom+xml"]
    assert feeds
    for feed in feeds:
        assert (await house.get(feed.get("href"))).status == 200
