"""A process that runs jobs, to be killed: ``python -m tests.support.jobs_process ADAPTER URL [HANDLER…]``.

It says on its standard output what it does, a line each: ``ready`` once it holds the lock, ``locked`` where another
one does, ``begun KEY`` and ``done KEY`` for each job, ``stopping`` on SIGTERM, ``stopped`` at its end. Handlers, one a
kind: ``fetch=hold`` finishes a job once its key comes as a line of standard input, ``fetch=note`` at once, and
``fetch=die`` ends the process in the middle.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta

from newsletter.errors import JobsLocked
from newsletter.logs import configure
from newsletter.pipeline.port import Handler, Job, Kind, Retries
from newsletter.store.engine import Store
from tests.support.engines import ADAPTERS

CONCURRENCY = 4
MAX_ATTEMPTS = 3
RETRIES = Retries(max_attempts=MAX_ATTEMPTS, first=timedelta(milliseconds=10), longest=timedelta(milliseconds=50))
DIED = 70
LOCKED = 3


def say(*words: str) -> None:
    """Write a line that survives whatever happens next."""
    os.write(sys.stdout.fileno(), (" ".join(words) + "\n").encode())


class Gates:
    """Keys that were read from standard input."""

    def __init__(self) -> None:
        self._open: dict[str, asyncio.Event] = {}

    def of(self, key: str) -> asyncio.Event:
        return self._open.setdefault(key, asyncio.Event())

    async def read(self) -> None:
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        async for line in reader:
            self.of(line.decode().strip()).set()


def handlers(gates: Gates) -> dict[str, Handler]:
    async def note(job: Job) -> None:
        say("begun", job.key)
        say("done", job.key)

    async def hold(job: Job) -> None:
        say("begun", job.key)
        await gates.of(job.key).wait()
        say("done", job.key)

    async def die(job: Job) -> None:
        say("begun", job.key)
        os._exit(DIED)

    return {"note": note, "hold": hold, "die": die}


async def main(adapter: str, url: str, *wanted: str) -> int:
    # Standard output is for what it says.
    configure(quiet=True)
    store = Store(url)
    engine = ADAPTERS[adapter].engine(store)
    gates = Gates()
    reading = asyncio.create_task(gates.read())
    for pair in wanted:
        kind, _, name = pair.partition("=")
        engine.register(Kind(kind), handlers(gates)[name], concurrency=CONCURRENCY, retries=RETRIES)
    stop = asyncio.Event()

    def terminate() -> None:
        say("stopping")
        stop.set()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminate)
    try:
        await engine.run(stop, before=_saying("ready"))
    except JobsLocked:
        say("locked")
        return LOCKED
    finally:
        reading.cancel()
        await store.close()
    say("stopped")
    return 0


def _saying(word: str) -> Callable[[], asyncio.Future[None]]:
    async def before() -> None:
        say(word)

    return lambda: asyncio.ensure_future(before())


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
