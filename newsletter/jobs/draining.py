"""Letting what is under way come to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import timedelta
from typing import Any

#: What attempts get where nobody ends this process and only the lock is lost. The longest wait of all is for the reply
#: to a message, ten minutes (RFC 5321 §4.5.3.2.6), and whoever does not wait for it leaves a delivery uncertain.
LET_GO = timedelta(minutes=11)


async def let_finish(
    running: Collection[asyncio.Task[Any]], stop: asyncio.Event, *, patience: timedelta, drain: timedelta
) -> None:
    """Wait until tasks have ended; those that take too long are cancelled.

    :param stop: once it is set, somebody waits for this process to end.
    :param patience: how long they may take while nobody does.
    :param drain: how long they may take from then on.
    """
    stopped = asyncio.create_task(stop.wait())
    ended = asyncio.create_task(asyncio.wait(running))
    try:
        await asyncio.wait({stopped, ended}, timeout=patience.total_seconds(), return_when="FIRST_COMPLETED")
        if stop.is_set():
            await asyncio.wait({ended}, timeout=drain.total_seconds())
    finally:
        stopped.cancel()
        ended.cancel()
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
