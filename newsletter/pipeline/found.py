"""Commits that no webhook told of are stored: those that arrived together as one push."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.github.record import ListedCommit, PushedCommit
from newsletter.pipeline.expand import add_commits
from newsletter.pipeline.port import Jobs, NotYet
from newsletter.store import commits, pushes
from newsletter.store.engine import Store

LOOK_AGAIN = timedelta(seconds=1)

#: Commits stored in one transaction: each may be a push of its own, and GitHub's deliveries wait meanwhile.
SLICE = 50
#: Seconds. A verb of the command line is another process, and on SQLite a process that waits for its turn looks for it
#: only every tenth of a second (sqlite.org/c3ref/busy_timeout.html).
BETWEEN_SLICES = 0.15


async def wait_for_pushes(connection: AsyncConnection, repository_id: int) -> None:
    """Let nothing be stored before the pushes that are: they know better than any history when their commits arrived.

    :raises NotYet: some are still to be read.
    """
    if waiting := await pushes.unexpanded(connection, repository_id=repository_id):
        raise NotYet(f"{len(waiting)} pushes are still to be read", after=LOOK_AGAIN)


async def add_found(
    found: Sequence[ListedCommit],
    times: Mapping[str, datetime],
    *,
    repository_id: int,
    store: Store,
    jobs: Jobs,
    now: datetime,
    patient: bool = False,
) -> int:
    """Store commits that no webhook told of, those that arrived together as one push; returns how many are new.

    A slice at a time, so that deliveries come in between. Whoever is killed in the middle goes on from there.

    :param found: each after its parents.
    :param patient: whether pushes that came meanwhile are waited for.
    :raises NotYet: some are still to be read.
    """
    async with store.read() as connection:
        known = await commits.reached(connection, repository_id, [listed.sha for listed in found])
    missing_parts = [part for part in _parts(found, times) if any(commit.sha not in known for commit in part.commits)]
    new = 0
    for number, together in enumerate(_slices(missing_parts)):
        if number:
            await asyncio.sleep(BETWEEN_SLICES)
        async with store.write() as transaction:
            if patient:
                await wait_for_pushes(transaction.connection, repository_id)
            for part in together:
                push = await pushes.add_found(
                    transaction.connection,
                    # No delivery of GitHub has a colon in its id.
                    hook_id=f"found:{repository_id}:{part.arrived[-1]}",
                    repository_id=repository_id,
                    reached_at=part.reached_at,
                    body=json.dumps({"found": part.arrived}).encode(),
                    now=now,
                )
                new += await add_commits(
                    transaction, part.commits, push=push, jobs=jobs, first_position=part.first_position
                )
    return new


@dataclass(frozen=True, kw_only=True)
class _Part:
    """Commits of one slice that arrived together, or some of them."""

    reached_at: datetime
    #: Every commit that arrived with them.
    arrived: list[str]
    commits: list[PushedCommit]
    first_position: int


def _parts(found: Sequence[ListedCommit], times: Mapping[str, datetime]) -> Iterator[_Part]:
    in_order = sorted(found, key=lambda listed: times[listed.sha])
    for reached_at, group in groupby(in_order, key=lambda listed: times[listed.sha]):
        together = list(group)
        arrived = [listed.sha for listed in together]
        for start in range(0, len(together), SLICE):
            part = [listed.commit for listed in together[start : start + SLICE]]
            yield _Part(reached_at=reached_at, arrived=arrived, commits=part, first_position=start)


def _slices(parts: Sequence[_Part]) -> Iterator[list[_Part]]:
    together: list[_Part] = []
    for part in parts:
        if sum(len(other.commits) for other in together) + len(part.commits) > SLICE:
            yield together
            together = []
        together.append(part)
    if together:
        yield together
