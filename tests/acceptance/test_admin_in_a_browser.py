"""The operator in a real browser: in by the password, to an App in two clicks, and out again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from playwright.async_api import BrowserContext, Page

from newsletter.github.replay import signature
from newsletter.store import repositories
from newsletter.store.engine import Store
from subscribers import Level
from tests.acceptance.test_browser import ARTEFACTS, LOWEST_CONTRAST, WIDTHS
from tests.support.app_github import AppGitHub
from tests.support.browser import chromium
from tests.support.certificates import Authority
from tests.support.clock import NOON, FrozenClock
from tests.support.newsroom import Newsroom
from tests.support.operated import BASE_URL, PASSWORD, Operated, operated
from tests.support.records import analysis_of, follow

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
ADMIN = f"{BASE_URL}/admin"


@asynccontextmanager
async def browsing(
    database_url: str, folder: Path, clock: FrozenClock
) -> AsyncIterator[tuple[Operated, AppGitHub, BrowserContext]]:
    """Run the service by https behind its real name, next to a GitHub, and open a browser."""
    async with (
        AppGitHub() as github,
        operated(
            database_url,
            clock=clock,
            api_url=github.api_url,
            certificate=Authority(folder).server("news.example.org"),
        ) as admin,
        chromium(f"--host-resolver-rules=MAP news.example.org:443 127.0.0.1:{admin.port}") as browser,
    ):
        yield admin, github, await browser.new_context(ignore_https_errors=True, java_script_enabled=True)


async def log_in(page: Page, password: str = PASSWORD) -> None:
    await page.goto(ADMIN)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Log in").click()


async def heading(page: Page) -> str:
    return await page.get_by_role("heading", level=1).inner_text()


async def test_an_operator_connects_github_in_two_clicks(sqlite_url: str, tmp_path: Path, clock: FrozenClock) -> None:
    async with browsing(sqlite_url, tmp_path, clock) as (admin, github, context):
        page = await context.new_page()
        await log_in(page, "a wrong guess")
        assert "That is not the password." in await page.get_by_role("alert").inner_text()
        await log_in(page)
        assert await heading(page) == "Overview"
        await page.get_by_role("link", name="Connect in two clicks").click()

        await page.get_by_role("button", name="Make the App on GitHub").click()
        assert page.url.startswith(f"{github.url}/settings/apps/new")
        await page.get_by_role("button", name="Create GitHub App").click()
        assert page.url == f"{ADMIN}/app"
        assert await heading(page) == "The App is connected"
        secret = "webhook secret of 4711"
        assert list(admin.service.apps.webhook_secrets()) == [secret]
        assert secret not in await page.content()
        await page.get_by_role("link", name="Install it on your repositories").click()
        assert page.url == f"{github.url}/github-apps/rocket-news/installations/new"

        body = b'{"zen": "Speak like a human."}'
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": "ping",
            "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
            "X-Hub-Signature-256": signature(body, secret),
        }
        url = f"https://127.0.0.1:{admin.port}/webhooks/github"
        async with admin.client.post(url, data=body, headers=headers, ssl=False) as answer:
            assert answer.status == 200

        await page.goto(ADMIN)
        await page.get_by_role("button", name="Log out").click()
        assert await heading(page) == "Log in"
        await page.goto(f"{ADMIN}/app")
        assert page.url == ADMIN


async def test_an_organisation_is_chosen_on_the_page_without_any_script(
    sqlite_url: str, tmp_path: Path, clock: FrozenClock
) -> None:
    async with browsing(sqlite_url, tmp_path, clock) as (_, github, context):
        page = await context.new_page()
        await log_in(page)
        await page.goto(f"{ADMIN}/app")
        await page.get_by_label("Its name on GitHub").fill("acme")
        await page.get_by_role("button", name="Choose it").click()
        await page.get_by_role("button", name="Make the App on GitHub").click()
        assert page.url.startswith(f"{github.url}/organizations/acme/settings/apps/new")
        await page.get_by_role("button", name="Create GitHub App").click()
        await page.get_by_role("button", name="Replace the App").click()
        assert await heading(page) == "Replace the App?"
    assert [organization for organization, _ in github.manifests] == ["acme"]


async def test_another_site_can_send_no_form_of_ours(sqlite_url: str, tmp_path: Path, clock: FrozenClock) -> None:
    async with browsing(sqlite_url, tmp_path, clock) as (_, github, context):
        page = await context.new_page()
        await log_in(page)
        form = await page.locator("input[name=form]").get_attribute("value")
        await page.goto(f"{github.url}/github-apps/x/installations/new")
        await page.set_content(
            f'<form method="post" action="{ADMIN}/logout"><input name="form" value="{form}"><button>Win</button></form>'
        )
        await page.get_by_role("button", name="Win").click()
        assert await heading(page) == "Nothing was changed"
        await page.goto(ADMIN)
        assert await heading(page) == "Overview"


async def fill(store: Store, clock: FrozenClock) -> None:
    room = Newsroom(store, clock)
    long = await follow(store, "lantern/a-command-line-with-a-rather-long-name", github_id=7)
    await follow(store, "acme/ledger", github_id=8, private=True)
    await room.analysed(long, 1, NOON, analysis_of(level=Level.HIGH))
    async with store.write() as transaction:
        await repositories.note_problem(transaction.connection, 2, "GitHub answered 404")


async def test_every_page_is_readable_at_every_width_and_in_both_schemes(
    sqlite_url: str, tmp_path: Path, clock: FrozenClock
) -> None:
    ARTEFACTS.mkdir(exist_ok=True)
    async with browsing(sqlite_url, tmp_path, clock) as (admin, _, context):
        await fill(admin.service.store, clock)
        page = await context.new_page()

        async def look(name: str) -> None:
            for scheme in SCHEMES:
                await page.emulate_media(color_scheme=scheme)
                for width in WIDTHS:
                    await page.set_viewport_size({"width": width, "height": 800})
                    assert await page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
                    await page.screenshot(path=ARTEFACTS / f"admin-{name}-{width}-{scheme}.png", full_page=True)
                assert await page.evaluate(LOWEST_CONTRAST) >= 4.5, (name, scheme)

        await log_in(page, "a wrong guess")
        await look("login")
        await log_in(page)
        await look("overview")
        for name, query in (("connect", ""), ("wrong-name", "?organization=a--b")):
            await page.goto(f"{ADMIN}/app{query}")
            await look(name)
        await page.goto(f"{ADMIN}/app")
        await page.get_by_role("button", name="Make the App on GitHub").click()
        await page.get_by_role("button", name="Create GitHub App").click()
        await look("connected")
        await page.goto(f"{ADMIN}/app?replace=yes")
        await look("replace")
        await page.goto(f"{ADMIN}/app/created")
        await look("fault")
