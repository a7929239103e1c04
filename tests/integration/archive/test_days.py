"""Days of the archive: which there are, what is on them, and what is on none of them."""

from __future__ import annotations

from datetime import timedelta

from newsletter.analysis.record import Kind
from newsletter.web.archive.days import DAYS_PER_PAGE
from subscribers import Level
from tests.support.archive_house import BASE_URL, LINKS, NEXT_DAY, ArchiveHouse, change_path
from tests.support.records import DAY, analysis_of, follow

HIGH, MEDIUM, LOW = Level.HIGH, Level.MEDIUM, Level.LOW
#: Addresses of nothing, as long as nobody may see acme/tide.
NOWHERE = (
    "/archive/2026-03-01",
    "/archive/2026-02-30",
    "/archive/20260301",
    "/archive/2026-W09-7",
    "/archive/nonsense",
    "/archive/",
    "/archive/2026-03-01/acme/tide",
    "/archive/2026-03-01/acme/tide/0000000000000000000000000000000000000001",
    "/archive/nonsense/acme/tide/0",
    "/archive/repositories/acme/tide",
    "/archive/repositories/acme/tide/feed.xml",
    "/archive/repositories/%00/%ff",
    "/archive/mails/1",
    "/feed/every.xml",
)


async def test_a_day_has_every_public_change_and_nothing_of_what_is_private(house: ArchiveHouse) -> None:
    tide, moon = await follow(house.store), await follow(house.store, "acme/moon", github_id=101)
    secret = await follow(house.store, "acme/secret", github_id=102, private=True)
    await house.publish(tide, (1, analysis_of()), (2, analysis_of(level=LOW)), close=False)
    await house.publish(moon, (3, analysis_of(level=MEDIUM, summary="The moon is up.")), close=False)
    await house.publish(secret, (4, analysis_of(summary="Nobody knows.")))

    day = await house.get(LINKS.day(DAY))
    assert day.status == 200
    assert "acme/tide" in day.text
    assert "The moon is up." in day.text
    assert {f"{change_path(number)}" for number in (1, 2)} <= set(day.page.links())
    assert change_path(3, repository="acme/moon") in day.page.links()
    own = await house.get(LINKS.repository_day(DAY, "acme/moon"))
    assert "The moon is up." in own.text
    assert "The gate is lower." not in own.text
    index = await house.get(LINKS.home)
    assert LINKS.day(DAY) in index.page.links()
    for page in (day, own, index):
        assert "secret" not in page.text
        assert "Nobody knows" not in page.text
        assert page.page.crooked == []
    assert (await house.get(LINKS.repository_day(DAY, "acme/secret"))).text == (await house.get("/archive/x")).text


async def test_what_is_private_is_answered_as_what_never_was(house: ArchiveHouse) -> None:
    unknown = await house.get("/archive/there/is/nothing")
    assert {(await house.get(path)).text for path in NOWHERE} == {unknown.text}
    await house.publish(await follow(house.store, private=True), (1, analysis_of()))
    for path in NOWHERE:
        answer = await house.get(path)
        assert (answer.status, answer.text) == (404, unknown.text), path
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert answer.headers["X-Robots-Tag"] == "noindex"
        assert "ETag" not in answer.headers


async def test_a_day_that_is_not_closed_is_not_there(house: ArchiveHouse) -> None:
    await house.publish(await follow(house.store), (1, analysis_of()), close=False)
    assert (await house.get(LINKS.day(DAY))).status == 404
    assert "No day has been closed yet." in (await house.get(LINKS.home)).text
    await house.close()
    assert (await house.get(LINKS.day(DAY))).status == 200
    assert LINKS.day(DAY) in (await house.get(LINKS.home)).page.links()


