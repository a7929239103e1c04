"""The service as a process of its own, that can be killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PATIENCE = 60


class ServiceProcess:
    """``newsletter serve`` with its log read line by line.

    :param environment: the NEWSLETTER_… variables; nothing of the caller's own is handed on.
    :param kill_at: an action in the log at which the process is killed as soon as the line appears.
    """

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith("NEWSLETTER_")
        } | dict(environment)
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._changed = asyncio.Condition()
        self.log: list[dict[str, Any]] = []
        self.kill_at: str | None = None
        self.url = ""
        self.starts = 0

    async def start(self) -> None:
        """Start the process and wait until it answers."""
        self.log.clear()
        self.starts += 1
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "newsletter",
            "serve",
            cwd=self._folder,
            env=self._environment,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        self._reader = asyncio.create_task(self._read(self._process))
        self.url = (await self.wait_for("serve.ready"))["url"]

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        async for raw in process.stderr:
            try:
                line = json.loads(raw)
            except ValueError:
                line = {"action": None, "text": raw.decode(errors="replace")}
            if self.kill_at is not None and line.get("action") == self.kill_at:
                self.kill_at = None
                self.kill()
            async with self._changed:
                self.log.append(line)
                self._changed.notify_all()
        async with self._changed:
            self._changed.notify_all()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def wait_for(self, action: str) -> dict[str, Any]:
        """Wait for a line of the log."""

        def seen() -> bool:
            return any(line.get("action") == action for line in self.log) or not self.alive

        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(seen)
        found = [line for line in self.log if line.get("action") == action]
        if not found:
            raise AssertionError(f"the service ended before {action}: {self.log[-5:]}")
        return found[0]

    def kill(self) -> None:
        """Kill -9: no handler runs, nothing is finished."""
        if self._process is not None and self._process.returncode is None:
            os.kill(self._process.pid, signal.SIGKILL)

    async def ended(self) -> int:
        """Wait until the process is gone; returns its exit code."""
        assert self._process is not None
        assert self._reader is not None
        async with asyncio.timeout(PATIENCE):
            code = await self._process.wait()
            await self._reader
        return code

    async def terminate(self) -> int:
        """Ask it to end, and wait."""
        if self.alive:
            assert self._process is not None
            self._process.terminate()
        return await self.ended()
