"""Answers kept in memory for exactly as long as what they show is unchanged.

Whether it is, the database is asked for every request, so that a repository that became private is gone from the next
answer on. Requests for the same answer share the question, but only one that was put after they had come.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, replace
from weakref import WeakValueDictionary

from aiohttp import web
from cachetools import LRUCache

from newsletter.store import stamps
from newsletter.store.engine import Store
from newsletter.store.stamps import Span, Stamp

#: Of all answers that are kept, bytes.
ROOM = 48 * 2**20
#: Whoever has an answer asks whether it is still right before showing it again (RFC 9111 §5.2.2).
CACHE_CONTROL = "public, max-age=0, must-revalidate"


@dataclass(frozen=True, kw_only=True)
class Made:
    """An answer, and what it was made from."""

    body: bytes
    #: As in the header field.
    content_type: str
    span: Span
    #: None = it is not kept.
    stamp: Stamp | None
    #: Whether search engines may list it.
    listed: bool = True

    @property
    def etag(self) -> str:
        """The opaque part of a strong validator (RFC 9110 §8.8.3): equal for equal bytes, in whichever process."""
        return hashlib.sha256(self.body).hexdigest()[:32]


@dataclass(frozen=True, kw_only=True)
class _Entry:
    made: Made
    etag: str
    #: The number of the look that found it to be right.
    looked: int


#: Makes an answer; or says what else to answer, which is not kept.
Make = Callable[[], Awaitable[Made | web.Response]]


class Kept:
    """Answers by their key.

    :param room: bytes of all bodies together; what was not asked for longest goes first.
    """

    def __init__(self, store: Store, *, room: int = ROOM) -> None:
        self._store = store
        self._entries: LRUCache[Hashable, _Entry] = LRUCache(room, getsizeof=lambda entry: len(entry.made.body))
        self._turns: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()
        self._numbers = itertools.count()

    async def answer(self, request: web.Request, key: Hashable, make: Make, *, vary: str = "") -> web.Response:
        """Answer a request, with 304 where it has the present answer already (RFC 9110 §13.1.2).

        :param key: tells what is asked for apart from everything else, its language included.
        :param vary: the header fields that the answer was chosen by.
        """
        came = next(self._numbers)
        turn = self._turns.get(key)
        if turn is None:
            turn = self._turns[key] = asyncio.Lock()
        async with turn:
            entry = self._entries.get(key)
            if entry is None or entry.looked < came:
                looked = next(self._numbers)
                if entry is not None and await self._is_right(entry.made):
                    entry = replace(entry, looked=looked)
                else:
                    made = await make()
                    if isinstance(made, web.Response):
                        self._entries.pop(key, None)
                        return made
                    entry = _Entry(made=made, etag=made.etag, looked=looked)
                if entry.made.stamp is not None and len(entry.made.body) <= self._entries.maxsize:
                    self._entries[key] = entry
        return respond(request, entry.made, entry.etag, vary=vary)

    async def _is_right(self, made: Made) -> bool:
        present = await self._store.read_at_once(lambda connection: stamps.stamp(connection, made.span))
        return present == made.stamp


def respond(request: web.Request, made: Made, etag: str, *, vary: str = "") -> web.Response:
    """Return an answer with its validator, or 304 where the request has it already."""
    headers = {"Cache-Control": CACHE_CONTROL, "ETag": f'"{etag}"'}
    if vary:
        headers["Vary"] = vary
    if not made.listed:
        headers["X-Robots-Tag"] = "noindex"
    if any(known.value in {"*", etag} for known in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(body=made.body, headers={**headers, "Content-Type": made.content_type})
