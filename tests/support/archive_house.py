"""The archive over a store of days that a test closes, as everybody gets it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import aiohttp
from aiohttp import web

from newsletter.analysis.record import Analysis
from newsletter.digest.archive_links import ArchiveLinks
from newsletter.resources import templates_directory
from newsletter.store import repositories
from newsletter.store.engine import Store
from newsletter.store.repositories import FollowedRepository
from newsletter.web.archive.desk import Desk
from newsletter.web.archive.routes import archive_routes
from newsletter.web.kept import Kept
from newsletter.web.pages import Pages, security_headers
from newsletter.web.routes import plain_errors, style_sheet
from tests.support.clock import FrozenClock
from tests.support.markup import Markup, parsed
from tests.support.newsroom import Newsroom
from tests.support.records import DAY, github_repository, sha

BASE_URL = "https://news.example"
TITLE = "Tide tables"
LINKS = ArchiveLinks(base_url="")
NEXT_DAY = DAY + timedelta(days=1)


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    text: str
    headers: Mapping[str, str]

    @property
    def page(self) -> Markup:
        """The answer as a browser reads it."""
        return parsed(self.text)


@dataclass(frozen=True, kw_only=True)
class ArchiveHouse:
    """The archive, and the newsroom that fills it."""

    newsroom: Newsroom
    url: str
    client: aiohttp.ClientSession
    app: web.Application

    @property
    def store(self) -> Store:
        """The database of both."""
        return self.newsroom.store

    async def get(self, path: str, *, method: str = "GET", **headers: str) -> Answer:
        """Ask for a page; underscores in the names of header fields stand for hyphens."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client.request(method, self.url + path, headers=fields, allow_redirects=False) as answer:
            return Answer(answer.status, await answer.text(), answer.headers)

    async def publish(
        self,
        repository: FollowedRepository,
        *rows: tuple[int, Analysis],
        day: date = DAY,
        message: str = "Lower the gate (#7)",
        author: str = "Ada",
        close: bool = True,
    ) -> None:
        """Let commits reach a repository on a day, each with its analysis, and close it."""
        at = datetime.combine(day, datetime.min.time(), self.newsroom.clock().tzinfo)
        for hour, (number, text) in enumerate(rows, start=1):
            moment = at + timedelta(hours=hour)
            await self.newsroom.analysed(repository, number, moment, text, message=message, author=author)
        if close:
            await self.close(day)

    async def close(self, day: date = DAY) -> None:
        """Close a day as soon as it is over."""
        clock: FrozenClock = self.newsroom.clock
        clock.set(max(clock.now, datetime.combine(day + timedelta(days=1), datetime.min.time(), clock.now.tzinfo)))
        await self.newsroom.close(day)

    async def told(self, repository: FollowedRepository, full_name: str, *, private: bool = False) -> None:
        """Learn from GitHub how a repository is called now, and whether it is private."""
        assert repository.github_id is not None
        known = github_repository(repository.github_id, full_name, private=private)
        async with self.store.write() as transaction:
            await repositories.recognise(transaction.connection, known, asked=True)


def change_path(number: int, *, day: date = DAY, repository: str = "acme/tide") -> str:
    """Return the address of a commit's page."""
    return LINKS.change(day, repository, sha(number))


@asynccontextmanager
async def archive_house(store: Store, *, language: str = "en", room: int = 2**20) -> AsyncIterator[ArchiveHouse]:
    """Run the archive over a store.

    :param room: bytes for answers that are kept.
    """
    templates = templates_directory() / "web"
    desk = Desk(
        store=store,
        pages=Pages(templates, title=TITLE, language=language),
        kept=Kept(store, room=room),
        title=TITLE,
        language=language,
        base_url=BASE_URL,
        github_url="https://github.com",
    )
    app = web.Application(middlewares=[security_headers, plain_errors])
    app.add_routes([*archive_routes(desk), style_sheet(templates)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
            yield ArchiveHouse(
                newsroom=Newsroom(store, FrozenClock()),
                url=f"http://127.0.0.1:{runner.addresses[0][1]}",
                client=client,
                app=app,
            )
    finally:
        await runner.cleanup()
