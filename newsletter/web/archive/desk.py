"""What every page of the archive needs: the store, the templates, the kept answers, and the page that is not there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.digest.archive_links import ArchiveLinks
from newsletter.digest.sanitise import displayable
from newsletter.languages import supported_languages
from newsletter.pipeline.published import PublishedDay, published
from newsletter.store import former_names
from newsletter.store.digests import StoredDigest
from newsletter.store.engine import Store
from newsletter.store.stamps import Span, Stamp
from newsletter.web.archive.visitor import Visitor
from newsletter.web.archive.wording import Wording
from newsletter.web.kept import Kept, Made
from newsletter.web.pages import Pages

HTML = "text/html; charset=utf-8"
#: Links that stay on the service.
LINKS = ArchiveLinks(base_url="")


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """A page to be filled."""

    template: str
    #: Of the page, without anything behind a question mark; quoted.
    path: str
    #: What stands behind the question mark, without the language.
    fields: Mapping[str, str] = field(default_factory=dict)
    #: Of the page that search engines list in its place, where it is another one.
    canonical: str | None = None
    listed: bool = True
    values: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The store, the templates, and what the newsletter is."""

    store: Store
    pages: Pages
    kept: Kept
    title: str
    #: The newsletter's own.
    language: str
    #: Where people read the archive, without a slash at the end.
    base_url: str
    #: Where people read the repositories, without a slash at the end.
    github_url: str

    def visitor(self, request: web.Request) -> Visitor:
        """Return who looks: in the language of the address, else of the browser, else of the newsletter."""
        chosen = request.query.get("lang", "")
        if chosen in supported_languages():
            return Visitor(language=chosen, chosen=True)
        return Visitor(language=self.pages.language_for(request))

    async def answer(
        self,
        request: web.Request,
        visitor: Visitor,
        key: Hashable,
        make: Callable[[AsyncConnection], Awaitable[tuple[Leaf, Span, Stamp | None] | web.Response]],
    ) -> web.Response:
        """Answer with a page that is kept as long as it is right.

        :param key: tells the page apart from every other, but for its language.
        :param make: reads what is on it: the stamp first, so that nothing older is kept under it.
        """

        async def filled() -> Made | web.Response:
            async with self.store.read() as connection:
                found = await make(connection)
            if isinstance(found, web.Response):
                return found
            leaf, span, stamp = found
            # A large day takes a while: in a thread, so that webhooks are answered meanwhile.
            body = await asyncio.to_thread(self.fill, leaf, visitor)
            return Made(body=body, content_type=HTML, span=span, stamp=stamp, listed=leaf.listed)

        vary = "" if visitor.chosen else "Accept-Language"
        return await self.kept.answer(request, (key, visitor), filled, vary=vary)

    def fill(self, leaf: Leaf, visitor: Visitor) -> bytes:
        """Return the page in the language of whoever looks."""
        return self.pages.render(
            leaf.template,
            language=visitor.language,
            visitor=visitor,
            words=Wording(visitor.language),
            links=LINKS,
            canonical=self.base_url + (leaf.canonical or leaf.path),
            choices=visitor.choices(leaf.path, leaf.fields),
            **leaf.values,
        ).encode()

    def missing(self, request: web.Request) -> web.Response:
        """Answer that there is no such page: the same for what never was and for what is private."""
        visitor = self.visitor(request)
        body = self.fill(Leaf(template="archive/missing.html", path=LINKS.home, values={}), visitor)
        return web.Response(
            body=body,
            status=404,
            headers={"Content-Type": HTML, "Cache-Control": "no-cache", "X-Robots-Tag": "noindex"},
        )

    async def days(
        self,
        connection: AsyncConnection,
        digests: Sequence[StoredDigest],
        language: str,
        *,
        repository_id: int | None = None,
    ) -> tuple[PublishedDay, ...]:
        """Return some closed days as they are shown."""
        return await published(
            connection,
            digests,
            language=language,
            own=self.language,
            title=self.title,
            web_url=self.github_url,
            repository_id=repository_id,
        )

    async def bearers(self, connection: AsyncConnection, request: web.Request) -> tuple[tuple[int, str], ...]:
        """Return the public repositories that the address may mean: id and present name."""
        name = asked_name(request)
        # Nothing with an invisible character is a name, and PostgreSQL refuses to look for some of them.
        return await former_names.bearers(connection, name) if displayable(name) == name else ()


def asked_name(request: web.Request) -> str:
    """Return the ``owner/name`` of an address."""
    return f"{request.match_info['owner']}/{request.match_info['name']}"


def moved(visitor: Visitor, request: web.Request, path: str) -> web.Response:
    """Answer that a page has another address since the repository has another name; it may change again."""
    fields = {name: value for name, value in request.query.items() if name != "lang"}
    return web.Response(status=302, headers={"Location": visitor.address(path, fields), "Cache-Control": "no-cache"})
