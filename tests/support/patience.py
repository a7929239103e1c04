"""Waiting for something that only the database can tell."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

Result = TypeVar("Result")

#: Between two looks, seconds.
_LOOK_AGAIN = 0.05


async def until(look: Callable[[], Awaitable[Result | None]], *, seconds: float = 90) -> Result:
    """Look until there is something other than None, and return it.

    What another process writes into a database is no event anybody could wait for, so this looks again and again; it
    never waits longer than it has to.

    :raises TimeoutError: it did not come.
    """
    async with asyncio.timeout(seconds):
        while (found := await look()) is None:  # noqa: ASYNC110 - see above
            await asyncio.sleep(_LOOK_AGAIN)
    return found
