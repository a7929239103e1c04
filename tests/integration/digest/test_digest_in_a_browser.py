"""A long digest as it arrived, in a real browser: readable at every width, in both schemes and both languages."""

from __future__ import annotations

import email
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Page

from newsletter.delivery.message import Letterhead
from newsletter.delivery.pool import Pool
from newsletter.delivery.retry import RetryPolicy
from newsletter.demo.mailbox import StandInMailbox
from newsletter.digest.record import Slots
from newsletter.pipeline.deliver import Postage, deliver
from newsletter.store.engine import Store
from subscribers import Level, Tokens
from tests.acceptance.test_browser import ARTEFACTS, LOWEST_CONTRAST, WIDTHS
from tests.support.axe import serious_findings
from tests.support.browser import chromium
from tests.support.clock import FrozenClock
from tests.support.editions import edition_of, renderer
from tests.support.figures import figures_of, gross_changes
from tests.support.grouped_day import grouped_day
from tests.support.long_day import REPOSITORIES, long_day
from tests.support.newsroom import BASE_URL, Newsroom
from tests.support.records import DAY, follow, preferences_of
from tests.support.relays import PATIENT, relay_to

MORNING = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
KEY = "k" * 32
FIGURES = Path(__file__).with_name("figures.json")
#: Of commits: their object names differ from the first digit on, as real ones do.
NUMBERS = [number << 152 for number in range(1, len(long_day()) + 1)]
PHONES = (320, 375)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
#: Visible elements that stick out of the window or cut off what is in them.
CUT_OFF = """() => [...document.querySelectorAll('body *')].filter(element => {
  const box = element.getBoundingClientRect(), style = getComputedStyle(element);
  if (!box.width || !box.height || style.display === 'none') return false;
  const hides = style.overflowX !== 'visible' && element.scrollWidth > element.clientWidth + 1;
  return box.right > innerWidth + 0.5 || box.left < -0.5 || hides;
}).map(element => element.outerHTML.slice(0, 120))"""
#: Links that stand alone in their block and are less than 24 pixels high (WCAG 2.2, 2.5.8 excepts those in a sentence).
SMALL_TARGETS = """() => [...document.querySelectorAll('a')].filter(link => {
  const block = link.closest('p, li, h1, h2, h3, h4, td, div');
  const alone = block.textContent.trim() === link.textContent.trim() || /^(LI|H[1-4])$/.test(block.tagName);
  return alone && [...link.getClientRects()].some(box => box.width && box.height < 24);
}).map(link => link.outerHTML.slice(0, 120))"""
#: Texts that lie upon each other; a line of the list that has lines below it contains them.
OVERLAPS = """() => {
  const blocks = 'h1, h2, h3, h4, p, li';
  const boxes = [...document.querySelectorAll(blocks)].filter(element => !element.querySelector(blocks))
    .map(element => element.getBoundingClientRect()).filter(box => box.height);
  return boxes.slice(1).filter((box, place) => box.top < boxes[place].bottom - 0.5).length;
}"""
#: Links to pull requests that stand left of the author they follow: a name from right to left turned the line around.
TURNED_AROUND = """() => [...document.querySelectorAll('.c > .m > span[dir]')].filter(author => {
  const link = author.parentElement.querySelector('a');
  const name = [...author.getClientRects()].at(-1), number = link.getClientRects()[0];
  return Math.abs(name.top - number.top) < 9 && number.left < name.right;
}).map(author => author.parentElement.textContent)"""


