"""The search over titles and analyses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.analysis.record import Kind
from newsletter.digest.excerpt import Pieces, excerpt, marked_line
from newsletter.digest.sanitise import displayable, shortened
from newsletter.digest.search_words import LONGEST_QUERY, Phrase, phrases_of
from newsletter.github.message import title_of
from newsletter.languages import lang_attribute
from newsletter.store import repositories, search
from newsletter.store.search import Found, Wanted
from newsletter.store.stamps import Span
from newsletter.web.archive.desk import HTML, LINKS, Desk, Leaf
from newsletter.web.archive.filters import Filters, filters_of
from newsletter.web.kept import Made, respond
from subscribers import Level

RESULTS_PER_PAGE = 20
#: Whoever wants to see more than 1,000 changes has to say more about them.
MOST_PAGES = 50
_READ_OF_TITLE = 1_000


@dataclass(frozen=True, kw_only=True)
class Result:
    """A change that was found."""

    day: date
    repository: str
    sha: str
    level: Level
    kind: Kind
    title: Pieces
    excerpt: Pieces
    #: Of the excerpt; empty where it is the page's own.
    lang: str


@dataclass(frozen=True, kw_only=True)
class Searches:
    """The route and what it needs."""

    desk: Desk

    async def search(self, request: web.Request) -> web.Response:
        """Show what has all the words; without any, the form alone."""
        visitor = self.desk.visitor(request)
        query = displayable(request.query.get("q", "")[:LONGEST_QUERY])
        phrases, page = phrases_of(query), _page(request.query.get("page", ""))
        async with self.desk.store.read() as connection:
            names = await self._names(connection)
            filters = filters_of(request.query).within(names)
            found = await self._found(connection, phrases, filters, offset=(page - 1) * RESULTS_PER_PAGE)
        results = [result_of(each, phrases, (visitor.language, self.desk.language)) for each in found]
        leaf = leaf_of_search(query, results, filters, names=names.values(), page=page)
        body = self.desk.fill(leaf, visitor)
        made = Made(body=body, content_type=HTML, span=Span(), stamp=(), listed=False)
        return respond(request, made, made.etag, vary="" if visitor.chosen else "Accept-Language")

    async def _names(self, connection: AsyncConnection) -> dict[str, str]:
        """Return the public repositories by their names without case."""
        known = await repositories.ever_followed(connection)
        return {each.full_name.lower(): each.full_name for each in known if not each.private}

    async def _found(
        self, connection: AsyncConnection, phrases: tuple[Phrase, ...], filters: Filters, *, offset: int
    ) -> tuple[Found, ...]:
        repository = await repositories.by_name(connection, filters.repository) if filters.repository else None
        wanted = Wanted(
            phrases=phrases,
            level=filters.level,
            repository_id=repository.id if repository else None,
            kind=filters.kind,
        )
        return await search.find(connection, wanted, offset=offset, limit=RESULTS_PER_PAGE + 1)


def leaf_of_search(query: str, results: Sequence[Result], filters: Filters, *, names: Iterable[str], page: int) -> Leaf:
    """Return the page of a search.

    :param results: those of this page, and one more where there is another page.
    :param names: of the repositories that can be chosen.
    """
    return Leaf(
        template="archive/search.html",
        path=LINKS.search,
        fields={"q": query, **filters.fields, "page": str(page) if page > 1 else ""},
        listed=False,
        values={
            "query": query,
            "asked": bool(phrases_of(query)),
            "results": results[:RESULTS_PER_PAGE],
            "filters": filters,
            "repositories": sorted(names, key=str.lower),
            "kinds": list(Kind),
            "page": page,
            "more": len(results) > RESULTS_PER_PAGE and page < MOST_PAGES,
            "path": LINKS.search,
        },
    )


def result_of(found: Found, phrases: Sequence[Phrase], languages: Sequence[str]) -> Result:
    """Return what is shown of a change that was found.

    :param languages: in order of preference; the first is the page's own.
    """
    rank = {language: place for place, language in enumerate(dict.fromkeys(languages))}
    analysis = min(found.analyses, key=lambda each: (rank.get(each.language, len(rank)), each.language))
    texts = [
        analysis.summary,
        analysis.scope,
        *(insight.text for insight in analysis.insight),
        *analysis.risks,
        *analysis.advice,
    ]
    return Result(
        day=found.day,
        repository=found.repository,
        sha=found.sha,
        level=found.level,
        kind=analysis.kind,
        title=marked_line(shortened(displayable(title_of(found.message, most=_READ_OF_TITLE))), phrases),
        excerpt=excerpt(texts, phrases),
        lang="" if analysis.language == languages[0] else lang_attribute(analysis.language),
    )


def _page(text: str) -> int:
    return min(max(int(text), 1), MOST_PAGES) if text.isascii() and text.isdigit() and len(text) < 6 else 1
