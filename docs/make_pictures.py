"""Makes the pictures of the documentation from the demo: `make pictures`."""

from __future__ import annotations

import asyncio
import base64
import email
import re
import secrets
import shutil
import sys
import tempfile
from dataclasses import replace
from datetime import date
from email.policy import default
from pathlib import Path
from typing import Literal

import aiohttp
from aiohttp import web
from argon2 import PasswordHasher
from playwright.async_api import Browser, async_playwright
from pydantic import SecretStr

from newsletter import logs
from newsletter.app import utc_now
from newsletter.demo.play import play
from newsletter.demo.stage import reader_address, set_stage
from newsletter.settings import AdminSettings, GitHubSettings
from subscribers import Level

IMAGES = Path(__file__).parent / "images"
DAY = date(2026, 3, 2)
CHROMIUM_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
#: Of what a phone shows before it is scrolled, and a little more; CSS pixels.
PHONE, HEIGHT, DESKTOP = 375, 1240, 700
SCREEN = 860
#: Where GitHub could reach the service that is drawn.
PUBLIC = "https://news.example.org"


async def digest_html(language: str, level: Level) -> str:
    """Play the demo and return the HTML part that a reader got."""
    with tempfile.TemporaryDirectory() as folder:
        async with set_stage(Path(folder), DAY, port=0, viewer_port=0, language=language) as stage:
            await play(stage, lambda *_: None)
            raw = next(mail.raw for mail in stage.mailbox.messages if mail.recipient == reader_address(level))
    part = email.message_from_bytes(raw, policy=default).get_body(("html",))
    if part is None:
        sys.exit("the demo's mail has no HTML part")
    return str(part.get_content())


async def operators_html() -> list[str]:
    """Play the demo on today's pushes and return what its operator sees: the overview, and the way to an App."""
    password = secrets.token_urlsafe(16)
    with tempfile.TemporaryDirectory() as folder:
        today = utc_now().date()
        async with set_stage(Path(folder), today, port=0, viewer_port=0, language="en") as stage:
            await play(stage, lambda *_: None)
            admin = AdminSettings(password_hash=SecretStr(PasswordHasher().hash(password)))
            settings = stage.service.settings.model_copy(
                update={"admin": admin, "base_url": PUBLIC, "github": GitHubSettings()}
            )
            runner = web.AppRunner(replace(stage.service, settings=settings).web_app(), access_log=None)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            try:
                return await _logged_in(f"http://127.0.0.1:{runner.addresses[0][1]}", password)
            finally:
                await runner.cleanup()


async def _logged_in(url: str, password: str) -> list[str]:
    """Log in as a browser would by https, and return the pages as they stand alone."""
    cookies: dict[str, str] = {}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:

        async def ask(method: str, path: str, fields: dict[str, str] | None = None) -> str:
            headers = {"Origin": PUBLIC, "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
            async with client.request(
                method, url + path, data=fields, headers=headers, allow_redirects=False
            ) as answer:
                cookies.update({name: morsel.value for name, morsel in answer.cookies.items()})
                return await answer.text()

        form = re.search(r'name="form" value="([^"]+)"', await ask("GET", "/admin"))
        if form is None:
            sys.exit("the page that asks for the password has no form")
        await ask("POST", "/admin/login", {"form": form[1], "password": password})
        style = f"<style>{await ask('GET', '/style.css')}</style>"
        return [
            (await ask("GET", path)).replace('<link rel="stylesheet" href="/style.css">', style)
            for path in ("/admin", "/admin/app")
        ]


Scheme = Literal["light", "dark"]


async def shot(browser: Browser, html: str, *, width: int, scheme: Scheme, clip: int) -> bytes:
    """Take the upper part of a mail."""
    page = await browser.new_page(
        viewport={"width": width, "height": clip},
        color_scheme=scheme,
        device_scale_factor=2,
    )
    await page.set_content(html)
    picture = await page.screenshot()
    await page.close()
    return picture


async def side_by_side(browser: Browser, pictures: list[bytes], *, width: int, height: int, target: Path) -> None:
    """Put pictures beside each other on a quiet ground."""
    sources = [base64.b64encode(picture).decode() for picture in pictures]
    images = "".join(f'<img src="data:image/png;base64,{source}">' for source in sources)
    gap = 28
    page = await browser.new_page(
        viewport={"width": (width + gap) * len(pictures) + gap, "height": height + 2 * gap}, device_scale_factor=1.5
    )
    await page.set_content(
        f"<style>body{{margin:0;padding:{gap}px;background:#c9d0dc;display:flex;gap:{gap}px}}"
        f"img{{width:{width}px;height:{height}px;border-radius:18px;box-shadow:0 6px 24px #0005}}</style>{images}"
    )
    await page.screenshot(path=target)
    await page.close()


async def main() -> None:
    """Make every picture."""
    logs.configure(quiet=True)
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("Chromium is missing (Debian: apt-get install chromium)")
    IMAGES.mkdir(exist_ok=True)
    english, chinese = await digest_html("en", Level.LOW), await digest_html("zh", Level.LOW)
    phones: list[tuple[str, Scheme]] = [(english, "light"), (english, "dark"), (chinese, "light")]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        phone = [await shot(browser, html, width=PHONE, scheme=scheme, clip=HEIGHT) for html, scheme in phones]
        await side_by_side(browser, phone, width=PHONE, height=HEIGHT, target=IMAGES / "digest-phone.png")
        desktop = [await shot(browser, english, width=DESKTOP, scheme="light", clip=HEIGHT)]
        await side_by_side(browser, desktop, width=DESKTOP, height=HEIGHT, target=IMAGES / "digest-desktop.png")
        overview, connect = await operators_html()
        pages: list[tuple[str, Scheme]] = [(overview, "light"), (connect, "light"), (overview, "dark")]
        phone = [await shot(browser, html, width=PHONE, scheme=scheme, clip=SCREEN) for html, scheme in pages]
        await side_by_side(browser, phone, width=PHONE, height=SCREEN, target=IMAGES / "admin-phone.png")
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
