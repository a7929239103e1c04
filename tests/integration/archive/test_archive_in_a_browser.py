"""The archive in a real browser: readable at every width, in both schemes and languages, on paper, and by keyboard."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Literal

from playwright.async_api import ConsoleMessage, Page

from newsletter.store.engine import Store
from tests.acceptance.test_browser import ARTEFACTS, LOWEST_CONTRAST, WIDTHS
from tests.support.archive_house import LINKS, ArchiveHouse, archive_house, change_path
from tests.support.axe import serious_findings
from tests.support.browser import chromium
from tests.support.clock import NOON
from tests.support.grouped_day import grouped_day
from tests.support.records import DAY, analysis_of, follow

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LOOKS: tuple[tuple[Literal["light", "dark"], str], ...] = (("light", "en"), ("dark", "zh"))
PICTURED = (375, 700)
LONG = "RadixCacheEvictionPolicyConfigurationFactoryProviderRegistration"


async def furnished(house: ArchiveHouse) -> dict[str, str]:
    """Publish two days with everything that a page can show; returns the pages by their names."""
    tide = await follow(house.store, "acme/tide-and-moon-and-other-heavenly-influences")
    commits = [commit for change in grouped_day() for commit in change.commits]
    for number, commit in enumerate(commits, start=1):
        said = f"`{LONG}` keeps its gate lower than before."
        text = analysis_of(level=commit.level, summary=said)
        other = analysis_of(level=commit.level, language="zh", summary=f"`{LONG}` 的闸门比之前**更低**，请留意。")
        texts = (text, other) if number % 2 else (text,)
        at = NOON - timedelta(days=1, seconds=-number)
        await house.newsroom.analysed(tide, number, at, *texts, message=commit.title, author=commit.author)
    await house.close()
    moon = await follow(house.store, "acme/moon", github_id=101)
    await house.publish(moon, (99, analysis_of()), day=DAY + timedelta(days=1))
    name = tide.full_name
    return {
        "index": LINKS.home,
        "day": LINKS.day(DAY),
        "change": change_path(3, repository=name),
        "repository": LINKS.repository(name),
        "search": f"{LINKS.search}?q=gate&kind=x",
        "missing": "/archive/1999-01-01",
    }


async def test_the_archive_is_readable_everywhere(sqlite_url: str) -> None:
    ARTEFACTS.mkdir(exist_ok=True)
    store = Store(sqlite_url)
    async with archive_house(store) as house, chromium() as browser:
        for number, (name, path) in enumerate((await furnished(house)).items()):
            # The pages that hold most are looked at in both; the others have nothing that these have not.
            looks = LOOKS if name in {"day", "change"} else LOOKS[number % 2 : number % 2 + 1]
            for scheme, language in looks:
                page = await browser.new_page(color_scheme=scheme)
                faults: list[str] = []
                page.on("console", partial(note, faults))
                await page.goto(f"{house.url}{path}{'&' if '?' in path else '?'}lang={language}")
                for width in WIDTHS:
                    await page.set_viewport_size({"width": width, "height": 800})
                    assert await page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
                    if width in PICTURED:
                        await page.screenshot(path=ARTEFACTS / f"archive-{name}-{width}-{scheme}.png", full_page=True)
                assert await serious_findings(page) == [], (name, scheme)
                for other in SCHEMES:
                    await page.emulate_media(color_scheme=other)
                    assert await page.evaluate(LOWEST_CONTRAST) >= 4.5, (name, other)
                assert [fault for fault in faults if "404" not in fault] == []
                await page.close()
        await looks_right_on_paper(await browser.new_page(color_scheme="dark"), house)
        await can_be_used_without_a_mouse_and_without_scripts(await browser.new_page(java_script_enabled=False), house)
    await store.close()


def note(faults: list[str], message: ConsoleMessage) -> None:
    faults.append(message.text)


async def looks_right_on_paper(page: Page, house: ArchiveHouse) -> None:
    await page.goto(house.url + LINKS.day(DAY))
    await page.emulate_media(media="print")
    assert not await page.get_by_role("navigation").first.is_visible()
    assert not await page.get_by_role("button").first.is_visible()
    assert await page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert (
        await page.evaluate("getComputedStyle(document.querySelector('main')).backgroundColor") == "rgb(255, 255, 255)"
    )
    await page.pdf(path=ARTEFACTS / "archive-day.pdf")


async def can_be_used_without_a_mouse_and_without_scripts(page: Page, house: ArchiveHouse) -> None:
    await page.goto(house.url + LINKS.day(DAY))
    await page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    assert await skip.is_visible()
    await page.keyboard.press("Enter")
    assert page.url.endswith("#content")
    await page.get_by_label("Level").select_option("high")
    await page.get_by_role("button", name="Show").click()
    assert "level=high" in page.url
    assert "changes shown" in await page.get_by_role("status").inner_text()
    await page.get_by_role("link", name="Archive").first.click()
    await page.get_by_role("searchbox").fill("闸门")
    await page.keyboard.press("Enter")
    assert await page.locator("mark").first.inner_text() == "闸门"
