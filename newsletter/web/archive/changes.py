"""The page of a change: everything that is known and said about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.digest.record import Change, Section
from newsletter.pipeline.published import PublishedDay
from newsletter.store import digests, stamps
from newsletter.store.stamps import Span, Stamp
from newsletter.web.archive.days import day_of
from newsletter.web.archive.desk import LINKS, Desk, Leaf, asked_name, moved


@dataclass(frozen=True, kw_only=True)
class Changes:
    """The route and what it needs."""

    desk: Desk

    async def change(self, request: web.Request) -> web.Response:
        """Show a change under the object name of any of its commits; a repository's former names lead here."""
        day, visitor = day_of(request.match_info["day"]), self.desk.visitor(request)
        sha = request.match_info["sha"]
        if day is None:
            return self.desk.missing(request)

        async def make(connection: AsyncConnection) -> tuple[Leaf, Span, Stamp] | web.Response:
            span = Span(first=day, last=day)
            stamp = await connection.run_sync(stamps.stamp, span)
            digest = await digests.by_day(connection, day)
            if digest is None:
                return self.desk.missing(request)
            bearers = {number for number, _ in await self.desk.bearers(connection, request)}
            # All of the day, since the pages before and after it may be another repository's.
            found = await self.desk.days(connection, [digest], visitor.language) if bearers else ()
            changes = [change for each in found for change in each.edition.changes]
            for place, change in enumerate(changes):
                if int(change.repository_key) in bearers and any(commit.sha == sha for commit in change.commits):
                    if asked_name(request) != change.repository:
                        return moved(visitor, request, LINKS.change(day, change.repository, sha))
                    return leaf_of_change(found[0], changes, place, sha), span, stamp
            return self.desk.missing(request)

        return await self.desk.answer(request, visitor, ("change", request.path), make)


def leaf_of_change(found: PublishedDay, changes: Sequence[Change], place: int, sha: str) -> Leaf:
    """Return the page of a change.

    :param changes: of the day, as they are walked through; ``place`` is that of the one that is shown.
    :param sha: of its commits the one in the address.
    """
    change, day = changes[place], found.edition.day
    return Leaf(
        template="archive/change.html",
        path=LINKS.change(day, change.repository, sha),
        # One page of several commits has one address that search engines list.
        canonical=LINKS.change(day, change.repository, change.sha),
        values={
            "change": change,
            "edition": found.edition,
            "section": _section(found, change),
            "earlier": changes[place - 1] if place else None,
            "later": changes[place + 1] if place + 1 < len(changes) else None,
            "updated_at": found.updated_at(change),
        },
    )


def _section(found: PublishedDay, change: Change) -> Section:
    return next(section for section in found.edition.sections if change in section.changes)
