"""How many pages of the archive are answered a second, on one core.

    python -m bench.archive [--postgresql URL] [--readers 8] [--seconds 4]

The server has a core of its own where there are two, and so has the sender. The day has 60 changes with long analyses,
and ten other days are closed. The limits are those that the project promises: 300 pages a second, and 99 of 100
answers within 50 ms. The exit code is 1 where one is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import repeat
from pathlib import Path

from bench.intake import started
from bench.load import Measured, send
from newsletter.analysis.prompt import VERSION
from newsletter.analysis.record import Analysis, Kind, Reason, Signal, Source
from newsletter.digest.archive_links import ArchiveLinks
from newsletter.github.record import PushedCommit, Repository
from newsletter.store import analyses, commits, digests, pushes, repositories
from newsletter.store.engine import Store
from newsletter.store.migrate import upgrade
from newsletter.store.pushes import NewPush
from subscribers import Level

LEAST_PER_SECOND = 300.0
LONGEST_P99 = 50.0
FULL_NAME = "bench/archive"
DAYS, CHANGES = 10, 60
LAST = date(2026, 1, 20)
LINKS = ArchiveLinks(base_url="")
_SENTENCE = "The scheduler keeps `max_running_requests` apart for each worker, and old options are refused by name. "


async def fill(store: Store) -> None:
    """Store closed days of one public repository."""
    await upgrade(store)
    known = Repository(github_id=7, full_name=FULL_NAME, default_branch="main", private=False)
    async with store.write() as transaction:
        repository, _ = await repositories.add(transaction.connection, FULL_NAME, known=known, now=_noon(LAST))
    for age in reversed(range(DAYS)):
        await _fill_day(store, repository.id, LAST - timedelta(days=age))


async def _fill_day(store: Store, repository_id: int, day: date) -> None:
    now = _noon(day)
    hook_id = f"bench-{day}"
    async with store.write() as transaction:
        connection = transaction.connection
        push = NewPush(hook_id=hook_id, repository_id=repository_id, reached_at=now, received_at=now, body=b"{}")
        await connection.run_sync(pushes.add, [push])
        stored = await pushes.by_hook_id(connection, hook_id)
        assert stored is not None
        ids = await commits.add(
            connection,
            [_commit(day, number) for number in range(CHANGES)],
            repository_id=repository_id,
            push_id=stored.id,
            reached_at=now,
        )
        for number, commit_id in enumerate(ids):
            text = _analysis(list(Level)[number % len(Level)])
            await commits.freeze_level(connection, commit_id, text.level)
            await analyses.add(connection, commit_id, text, version=VERSION, now=now)
            await analyses.add(connection, commit_id, replace(text, language="zh"), version=VERSION, now=now)
        digest = await digests.close(connection, day=day, timezone="UTC", now=now)
        assert digest is not None
        await digests.take_commits(connection, digest.id, before=now + timedelta(hours=12), late_before=None)


def _commit(day: date, number: int) -> PushedCommit:
    return PushedCommit(
        sha=f"{day:%Y%m%d}{number:032x}",
        message=f"Part {number} of the scheduler refuses what it does not know (#{number + 1})",
        author=f"Author {number % 9}",
        author_login=None,
        committed_at=_noon(day),
        added=(),
        removed=(),
        modified=("scheduler.py",),
    )


def _analysis(level: Level) -> Analysis:
    return Analysis(
        language="en",
        level=level,
        kind=Kind.FEATURE,
        summary=_SENTENCE,
        areas=("scheduler", "docs"),
        reasons=(Reason(signal=Signal.FEATURE, detail="refuses"),),
        scope=_SENTENCE,
        risks=(_SENTENCE,) * 3,
        advice=(_SENTENCE,) * 2,
        files_read=3,
        files_total=4,
        source=Source.RULES,
    )


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def asking(path: str, *fields: bytes) -> Iterator[bytes]:
    """Return an endless series of requests for one page."""
    lines = (b"GET %b HTTP/1.1" % path.encode(), b"Host: localhost", *fields)
    return repeat(b"\r\n".join(lines) + b"\r\n\r\n")


async def etag_of(path: str, port: int) -> bytes:
    """Return the validator of a page, which is kept from then on."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(next(asking(path)))
    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return next(line[6:].strip() for line in head.split(b"\r\n") if line.lower().startswith(b"etag:"))


@dataclass(frozen=True)
class Row:
    """A page and what came of asking for it."""

    name: str
    measured: Measured
    status: int

    @property
    def per_second(self) -> float:
        """Right answers a second."""
        return self.measured.answers.get(self.status, 0) / self.measured.seconds

    @property
    def is_kept(self) -> bool:
        """Whether the limits are."""
        only = set(self.measured.answers) == {self.status}
        return only and self.per_second >= LEAST_PER_SECOND and self.measured.percentile(0.99) <= LONGEST_P99


async def measure(database_url: str, *, readers: int, seconds: float) -> list[Row]:
    """Ask a server for each kind of page."""
    store = Store(database_url, patience=None)
    await fill(store)
    await store.close()
    rows = []
    async with started("intake", database_url) as server:
        _apart(server.pid)
        sha = f"{LAST:%Y%m%d}{0:032x}"
        for name, path in (
            ("a day", LINKS.day(LAST)),
            ("a change", LINKS.change(LAST, FULL_NAME, sha)),
            ("all days", LINKS.home),
            ("the feed", LINKS.feed),
        ):
            etag = await etag_of(path, server.port)
            for kind, fields, status in (
                (name, (), 200),
                (f"{name}, known already", (b"If-None-Match: " + etag,), 304),
            ):
                measured = await send(
                    asking(path, *fields), host="127.0.0.1", port=server.port, senders=readers, seconds=seconds
                )
                rows.append(Row(kind, measured, status))
    return rows


def _apart(pid: int) -> None:
    """Give the server a core and the sender another one."""
    cores = sorted(os.sched_getaffinity(0))
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread.name), cores[:1])
    if len(cores) > 1:
        os.sched_setaffinity(0, cores[1:2])


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgresql", metavar="URL", help="an empty database in the place of SQLite")
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=4.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = arguments.postgresql or f"sqlite:///{folder}/newsletter.db"
        rows = asyncio.run(measure(url, readers=arguments.readers, seconds=arguments.seconds))
    print(f"{'page':26} {'a second':>9} {'p50 ms':>8} {'p99 ms':>8}")
    for row in rows:
        p50, p99 = (row.measured.percentile(share) for share in (0.5, 0.99))
        print(f"{row.name:26} {row.per_second:9.0f} {p50:8.1f} {p99:8.1f}  {'' if row.is_kept else 'MISSED'}")
    return 0 if all(row.is_kept for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
