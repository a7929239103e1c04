"""Pages behind a reader's signed link. Only POST changes anything: scanners follow every link in a mail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web
from babel.dates import get_day_names

import subscribers
from newsletter.languages import locale_of, supported_languages
from newsletter.logs import get_logger
from newsletter.store import repositories
from newsletter.store.engine import Store
from newsletter.web.pages import Pages
from subscribers import (
    EVERY_REPOSITORY,
    Choice,
    Level,
    Purpose,
    Status,
    Subscriber,
    TokenError,
    Tokens,
    Weekday,
)

log = get_logger("web")

#: A form with one field, or a mail program's multipart form with the same (RFC 8058 §3.1); bytes.
LARGEST_FORM = 16 * 1024


#: Who has not left.
_STAYS = frozenset({Status.ACTIVE, Status.PENDING})


@dataclass(frozen=True, kw_only=True)
class Readers:
    """The routes and what they need."""

    store: Store
    tokens: Tokens
    pages: Pages
    clock: Callable[[], datetime]

    async def unsubscribe_page(self, request: web.Request) -> web.Response:
        """Show the button; change nothing."""
        try:
            subscriber_id = self.tokens.read(Purpose.UNSUBSCRIBE, request.match_info["token"])
        except TokenError:
            return self._bad_link(request)
        reader = await self._reader(subscriber_id)
        stays = reader is not None and reader.status in _STAYS
        template = "unsubscribe.html" if stays else "unsubscribed.html"
        return self.pages.respond(template, language=self._language(request, reader), private=True)

    async def unsubscribe(self, request: web.Request) -> web.Response:
        """Unsubscribe: the page's button and a mail program's one-click POST alike (RFC 8058 §3.1).

        No cookie, no form value and no redirect is involved; the link alone speaks for the reader. It answers the same
        for a reader who has left already or is gone.
        """
        try:
            subscriber_id = self.tokens.read(Purpose.UNSUBSCRIBE, request.match_info["token"])
        except TokenError:
            return self._bad_link(request)
        reader = await self._reader(subscriber_id)
        async with self.store.write() as transaction:
            left = await subscribers.change_status(
                transaction.connection, subscriber_id, Status.UNSUBSCRIBED, now=self.clock()
            )
        if left:
            log.info("reader unsubscribed", action="reader.unsubscribed", subscriber=subscriber_id)
        return self.pages.respond("unsubscribed.html", language=self._language(request, reader), private=True)

    async def preferences_page(self, request: web.Request) -> web.Response:
        """Show what a reader chose; to whoever left, that they left."""
        try:
            subscriber_id = self.tokens.read(Purpose.PREFERENCES, request.match_info["token"])
        except TokenError:
            return self._bad_link(request)
        reader = await self._reader(subscriber_id)
        language = self._language(request, reader)
        if reader is None or reader.status not in _STAYS:
            return self.pages.respond("unsubscribed.html", language=language, private=True)
        async with self.store.read() as connection:
            followed = await repositories.everything(connection)
        return self.pages.respond(
            "preferences.html",
            language=language,
            private=True,
            choices=_named(reader.preferences.choices, {str(each.id): each.full_name for each in followed}),
            rhythm=reader.rhythm,
            weekday=get_day_names("wide", locale=locale_of(language))[list(Weekday).index(reader.rhythm.weekday)],
            timezone=reader.timezone,
            at_once=reader.preferences.at_once,
            unsubscribe_url=f"/unsubscribe/{self.tokens.make(Purpose.UNSUBSCRIBE, reader.id)}",
        )

    async def _reader(self, subscriber_id: int) -> Subscriber | None:
        async with self.store.read() as connection:
            return await subscribers.by_id(connection, subscriber_id)

    def _language(self, request: web.Request, reader: Subscriber | None) -> str:
        if reader is not None and reader.preferences.language in supported_languages():
            return reader.preferences.language
        return self.pages.language_for(request)

    def _bad_link(self, request: web.Request) -> web.Response:
        return self.pages.respond("bad_link.html", language=self.pages.language_for(request), status=403, private=True)


def _named(choices: Iterable[Choice], names: Mapping[str, str]) -> list[tuple[str | None, Level]]:
    """Return the name of each repository that was chosen with its level; None = every other public one.

    What is not followed any more has no name, and sends nothing.
    """
    found = [(names[choice.repository], choice.threshold) for choice in choices if choice.repository in names]
    rest = [(None, choice.threshold) for choice in choices if choice.repository == EVERY_REPOSITORY]
    return [*sorted(found, key=lambda each: each[0].lower()), *rest]
