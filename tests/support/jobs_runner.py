"""Starts :mod:`tests.support.jobs_process`, reads what it says, and kills it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.waiting import PATIENCE

ROOT = Path(__file__).parents[2]


class JobsProcess:
    """A running process of jobs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.said: list[str] = []

    async def hear(self, *, beginning: str, times: int = 1) -> list[str]:
        """Read lines until so many begin with a word; returns those, over the whole life of the process."""
        async with asyncio.timeout(PATIENCE):
            while len(heard := [line for line in self.said if line.startswith(beginning)]) < times:
                if not await self._line():
                    raise AssertionError(f"the process ended before {times} × {beginning!r}: {self.said}")
        return heard

    async def _line(self) -> bool:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if line:
            self.said.append(line.decode().strip())
        return bool(line)

    async def release(self, *keys: str) -> None:
        """Let jobs that are held finish."""
        assert self._process.stdin is not None
        self._process.stdin.write("".join(f"{key}\n" for key in keys).encode())
        await self._process.stdin.drain()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if there is still somebody to get it."""
        if self._process.returncode is None:
            os.kill(self._process.pid, number)

    async def ended(self) -> int:
        """Read to the end and return the exit code, negative for a signal."""
        async with asyncio.timeout(PATIENCE):
            while await self._line():
                pass
            return await self._process.wait()

    async def kill(self) -> None:
        """Kill -9 and wait until the process is gone."""
        self.signal(signal.SIGKILL)
        await self.ended()


@asynccontextmanager
async def jobs_process(adapter: str, url: str, *handlers: str) -> AsyncIterator[JobsProcess]:
    """Start a process; at the end it is killed if it still lives."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.jobs_process",
        adapter,
        url,
        *handlers,
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        # What it logs is for people; a pipe that nobody reads would fill up.
        stderr=asyncio.subprocess.DEVNULL,
    )
    running = JobsProcess(process)
    try:
        yield running
    finally:
        await running.kill()
        if process.stdin is not None:
            process.stdin.close()
