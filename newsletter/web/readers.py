"""Pages behind a reader's signed link. Only POST changes anything: scanners follow every link in a mail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

import subscribers
from newsletter.languages import supported_languages
from newsletter.logs import get_logger
from newsletter.store.engine import Store
from newsletter.web.pages import Pages
from subscribers import Purpose, Status, Subscriber, TokenError, Tokens

log = get_logger("web")

#: A form with one field, or a mail program's multipart form with the same (RFC 8058 §3.1); bytes.
LARGEST_FORM = 16 * 1024


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
        stays = reader is not None and reader.status in {Status.ACTIVE, Status.PENDING}
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

    async def _reader(self, subscriber_id: int) -> Subscriber | None:
        async with self.store.read() as connection:
            return await subscribers.by_id(connection, subscriber_id)

    def _language(self, request: web.Request, reader: Subscriber | None) -> str:
        if reader is not None and reader.preferences.language in supported_languages():
            return reader.preferences.language
        return self.pages.language_for(request)

    def _bad_link(self, request: web.Request) -> web.Response:
        return self.pages.respond("bad_link.html", language=self.pages.language_for(request), status=403, private=True)
