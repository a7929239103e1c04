"""The operator's overview: what is followed, what came in, what went out, and what waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from aiohttp import web
from babel import Locale
from babel.dates import format_date, format_datetime, format_time, format_timedelta

from newsletter.analysis.record import Source
from newsletter.delivery.record import DeliveryStatus
from newsletter.digest.schedule import day_bounds
from newsletter.languages import locale_of
from newsletter.pipeline.port import Kind
from newsletter.store import alarms, digests, overview, reports
from newsletter.store.digests import DigestCount
from newsletter.store.engine import Store
from newsletter.store.overview import Followed, Received, Waiting
from newsletter.web.admin.connection import Connection
from newsletter.web.admin.entrance import Entrance
from newsletter.web.admin.gate import Gate
from subscribers import Level

#: Of each list.
REPOSITORIES, PUSHES, DIGESTS = 50, 6, 7


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """Everything of one consistent view of the database."""

    followed: tuple[Followed, ...]
    followed_total: int
    not_followed: int
    pushes: tuple[Received, ...]
    levels: dict[Level | None, int]
    sources: dict[Source, int]
    digests: tuple[DigestCount, ...]
    deliveries: dict[DeliveryStatus, int]
    queues: tuple[Waiting, ...]
    #: What lasts that only an operator can mend, by name, with its beginning.
    alarms: dict[str, datetime]
    #: Reports that somebody else edited or deleted.
    reports_left: int


@dataclass(frozen=True, kw_only=True)
class _Times:
    """Says when, in a language."""

    locale: Locale
    zone: ZoneInfo
    now: datetime

    def ago(self, instant: datetime) -> str:
        """Return how long ago an instant was, or in how long it will be; what is now was a second ago."""
        away = instant - self.now
        return format_timedelta(away or -timedelta(seconds=1), add_direction=True, locale=self.locale)

    def exact(self, instant: datetime) -> str:
        """Return an instant in the newsletter's zone."""
        return format_datetime(instant.astimezone(self.zone), "medium", locale=self.locale)

    @property
    def today(self) -> str:
        """The day and the time of day."""
        local = self.now.astimezone(self.zone)
        day = format_date(local, "long", locale=self.locale)
        return f"{day} · {format_time(local, 'short', tzinfo=self.zone, locale=self.locale)}"

    def every(self, seconds: int) -> str:
        """Return a length of time."""
        return format_timedelta(timedelta(seconds=seconds), threshold=1.5, locale=self.locale)

    def day(self, digest: DigestCount) -> str:
        """Return the day of a digest."""
        return format_date(digest.day, "medium", locale=self.locale)


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The route and what it needs."""

    gate: Gate
    entrance: Entrance
    connection: Connection
    store: Store
    zone: ZoneInfo
    clock: Callable[[], datetime]
    #: Where people read the repositories.
    github_url: str

    async def page(self, request: web.Request) -> web.Response:
        """Show the overview, or ask for the password."""
        session = await self.gate.session(request)
        if session is None or not session.admitted:
            return await self.entrance.page(request)
        now = self.clock()
        seen = await self._look(day_bounds(now.astimezone(self.zone).date(), self.zone)[0])
        return self.gate.show(
            request,
            "home.html",
            session,
            seen=seen,
            times=_Times(locale=locale_of(self.gate.language(request)), zone=self.zone, now=now),
            zone=self.zone.key,
            connection=await self.connection.state(),
            github_url=self.github_url,
            levels=list(Level),
            sources=Source,
            statuses=list(DeliveryStatus),
        )

    async def _look(self, today: datetime) -> _Seen:
        async with self.store.read() as connection:
            followed, total = await overview.followed(connection, limit=REPOSITORIES)
            return _Seen(
                followed=followed,
                followed_total=total,
                not_followed=await overview.not_followed(connection),
                pushes=await overview.last_pushes(connection, limit=PUSHES),
                levels=await overview.commits_since(connection, today),
                sources=await overview.analyses_since(connection, today),
                digests=await digests.recent(connection, limit=DIGESTS),
                deliveries=await overview.deliveries_of_last(connection, limit=DIGESTS),
                reports_left=await reports.left_alone(connection),
                queues=await overview.queues(connection, [kind.value for kind in Kind]),
                alarms=await alarms.lasting(connection),
            )
