"""The routes of the archive and its feeds."""

from __future__ import annotations

from aiohttp import web

from newsletter.web.archive.changes import Changes
from newsletter.web.archive.days import Days
from newsletter.web.archive.desk import Desk
from newsletter.web.archive.feeds import Feeds
from newsletter.web.archive.mails import Mails
from newsletter.web.archive.searches import Searches


def archive_routes(desk: Desk) -> tuple[web.RouteDef, ...]:
    """Return the routes of the pages and feeds that everybody may read."""
    days, changes, feeds = Days(desk=desk), Changes(desk=desk), Feeds(desk=desk)

    async def missing(request: web.Request) -> web.Response:
        return desk.missing(request)

    return (
        web.get("/feed.xml", feeds.everything),
        web.get("/feed/{level}.xml", feeds.level),
        web.get("/archive", days.index),
        # The first route that fits answers: no day is called so.
        web.get("/archive/search", Searches(desk=desk).search),
        web.get("/archive/mails/{key}", Mails(desk=desk).mail),
        web.get("/archive/repositories/{owner}/{name}", days.repository),
        web.get("/archive/repositories/{owner}/{name}/feed.xml", feeds.repository),
        web.get("/archive/{day}", days.day),
        web.get("/archive/{day}/{owner}/{name}", days.repository_day),
        web.get("/archive/{day}/{owner}/{name}/{sha}", changes.change),
        web.get("/archive/{rest:.*}", missing),
    )
