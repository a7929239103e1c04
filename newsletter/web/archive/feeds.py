"""Atom feeds of the newest changes: all, those at a level or above, and those of a repository."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from newsletter.digest.archive_links import ArchiveLinks
from newsletter.digest.atom import CONTENT_TYPE, Entry, Feed, tag_uri, written
from newsletter.digest.record import Change
from newsletter.digest.sanitise import displayable
from newsletter.languages import catalogue, lang_attribute, supported_languages
from newsletter.pipeline.published import PublishedDay
from newsletter.store import archive, stamps
from newsletter.store.stamps import Span
from newsletter.web.archive.desk import Desk, moved
from newsletter.web.archive.visitor import Visitor
from newsletter.web.archive.wording import Wording
from newsletter.web.kept import Made
from subscribers import Level

#: Entries of a feed, and what they are looked for in: the latest days, until there are so many commits.
MOST_ENTRIES = 50
MOST_DAYS = 60
MOST_COMMITS = 200
#: When a feed is new in which there has never been anything.
NEVER = datetime(2026, 1, 1, tzinfo=UTC)
#: Part of the names of the feeds, which stay the same for ever.
FIRST_DAY = NEVER.date()


@dataclass(frozen=True, kw_only=True)
class Feeds:
    """The routes and what they need."""

    desk: Desk

    async def everything(self, request: web.Request) -> web.Response:
        """Answer with the feed of all changes."""
        return await self._answer(request, Level.LOW, self._links.feed, self._links.home)

    async def level(self, request: web.Request) -> web.Response:
        """Answer with the feed of what is at a level or above."""
        try:
            level = Level(request.match_info["level"])
        except ValueError:
            return self.desk.missing(request)
        return await self._answer(request, level, self._links.level_feed(level), self._links.home)

    async def repository(self, request: web.Request) -> web.Response:
        """Answer with the feed of a repository; its former names lead here."""
        async with self.desk.store.read() as connection:
            bearers = await self.desk.bearers(connection, request)
        if not bearers:
            return self.desk.missing(request)
        number, name = bearers[0]
        own = ArchiveLinks(base_url="")
        if request.path.removesuffix("/feed.xml") != own.repository(name):
            return moved(self._reader(request), request, own.repository_feed(name))
        links = self._links
        return await self._answer(
            request, Level.LOW, links.repository_feed(name), links.repository(name), repository=(number, name)
        )

    @property
    def _links(self) -> ArchiveLinks:
        return ArchiveLinks(base_url=self.desk.base_url)

    def _reader(self, request: web.Request) -> Visitor:
        """Return in which language to write: programs that read feeds do not say what their people speak."""
        chosen = request.query.get("lang", "")
        if chosen in supported_languages():
            return Visitor(language=chosen, chosen=True)
        return Visitor(language=self.desk.language)

    async def _answer(
        self, request: web.Request, level: Level, self_url: str, url: str, *, repository: tuple[int, str] | None = None
    ) -> web.Response:
        visitor = self._reader(request)
        number, name = repository or (None, "")

        async def make() -> Made | web.Response:
            async with self.desk.store.read() as connection:
                digests = await archive.latest(
                    connection, level=level, repository_id=number, most_commits=MOST_COMMITS, most_days=MOST_DAYS
                )
                span = Span(first=digests[-1].day) if digests else Span()
                # Before anything is read, so that nothing older is kept under it.
                stamp = await connection.run_sync(stamps.stamp, span) if digests else None
                days = await self.desk.days(connection, digests, visitor.language, repository_id=number)
            chosen = [(day, change) for day in days for change in day.edition.changes if change.level.reaches(level)]
            chosen.sort(key=lambda each: (each[0].edition.day, each[1].reached_at), reverse=True)
            chosen = chosen[:MOST_ENTRIES]
            feed = self.feed(chosen, visitor, level=level, repository=name, self_url=self_url, url=url)
            body = await asyncio.to_thread(written, feed)
            return Made(body=body, content_type=CONTENT_TYPE, span=span, stamp=stamp)

        return await self.desk.kept.answer(request, ("feed", self_url, visitor), make)

    def feed(
        self,
        chosen: Sequence[tuple[PublishedDay, Change]],
        visitor: Visitor,
        *,
        level: Level,
        repository: str,
        self_url: str,
        url: str,
    ) -> Feed:
        """Return a feed of some changes, each with its day.

        :param repository: ``owner/name``; empty for the feeds of all of them.
        """
        entries = [self._entry(day, change, visitor) for day, change in chosen]
        own = ArchiveLinks(base_url="")
        path = own.repository_feed(repository) if repository else own.level_feed(level)
        title = self.desk.title
        if repository:
            title = f"{title}: {displayable(repository)}"
        elif level is not Level.LOW:
            title = f"{title}: {Wording(visitor.language).at_least(level)}"
        return Feed(
            id=tag_uri(self.desk.base_url, FIRST_DAY, f"feed{path.removesuffix('.xml')}"),
            title=title,
            subtitle=catalogue(visitor.language).gettext("What changed, how important it is, and what to do"),
            self_url=visitor.address(self_url),
            url=visitor.address(url),
            author=self.desk.title,
            updated=max((entry.updated for entry in entries), default=NEVER),
            lang=lang_attribute(visitor.language),
            entries=entries,
        )

    def _entry(self, day: PublishedDay, change: Change, visitor: Visitor) -> Entry:
        edition, words = day.edition, Wording(visitor.language)
        url = visitor.address(self._links.change(edition.day, change.repository, change.sha))
        phrases = words.phrases(edition)
        return Entry(
            # Neither another name of the repository nor another address of ours makes it another entry.
            id=tag_uri(self.desk.base_url, edition.day, f"change/{change.repository_key}/{change.sha}"),
            title=f"{words.labels.level(change.level)}: {phrases.heading_of(change)}",
            url=url,
            related_url=change.url,
            author=words.authors_of(change),
            published=day.closed_at,
            updated=day.updated_at(change),
            content=self.desk.pages.render(
                "archive/entry.html",
                language=visitor.language,
                words=words,
                phrases=phrases,
                change=change,
                edition=edition,
                url=url,
            ),
            lang=lang_attribute(change.analysis.language),
            categories=(
                (change.level.value, words.labels.level(change.level)),
                (change.analysis.kind.value, words.labels.kind(change.analysis.kind)),
                (displayable(change.repository), displayable(change.repository)),
            ),
        )
