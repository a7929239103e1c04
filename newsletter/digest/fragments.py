"""The HTML of single changes, printed once for all cohorts that get to read the same of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock

from cachetools import LRUCache
from markupsafe import Markup

from newsletter.digest.mjml import squeeze

#: Of all digests together; one takes a few kilobytes.
MOST = 4_096


class Fragments:
    """Remembers what was printed; used by several threads.

    :param most: pieces; the longest unused goes first.
    """

    def __init__(self, most: int = MOST) -> None:
        self._found: LRUCache[Hashable, Markup] = LRUCache(most)
        self._lock = Lock()

    def get(self, key: Hashable, print_it: Callable[[], str]) -> Markup:
        """Return the piece of a key.

        :param key: everything that it depends on, by value: outside text is part of it.
        """
        with self._lock:
            known = self._found.get(key)
        if known is None:
            # It comes from an autoescaping template, so it is markup already.
            known = Markup(squeeze(print_it()).strip())  # noqa: S704 - nothing outside is put together here
            with self._lock:
                self._found[key] = known
        return known
