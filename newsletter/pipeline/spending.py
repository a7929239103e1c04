"""What the model costs is counted when it is spent, and no request is made once the day's tokens are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

from newsletter.analysis.analyst import Usage
from newsletter.errors import StoreUnavailable
from newsletter.logs import get_logger
from newsletter.store import usage
from newsletter.store.engine import Store

log = get_logger("analyse")


class Spending:
    """Keeps the account of the model: by UTC day, model and repository.

    :param daily_tokens: ceiling of a UTC day, input and output together; None = none.
    :param clock: gives the present time, aware.
    """

    def __init__(self, store: Store, *, daily_tokens: int | None, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._daily_tokens = daily_tokens
        self._clock = clock
        #: Spent, and not written down yet.
        self._unwritten: list[tuple[date, Usage]] = []

    async def allows(self, under_way: int) -> bool:
        """Whether another request may be made while so many tokens are under way.

        :raises StoreUnavailable: what was spent cannot be looked up.
        """
        if self._daily_tokens is None:
            return True
        today = self._today()
        async with self._store.read() as connection:
            written = await usage.total(connection, today)
        # Looked at after the wait, in which others may have spent more.
        unwritten = sum(spent.input_tokens + spent.output_tokens for day, spent in self._unwritten if day == today)
        return written + unwritten + under_way < self._daily_tokens

    async def charge(self, spent: Usage) -> None:
        """Count one request. A database that is away costs nobody the answer: it is written down with the next one."""
        self._unwritten.append((self._today(), spent))
        writing, self._unwritten = self._unwritten, []
        try:
            await self._write(writing)
        except BaseException as error:
            self._unwritten = writing + self._unwritten
            if not isinstance(error, StoreUnavailable):
                raise
            log.warning("the cost of an answer is not written down yet", action="analysis.unwritten")

    async def _write(self, writing: list[tuple[date, Usage]]) -> None:
        async with self._store.write() as transaction:
            for day, spent in writing:
                await usage.add(
                    transaction.connection,
                    day=day,
                    model=spent.model,
                    repository=spent.repository,
                    input_tokens=spent.input_tokens,
                    output_tokens=spent.output_tokens,
                )

    def _today(self) -> date:
        return self._clock().astimezone(UTC).date()
