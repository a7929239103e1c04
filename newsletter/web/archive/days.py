"""The pages of days: all of them, one, one of a repository, and all of a repository."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import unquote

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.analysis.record import Kind
from newsletter.digest.assemble import HIGH_FIRST
from newsletter.digest.record import Change, Edition
from newsletter.github.links import repository_url
from newsletter.pipeline.published import PublishedDay
from newsletter.store import archive, digests, stamps
from newsletter.store.stamps import Span, Stamp
from newsletter.web.archive.desk import LINKS, Desk, Leaf, moved
from newsletter.web.archive.filters import Filters, filters_of
from newsletter.web.archive.visitor import Visitor
from subscribers import Level

#: On one page of days.
DAYS_PER_PAGE = 14
#: Of a day among others, the most important changes that are named.
MOST_NAMED = 3

_Page = tuple[Leaf, Span, Stamp | None] | web.Response


@dataclass(frozen=True, kw_only=True)
class DayLine:
    """A day among others."""

    day: date
    counts: dict[Level, int]
    #: Changes of each repository, by its name.
    repositories: tuple[tuple[str, int], ...]
    #: The most important changes.
    named: tuple[Change, ...]
    edition: Edition

    @property
    def total(self) -> int:
        """All changes of the day."""
        return sum(self.counts.values())


@dataclass(frozen=True, kw_only=True)
class Days:
    """The routes and what they need."""

    desk: Desk

    async def index(self, request: web.Request) -> web.Response:
        """Show the latest days, or those before one (``?before=``)."""
        visitor, before = self.desk.visitor(request), day_of(request.query.get("before", ""))

        async def make(connection: AsyncConnection) -> _Page:
            lines, span, stamp, older = await self._lines(connection, visitor, before)
            values = {"lines": lines, "before": before, "older": older}
            path, fields = LINKS.home, _fields(before)
            return Leaf(template="archive/index.html", path=path, fields=fields, values=values), span, stamp

        return await self.desk.answer(request, visitor, ("index", before), make)

    async def repository(self, request: web.Request) -> web.Response:
        """Show the latest days of a repository, or those before one; its former names lead here."""
        visitor, before = self.desk.visitor(request), day_of(request.query.get("before", ""))
        path = request.path

        async def make(connection: AsyncConnection) -> _Page:
            bearers = await self.desk.bearers(connection, request)
            for number, name in bearers:
                lines, span, stamp, older = await self._lines(connection, visitor, before, repository_id=number)
                if not lines and len(bearers) > 1:
                    continue
                if path != unquote(LINKS.repository(name)):
                    return moved(visitor, request, LINKS.repository(name))
                leaf = Leaf(
                    template="archive/repository.html",
                    path=LINKS.repository(name),
                    fields=_fields(before),
                    values={
                        "lines": lines,
                        "before": before,
                        "older": older,
                        "repository": name,
                        "url": repository_url(self.desk.github_url, name),
                    },
                )
                # Nothing tells of one without any day that it became private.
                return leaf, span, stamp if lines else None
            return self.desk.missing(request)

        return await self.desk.answer(request, visitor, ("repository", path, before), make)

    async def day(self, request: web.Request) -> web.Response:
        """Show what a closed day brought, as far as the filters let it."""
        return await self._one_day(request, filters_of(request.query))

    async def repository_day(self, request: web.Request) -> web.Response:
        """Show what a closed day brought to one repository; its former names lead here."""
        return await self._one_day(request, replace(filters_of(request.query), repository=""), of_repository=True)

    async def _one_day(self, request: web.Request, filters: Filters, *, of_repository: bool = False) -> web.Response:
        day, visitor = day_of(request.match_info["day"]), self.desk.visitor(request)
        if day is None:
            return self.desk.missing(request)
        path = request.path if of_repository else LINKS.day(day)

        async def make(connection: AsyncConnection) -> _Page:
            span = Span(first=day, last=day)
            stamp = await connection.run_sync(stamps.stamp, span)
            digest = await digests.by_day(connection, day)
            if digest is None:
                return self.desk.missing(request)
            bearers = await self.desk.bearers(connection, request) if of_repository else ((None, ""),)
            for number, name in bearers:
                found = await self.desk.days(connection, [digest], visitor.language, repository_id=number)
                if not found:
                    continue
                own = LINKS.repository_day(day, name) if of_repository else LINKS.day(day)
                if of_repository and path != unquote(own):
                    return moved(visitor, request, own)
                earlier, later = await connection.run_sync(stamps.neighbours, span)
                leaf = leaf_of_day(found[0], filters, path=own, earlier=earlier, later=later, repository=name)
                return leaf, span, stamp
            return self.desk.missing(request)

        return await self.desk.answer(request, visitor, ("day", path, filters), make)

    async def _lines(
        self,
        connection: AsyncConnection,
        visitor: Visitor,
        before: date | None,
        *,
        repository_id: int | None = None,
    ) -> tuple[list[DayLine], Span, Stamp, date | None]:
        """Return days, what they are from, its stamp, and before which day there are more."""
        found = await archive.days(connection, before=before, repository_id=repository_id, limit=DAYS_PER_PAGE + 1)
        shown = found[:DAYS_PER_PAGE]
        older = shown[-1].day if len(found) > len(shown) else None
        # Up to today, and down to the last one that is shown: nothing beyond it can change what is.
        span = Span(first=shown[-1].day) if older else Span()
        stamp = await connection.run_sync(stamps.stamp, span)
        days = await self.desk.days(connection, shown, visitor.language, repository_id=repository_id)
        return [_line(day) for day in days], span, stamp, older


def _line(found: PublishedDay) -> DayLine:
    edition = found.edition
    important = sorted(edition.changes, key=lambda change: -change.level.rank)
    return DayLine(
        day=edition.day,
        counts={level: edition.count(level) for level in HIGH_FIRST},
        repositories=tuple((section.repository, len(section.changes)) for section in edition.sections),
        named=tuple(change for change in important[:MOST_NAMED] if change.level is Level.HIGH),
        edition=edition,
    )


def leaf_of_day(
    found: PublishedDay, filters: Filters, *, path: str, earlier: date | None, later: date | None, repository: str
) -> Leaf:
    """Return the page of a day.

    :param path: its address; of a repository's part of the day, that.
    :param repository: empty on the page of all of them.
    """
    whole = found.edition
    filters = filters.within({section.repository.lower(): section.repository for section in whole.sections})
    edition = filters.applied(whole)
    return Leaf(
        template="archive/day.html",
        path=path,
        fields=filters.fields,
        # What is left of a day by a filter is no page of its own.
        listed=not filters.narrows,
        values={
            "whole": whole,
            "edition": edition,
            "filters": filters,
            "repository": repository,
            "path": path,
            "repositories": [section.repository for section in whole.sections],
            "kinds": _kinds(whole),
            "earlier": earlier,
            "later": later,
        },
    )


def _kinds(edition: Edition) -> list[Kind]:
    """Return the kinds of which a day has something, in the order in which they are listed."""
    there = {commit.analysis.kind for change in edition.changes for commit in change.commits}
    return [kind for kind in Kind if kind in there]


def _fields(before: date | None) -> dict[str, str]:
    return {"before": before.isoformat()} if before else {}


def day_of(text: str) -> date | None:
    """Read a day as addresses have it (``2026-01-20``); None for anything else."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # fromisoformat reads "20260120" and "2026-W04-2" as well: of each page there is one address.
    return day if day.isoformat() == text else None