async def test_filters_leave_out_what_was_not_asked_for_and_say_so(house: ArchiveHouse) -> None:
    tide, moon = await follow(house.store), await follow(house.store, "acme/moon", github_id=101)
    await house.publish(tide, (1, analysis_of()), (2, analysis_of(level=MEDIUM)), close=False)
    await house.publish(moon, (3, analysis_of(level=LOW)))
    paths = {change_path(1), change_path(2), change_path(3, repository="acme/moon")}

    async def shown(query: str) -> set[str]:
        answer = await house.get(f"{LINKS.day(DAY)}?{query}")
        assert answer.status == 200
        return paths & set(answer.page.links())

    assert await shown("") == paths
    assert await shown("level=high") == {change_path(1)}
    assert await shown("level=medium") == {change_path(1), change_path(2)}
    assert await shown("repository=ACME/Moon") == {change_path(3, repository="acme/moon")}
    assert await shown(f"kind={Kind.FIX}") == paths
    assert await shown(f"kind={Kind.RELEASE}") == set()
    filtered = await house.get(f"{LINKS.day(DAY)}?level=high")
    assert "1 of 3 changes shown." in filtered.page.text
    assert filtered.headers["X-Robots-Tag"] == "noindex"
    assert f'<link rel="canonical" href="{BASE_URL}{LINKS.day(DAY)}">' in filtered.text


async def test_a_filter_that_means_nothing_is_passed_over_and_named(house: ArchiveHouse) -> None:
    await house.publish(await follow(house.store), (1, analysis_of()))
    answer = await house.get(f"{LINKS.day(DAY)}?level=urgent&kind=<script>&repository=a/b&page=x&lang=tlh")
    assert answer.status == 200
    assert change_path(1) in answer.page.links()
    for sentence in ("There is no such level", "There is no such kind", "There is nothing of such a repository"):
        assert sentence in answer.page.text
    assert "<script" not in answer.text


async def test_days_lead_to_each_other_and_come_a_page_at_a_time(house: ArchiveHouse) -> None:
    tide = await follow(house.store)
    days = [DAY + timedelta(days=number) for number in range(DAYS_PER_PAGE + 2)]
    for number, day in enumerate(days, start=1):
        await house.publish(tide, (number, analysis_of(level=LOW)), day=day)
    for home in (LINKS.home, LINKS.repository("acme/tide")):
        first = (await house.get(home)).page.links()
        of_day = LINKS.day if home == LINKS.home else (lambda day: LINKS.repository_day(day, "acme/tide"))
        assert [link for link in first if link in set(map(of_day, days))] == list(map(of_day, reversed(days[2:])))
        (older,) = (link for link in first if "before=" in link)
        second = (await house.get(older)).page.links()
        assert [link for link in second if link in set(map(of_day, days))] == list(map(of_day, reversed(days[:2])))
    middle = (await house.get(LINKS.day(NEXT_DAY))).page.links()
    assert {LINKS.day(days[0]), LINKS.day(days[2])} <= set(middle)


async def test_a_former_name_leads_to_the_present_address_unless_it_is_private(house: ArchiveHouse) -> None:
    tide = await follow(house.store)
    await house.publish(tide, (1, analysis_of()))
    await house.told(tide, "Acme/Ebb")
    for of in (
        LINKS.repository,
        LINKS.repository_feed,
        lambda name: LINKS.repository_day(DAY, name),
        lambda name: change_path(1, repository=name),
    ):
        for former in ("acme/tide", "ACME/TIDE", "acme/ebb"):
            answer = await house.get(f"{of(former)}?lang=zh&level=high")
            assert (answer.status, answer.headers["Location"]) == (302, f"{of('Acme/Ebb')}?level=high&lang=zh")
        assert (await house.get(of("Acme/Ebb"))).status == 200
    await house.told(tide, "Acme/Ebb", private=True)
    for path in (LINKS.repository("acme/tide"), change_path(1), LINKS.repository("Acme/Ebb")):
        assert (await house.get(path)).status == 404


async def test_a_name_that_another_repository_has_now_leads_to_either_ones_changes(house: ArchiveHouse) -> None:
    first = await follow(house.store)
    await house.publish(first, (1, analysis_of(summary="By the first.")))
    await house.told(first, "acme/old")
    second = await follow(house.store, "acme/tide", github_id=200)
    await house.publish(second, (2, analysis_of(summary="By the second.")), day=NEXT_DAY)
    assert "By the second." in (await house.get(change_path(2, day=NEXT_DAY))).text
    answer = await house.get(change_path(1))
    assert answer.headers["Location"] == change_path(1, repository="acme/old")
    assert "By the first." in (await house.get(answer.headers["Location"])).text
