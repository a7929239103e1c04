"""What is registered with the engine of jobs: one of these for each kind."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from newsletter.pipeline.port import Handler, Kind, Retries


@dataclass
class Work:
    """How jobs of one kind are run, and which are running."""

    kind: Kind
    handler: Handler
    concurrency: int
    retries: Retries
    running: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    @property
    def free(self) -> int:
        """How many more may begin."""
        return self.concurrency - len(self.running)
