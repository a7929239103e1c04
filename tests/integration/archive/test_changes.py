"""The page of a change: everything that is said about it, under each of its commits, in the visitor's language."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from newsletter.analysis.record import Fallback, Source
from subscribers import Level
from tests.support.archive_house import BASE_URL, LINKS, ArchiveHouse, change_path
from tests.support.clock import NOON
from tests.support.records import DAY, analysis_of, follow, sha

HIGH, MEDIUM, LOW = Level.HIGH, Level.MEDIUM, Level.LOW


async def test_a_change_has_its_whole_analysis_and_where_it_comes_from(house: ArchiveHouse) -> None:
    text = replace(analysis_of(), fallback=Fallback.TIMEOUT)
    await house.publish(await follow(house.store), (1, text))
    words = (await house.get(change_path(1))).page.text
    for told in (
        "High",
        "Fix",
        "Lower the gate",
        "Ada",
        "The gate is lower.",
        "Everybody who sails at low water.",
        "Compatibility Older gates stay as they are.",
        "What may break Ships may touch ground.",
        "What to do Measure the depth.",
        "removes something public: --raise",
        "Files read 3 of 4",
        "by rules: the model did not answer in time",
        "Times are in UTC.",
    ):
        assert told in words
    links = (await house.get(change_path(1))).page.links()
    assert "https://github.com/acme/tide/pull/7" in links
    assert f"https://github.com/acme/tide/commit/{sha(1)}" in links


async def test_a_model_is_named_and_a_late_arrival_is_marked(house: ArchiveHouse) -> None:
    tide = await follow(house.store)
    await house.close()
    await house.publish(
        tide, (1, replace(analysis_of(), source=Source.MODEL, model="<gpt>", files_read=4)), close=False
    )
    await house.close(DAY + timedelta(days=1))
    answer = await house.get(change_path(1, day=DAY + timedelta(days=1)))
    assert "by <gpt>" in answer.page.text
    assert "late arrival" in answer.page.text
    assert "4 of 4" in answer.page.text


async def test_a_series_is_one_page_under_each_of_its_commits(house: ArchiveHouse) -> None:
    tide = await follow(house.store)
    for number in (1, 2):
        message = f"[gate][{number}/2] Lower part {number} (#{number})"
        await house.publish(tide, (number, analysis_of(level=MEDIUM)), message=message, close=False)
    await house.close()
    pages = [await house.get(change_path(number)) for number in (1, 2)]
    for page in pages:
        assert page.status == 200
        assert f'<link rel="canonical" href="{BASE_URL}{change_path(1)}">' in page.text
        for number in (1, 2):
            assert f"https://github.com/acme/tide/commit/{sha(number)}" in page.page.links()
    assert len([link for link in (await house.get(LINKS.day(DAY))).page.links() if link == change_path(1)]) == 1


async def test_changes_lead_to_those_before_and_after_them_on_the_day(house: ArchiveHouse) -> None:
    tide = await follow(house.store)
    await house.publish(tide, *((number, analysis_of()) for number in (1, 2, 3)))

    async def beside(number: int) -> dict[str, str]:
        page = (await house.get(change_path(number))).page
        return {link.get("rel"): link.get("href") for link in page.all("a") if link.get("rel")}

    assert await beside(1) == {"next": change_path(2)}
    assert await beside(2) == {"prev": change_path(1), "next": change_path(3)}
    assert await beside(3) == {"prev": change_path(2)}


async def test_a_page_speaks_the_visitors_language_and_marks_texts_that_do_not(house: ArchiveHouse) -> None:
    tide = await follow(house.store)
    both = (analysis_of(), analysis_of(language="zh", summary="闸门更低了。"))
    await house.newsroom.analysed(tide, 1, NOON - timedelta(days=1), *both)
    await house.publish(tide, (2, analysis_of(summary="Only in English.")))

    english = await house.get(change_path(1), Accept_Language="fr, en-GB")
    assert '<html lang="en">' in english.text
    assert "The gate is lower." in english.text
    chinese = await house.get(change_path(1), Accept_Language="zh-CN,zh;q=0.9")
    assert '<html lang="zh-Hans">' in chinese.text
    assert "闸门更低了。" in chinese.text
    assert "Accept-Language" in chinese.headers["Vary"]
    other = await house.get(f"{change_path(2)}?lang=zh", Accept_Language="en")
    assert '<p class="lead" lang="en">Only in English.</p>' in other.text
    assert "评级依据" in other.text
    assert "Vary" not in other.headers


async def test_a_language_that_was_chosen_stays_chosen_from_page_to_page(house: ArchiveHouse) -> None:
    await house.publish(await follow(house.store), (1, analysis_of()))
    for path in (LINKS.home, LINKS.day(DAY), change_path(1), LINKS.search, LINKS.repository("acme/tide")):
        chosen = (await house.get(f"{path}?lang=zh")).page
        own = [link for link in chosen.links() if link.startswith(("/archive", "/feed"))]
        assert own
        assert all("lang=zh" in link or "lang=en" in link for link in own), path
        (switch,) = (link for link in chosen.all("a") if link.get("hreflang"))
        assert switch.get("href") == f"{path}?lang=en"
        unchosen = [link for link in (await house.get(path)).page.all("a") if not link.get("hreflang")]
        assert not any("lang=" in link.get("href") for link in unchosen)


async def test_every_page_can_be_previewed_listed_and_walked_through(house: ArchiveHouse) -> None:
    await house.publish(await follow(house.store), (1, analysis_of()))
    for path in (LINKS.home, LINKS.day(DAY), change_path(1), LINKS.search, LINKS.repository("acme/tide")):
        page = (await house.get(path)).page
        named = {meta.get("property") or meta.get("name"): meta.get("content") for meta in page.all("meta")}
        assert named["description"]
        assert {"og:title", "og:description", "og:url", "og:type", "og:site_name"} <= set(named)
        relations = {link.get("rel"): link for link in page.all("link")}
        assert relations["canonical"].get("href") == BASE_URL + path
        assert relations["alternate"].get("type") == "application/atom+xml"
        assert page.all("a")[0].get("href") == "#content"
        assert [main.get("id") for main in page.all("main")] == ["content"]
        assert len(page.all("h1")) == 1
        assert page.crooked == []
        assert not page.all("script")
