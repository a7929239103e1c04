"""The search: the same is found on each kind of database, in every language, and a query is never an order."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from hypothesis import HealthCheck, example, given, settings
from sqlalchemy import delete, select

from newsletter.analysis.record import Kind
from newsletter.digest.search_words import phrases_of
from newsletter.store import search
from newsletter.store.engine import Store
from newsletter.store.search import Wanted
from newsletter.store.tables import analyses, search_texts
from newsletter.web.archive.searches import RESULTS_PER_PAGE
from subscribers import Level
from tests.support.archive_house import LINKS, ArchiveHouse, change_path
from tests.support.databases import rolled_back
from tests.support.editions import HOSTILE
from tests.support.records import analysis_of, follow

SUMMARY = "修复调度器的内存泄漏，并移除 max_running_requests 选项。Café naïve ＧＰＵ."


def address(query: str, **fields: str) -> str:
    """Return the address of a search."""
    return LINKS.search + "?" + "&".join(f"{name}={quote(text)}" for name, text in {"q": query, **fields}.items())


async def one_change(house: ArchiveHouse, **fields: object) -> None:
    text = replace(analysis_of(language="zh", summary=SUMMARY), **fields)  # type: ignore[arg-type]
    message = "Remove `--reload-dirs` from SchedulerConfig (#7)\n\nNobody reads the body."
    await house.publish(await follow(house.store), (1, text), message=message)


FOUND = (
    "Remove",
    "reload-dirs",
    "--reload-dirs",
    "remov reload",
    "reload remove",
    "schedulerconf",
    "max_running",
    "7",
    "内存泄漏",
    "内存",
    "存",
    "漏",
    "修复 泄漏",
    "cafe NAIVE",
    "gpu",
    "touch ground",
    "Measure",
    "older gates",
    f"{1:040x}",
)
NOT_FOUND = (
    "nobody reads",
    "dirs-reload",
    "泄漏内存",
    "内 泄存",
    "running_max",
    "emove",
    "remove lantern",
    '"remove" OR "lantern"',
    "NOT lantern",
    "words:remove",
    "lantern*",
)


async def test_a_change_is_found_by_its_title_and_all_that_is_said_of_it(house: ArchiveHouse) -> None:
    await one_change(house)
    for query in FOUND:
        assert change_path(1) in (await house.get(address(query))).page.links(), query
    for query in NOT_FOUND:
        answer = await house.get(address(query))
        assert answer.status == 200
        assert change_path(1) not in answer.page.links(), query


async def test_what_was_found_is_marked_where_it_stands(house: ArchiveHouse) -> None:
    await one_change(house)
    answer = await house.get(address("内存泄漏 remove"))
    assert '<p lang="zh-Hans">修复调度器的<mark>内存泄漏</mark>' in answer.text
    assert "<mark>Remove</mark> --reload-dirs" in answer.text


async def test_filters_narrow_a_search(house: ArchiveHouse) -> None:
    await one_change(house, level=Level.MEDIUM, kind=Kind.SECURITY)
    moon = await follow(house.store, "acme/moon", github_id=101)
    assert change_path(1) in (await house.get(address("remove"))).page.links()
    for fields, is_there in (
        ({"level": "medium"}, True),
        ({"level": "high"}, False),
        ({"kind": "security"}, True),
        ({"kind": "fix"}, False),
        ({"repository": "Acme/Tide"}, True),
        ({"repository": moon.full_name}, False),
        ({"repository": "no/body", "kind": "x", "page": "-1"}, True),
    ):
        links = (await house.get(address("remove", **fields))).page.links()
        assert (change_path(1) in links) is is_there, fields


async def test_results_come_a_page_at_a_time_the_newest_first(house: ArchiveHouse) -> None:
    tide = await follow(house.store)
    numbers = range(1, RESULTS_PER_PAGE + 3)
    await house.publish(tide, *((number, analysis_of()) for number in numbers))
    paths = [change_path(number) for number in reversed(numbers)]
    first = (await house.get(address("gate"))).page.links()
    assert [link for link in first if link in paths] == paths[:RESULTS_PER_PAGE]
    (older,) = (link for link in first if "page=2" in link)
    assert [link for link in (await house.get(older)).page.links() if link in paths] == paths[RESULTS_PER_PAGE:]


async def test_what_is_not_published_is_not_found(house: ArchiveHouse) -> None:
    secret = await follow(house.store, "acme/secret", github_id=9, private=True)
    await house.publish(secret, (1, analysis_of()))
    await house.publish(await follow(house.store), (2, analysis_of()), close=False)
    answer = await house.get(address("gate"))
    assert "Nothing has all of these words." in answer.page.text
    assert "secret" not in answer.text


async def test_an_empty_query_shows_the_form_alone(house: ArchiveHouse) -> None:
    await one_change(house)
    assert change_path(1) not in (await house.get(LINKS.search)).page.links()
    assert "no word in this" in (await house.get(address("-- * \" ' ("))).page.text


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HOSTILE)
@example('"')
@example("' | 'x':*")
@example("a:* & !b")
@example("NEAR(a b) OR c AND")
@example("\\")
async def test_whatever_is_searched_for_is_a_search_and_no_order_to_a_database(store: Store, query: str) -> None:
    async with store.read() as connection:
        assert await search.find(connection, Wanted(phrases=phrases_of(query)), offset=0, limit=1) == ()


async def test_the_words_of_an_analysis_go_with_it(house: ArchiveHouse) -> None:
    await one_change(house)
    async with rolled_back(house.store) as transaction:
        await transaction.connection.execute(delete(analyses))
        assert (await transaction.connection.execute(select(search_texts.c.analysis_id))).all() == []
        found = await search.find(transaction.connection, Wanted(phrases=phrases_of("remove")), offset=0, limit=1)
        assert found == ()
    assert change_path(1) in (await house.get(address("remove"))).page.links()


async def test_a_text_of_any_length_can_be_found(house: ArchiveHouse) -> None:
    await one_change(house, summary=f"lantern {'字' * 50_000}", risks=("x " * 50_000, "a" * 50_000))
    assert change_path(1) in (await house.get(address("lantern"))).page.links()
