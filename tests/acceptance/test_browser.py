"""A reader in a real browser: from the link in a received mail to the page that says it is over."""

from __future__ import annotations

import email
from datetime import date
from email.policy import default
from pathlib import Path

import pytest

import subscribers
from newsletter.demo.play import play
from newsletter.demo.stage import Stage, reader_address, set_stage
from subscribers import Level, Status
from tests.support.axe import serious_findings
from tests.support.browser import chromium

DAY = date(2026, 3, 2)
ARTEFACTS = Path(__file__).parents[1] / "artefacts"
WIDTHS = (320, 375, 700, 1200)
#: Contrast of every visible text against what lies behind it (WCAG 2.2, 1.4.3).
LOWEST_CONTRAST = """() => {
  const parse = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = value => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  const behind = element => {
    for (; element; element = element.parentElement) {
      const colour = parse(getComputedStyle(element).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  let lowest = 99;
  for (const element of document.querySelectorAll('body *')) {
    const said = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!said || !element.getClientRects().length) continue;
    const [a, b] = [luminance(parse(getComputedStyle(element).color)), luminance(behind(element))];
    lowest = Math.min(lowest, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  return lowest;
}"""


def unsubscribe_link(stage: Stage) -> str:
    raw = next(mail.raw for mail in stage.mailbox.messages if mail.recipient == reader_address(Level.LOW))
    return str(email.message_from_bytes(raw, policy=default)["List-Unsubscribe"]).strip("<>")


async def status_of(stage: Stage, level: Level) -> Status:
    async with stage.service.store.read() as connection:
        reader = await subscribers.by_address(connection, subscribers.parse_address(reader_address(level)))
    assert reader is not None
    return reader.status


@pytest.mark.parametrize(
    ("language", "button", "over"),
    [
        pytest.param("en", "Unsubscribe", "You are unsubscribed.", id="English"),
        pytest.param("zh", "退订", "您已退订。", id="Chinese"),
    ],
)
async def test_a_reader_leaves_by_the_button_and_not_by_opening_the_link(
    tmp_path: Path, language: str, button: str, over: str
) -> None:
    async with set_stage(tmp_path, DAY, port=0, viewer_port=0, language=language) as stage, chromium() as browser:
        await play(stage, lambda *_: None)
        page = await browser.new_page(viewport={"width": 375, "height": 800}, java_script_enabled=False)
        await page.goto(unsubscribe_link(stage))
        assert await status_of(stage, Level.LOW) is Status.ACTIVE
        await page.get_by_role("button", name=button).click()
        assert await page.get_by_role("heading").inner_text() == over
        assert await status_of(stage, Level.LOW) is Status.UNSUBSCRIBED
        assert await status_of(stage, Level.HIGH) is Status.ACTIVE


async def test_every_page_is_readable_at_every_width_and_in_both_schemes(tmp_path: Path) -> None:
    ARTEFACTS.mkdir(exist_ok=True)
    async with set_stage(tmp_path, DAY, port=0, viewer_port=0, language="en") as stage, chromium() as browser:
        await play(stage, lambda *_: None)
        pages = {
            "landing": f"{stage.service_url}/",
            "unsubscribe": unsubscribe_link(stage),
            "bad-link": f"{stage.service_url}/unsubscribe/forged",
            "mailbox": stage.viewer_url,
            "mail": f"{stage.viewer_url}1",
        }
        for name, url in pages.items():
            for scheme in ("light", "dark"):
                page = await browser.new_page(color_scheme=scheme)
                await page.goto(url)
                for width in WIDTHS:
                    await page.set_viewport_size({"width": width, "height": 800})
                    assert await page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
                    await page.screenshot(path=ARTEFACTS / f"{name}-{width}-{scheme}.png", full_page=True)
                assert await page.evaluate(LOWEST_CONTRAST) >= 4.5, (name, scheme)
                assert await serious_findings(page) == [], (name, scheme)
                await page.close()
