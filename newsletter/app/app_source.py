"""Which GitHub App the service is at the moment: that of the settings, or the one that was connected on its pages.

A process remembers what it read for some seconds, so that asking costs nothing and an App that another process
connected is noticed without a restart.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from newsletter.errors import AppUnreadable, StoreUnavailable
from newsletter.github.credentials import AppCredentials
from newsletter.logs import get_logger
from newsletter.store import github_app
from newsletter.store.engine import Store
from newsletter.store.sealing import Seal

log = get_logger("github")

#: What was read so long ago is read again before it is given out, seconds.
REMEMBERED = 10.0
#: Delivery after delivery that nobody's secret signed makes us look no more often than this, seconds.
SHORTEST_PAUSE = 2.0
#: Between two looks of a process that nobody asks, seconds: a secret that was replaced ends with this.
ROUND = 30.0


class AppSource:
    """Knows the App and the secrets that verify its deliveries.

    :param seal: None where no key is set.
    :param configured: the App of the settings, which wins.
    :param secrets: webhook secrets of the settings.
    :param clock: seconds that only grow.
    """

    def __init__(
        self,
        *,
        store: Store,
        seal: Seal | None,
        configured: AppCredentials | None,
        secrets: Sequence[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._seal = seal
        self.configured = configured
        self._own_secrets = tuple(secrets)
        self._clock = clock
        self._stored: AppCredentials | None = None
        self._secrets = self._own_secrets
        self._unreadable: str | None = None
        # When it was read, and when that was tried, last.
        self._read_at = self._tried_at = -float("inf")
        self._reading = asyncio.Lock()

    async def current(self) -> AppCredentials | None:
        """Return the App; None where there is none.

        While the database is away, and while another process has resealed the secrets with a key that this one was not
        started with, it is the last one known.

        :raises AppUnreadable: there is one, and its secrets cannot be opened.
        :raises StoreUnavailable: the database was never asked successfully.
        """
        if self.configured is not None:
            return self.configured
        never_read = self._read_at == -float("inf")
        try:
            await self._read(older_than=0.0 if never_read else REMEMBERED)
        except StoreUnavailable:
            if never_read:
                raise
        if self._stored is None and self._unreadable is not None:
            raise AppUnreadable(self._unreadable)
        return self._stored

    def webhook_secrets(self) -> Sequence[str]:
        """Return the secrets that verify a delivery, as far as they are known; costs nothing."""
        return self._secrets

    async def renewed(self, tried: Sequence[str]) -> bool:
        """Whether there are other secrets than those that were tried, for which the database is asked now and then."""
        if self._secrets == tried and self._clock() - self._tried_at >= SHORTEST_PAUSE:
            with suppress(StoreUnavailable):
                await self._read(older_than=SHORTEST_PAUSE)
        elif self._secrets == tried and self._reading.locked():
            # Somebody looks already.
            async with self._reading:
                pass
        return self._secrets != tried

    async def refresh(self) -> None:
        """Read it now: it has changed.

        :raises StoreUnavailable: the database is away.
        """
        await self._read(older_than=0.0)

    async def start(self) -> None:
        """Seal the secrets anew where they are sealed with an older key, and read them; logs what stands in the way."""
        try:
            if self._seal is not None:
                await self._reseal(self._seal)
            await self.refresh()
        except StoreUnavailable as error:
            log.warning("the App cannot be looked up yet", action="github.app_unknown", reason=str(error))

    async def run(self, stop: asyncio.Event) -> None:
        """Look now and then until told to stop, so that nobody has to wait for it."""
        while not stop.is_set():
            with suppress(StoreUnavailable):
                await self._read(older_than=ROUND / 2)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), ROUND)

    async def _reseal(self, seal: Seal) -> None:
        try:
            async with self._store.write() as transaction:
                resealed = await github_app.reseal(transaction.connection, seal)
        except AppUnreadable:
            # Told when it is read.
            return
        if resealed:
            log.info("the App's secrets are sealed with the newest key", action="github.app_resealed")

    async def _read(self, *, older_than: float) -> None:
        async with self._reading:
            if self._clock() - max(self._read_at, self._tried_at) < older_than:
                return
            self._tried_at = self._clock()
            async with self._store.read() as connection:
                try:
                    found, unreadable = await github_app.load(connection, self._seal), None
                except AppUnreadable as error:
                    found, unreadable = self._stored, str(error)
            if unreadable is not None and self._unreadable is None:
                log.error("the GitHub App is not used", action="github.app_unreadable", reason=unreadable)
            self._read_at = self._clock()
            self._stored, self._unreadable = found, unreadable
            secret = found.webhook_secret if found else None
            self._secrets = (*self._own_secrets, secret) if secret else self._own_secrets
