"""What is registered with the engine of jobs: one of these for each kind."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from newsletter.pipeline.port import Handler, Kind, Retries

#: One job of these does everything that is due when it begins, so a second one beside it has nothing to do.
ONE_IS_ENOUGH = frozenset(
    {
        Kind.AGAIN,
        Kind.AT_ONCE,
        Kind.DELIVER,
        Kind.INSTALLATION,
        Kind.RECONCILE,
        Kind.REDELIVER,
        Kind.REPORT,
        Kind.WATCH,
    }
)
#: And of these one that failed is as good as a new one: each time somebody has another reason.
BEGUN_ANEW = ONE_IS_ENOUGH - {Kind.DELIVER}


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