async def received(store: Store, clock: FrozenClock, language: str, level: Level) -> EmailMessage:
    """Push, analyse, close, compose and send the long day; returns the one mail of a reader."""
    newsroom = Newsroom(store, clock)
    followed = {name: await follow(store, name, github_id=100 + number) for number, name in enumerate(REPOSITORIES)}
    for number, story in zip(NUMBERS, long_day(), strict=True):
        at = MORNING + (number >> 152) * timedelta(minutes=9)
        repository = followed[story.repository]
        await newsroom.analysed(repository, number, at, *story.analyses, message=story.message, author=story.author)
    await newsroom.reader("ada", preferences_of(language, threshold=level))
    await newsroom.close(DAY)
    digest_id = await newsroom.compose(DAY)
    async with StandInMailbox() as mailbox:
        postage = Postage(
            pool=Pool(relay_to(mailbox), size=1, timeouts=PATIENT),
            letterhead=Letterhead(
                sender=Address("Tide tables", "digest", "news.example"), title="Tide tables", base_url=BASE_URL
            ),
            tokens=Tokens([KEY]),
            key=KEY,
            policy=RetryPolicy(),
        )
        await deliver(digest_id, store=store, jobs=newsroom.jobs, postage=postage, clock=clock)
        (mail,) = mailbox.messages
    message = email.message_from_bytes(mail.raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def html_of(message: EmailMessage) -> str:
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


@pytest.fixture
async def sqlite(sqlite_url: str) -> AsyncIterator[Store]:
    store = Store(sqlite_url)
    yield store
    await store.close()


@asynccontextmanager
async def shown(html: str, folder: Path, scheme: Literal["light", "dark"]) -> AsyncIterator[tuple[Page, list[str]]]:
    """Open a mail; yields the page and what it asked for beside itself."""
    file = folder / "mail.html"
    file.write_text(html, encoding="utf-8")
    asked: list[str] = []
    async with chromium() as browser:
        page = await browser.new_page(color_scheme=scheme)
        await page.goto(file.as_uri())
        page.on("request", lambda request: asked.append(request.url))
        await page.reload()
        yield page, asked


async def faults(page: Page, width: int) -> dict[str, Any]:
    """Return everything that is wrong with the page at a width."""
    await page.set_viewport_size({"width": width, "height": 800})
    found = {
        "scrolls": max(await page.evaluate("document.documentElement.scrollWidth") - width, 0),
        "cut off": await page.evaluate(CUT_OFF),
        "overlaps": await page.evaluate(OVERLAPS),
        "turned around": await page.evaluate(TURNED_AROUND),
        "contrast": 0 if (lowest := await page.evaluate(LOWEST_CONTRAST)) >= 4.5 else lowest,
        "small targets": await page.evaluate(SMALL_TARGETS) if width in PHONES else [],
    }
    return {name: fault for name, fault in found.items() if fault}


async def looks_changed(page: Page, name: str) -> dict[str, Any]:
    """Keep a picture of the page, and return what is grossly different from what it was."""
    picture = await page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)
    changes = gross_changes(name, await figures_of(page, picture), FIGURES)
    return {"looks changed": changes} if changes else {}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_long_digest_is_readable_at_every_width(
    sqlite: Store, clock: FrozenClock, tmp_path: Path, language: str, scheme: Literal["light", "dark"]
) -> None:
    ARTEFACTS.mkdir(exist_ok=True)
    html = html_of(await received(sqlite, clock, language, Level.LOW))
    async with shown(html, tmp_path, scheme) as (page, asked):
        for width in WIDTHS:
            wrong = await faults(page, width)
            wrong |= await looks_changed(page, f"digest-{language}-{width}-{scheme}")
            assert wrong == {}, width
        assert await serious_findings(page) == []
        assert len(asked) == 1


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_changes_of_several_commits_are_readable_at_every_width(
    tmp_path: Path, language: str, scheme: Literal["light", "dark"]
) -> None:
    ARTEFACTS.mkdir(exist_ok=True)
    edition = edition_of(grouped_day(language), language=language)
    html = renderer().render(edition, Slots(unsubscribe_token="slot", preferences_token="choices")).html
    async with shown(html, tmp_path, scheme) as (page, _):
        for width in WIDTHS:
            wrong = await faults(page, width)
            wrong |= await looks_changed(page, f"grouped-{language}-{width}-{scheme}")
            assert wrong == {}, width
        assert await serious_findings(page) == []


async def test_a_long_digest_names_every_change_and_loads_nothing(sqlite: Store, clock: FrozenClock) -> None:
    html = html_of(await received(sqlite, clock, "en", Level.LOW))
    for number in NUMBERS:
        assert f"/commit/{number:040x}" in html
    for remote in ("<img", "<link", "<script", "@import", "url(", "background=", "src="):
        assert remote not in html.lower()
    assert len(html.encode()) < 102_000
