"""A digest for many readers: composed and queued.

    python -m bench.cohorts [--postgresql URL] [--cohorts N]

A day of 41 changes is closed for 10,000 readers and then for 100,000, each time in 200 cohorts that differ in
language, threshold, zone and repositories, with six hours in each. Measured is from the closed day to the last row of
the ledger, in one process for each size, so that its memory is its own. What is printed for each: seconds, rows a
second, and the most memory that the process held. What has to hold: the time grows no faster than the readers (the
rendering, which does not grow with them, is counted as well), and 100,000 need less than 300 MB.

The database at the URL has to be empty; it is filled.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert, select, update

from newsletter.analysis.prompt import VERSION
from newsletter.analysis.record import Subject
from newsletter.analysis.rules import analyse_by_rules
from newsletter.digest.render import Renderer
from newsletter.github.record import PushedCommit, Repository
from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.pipeline.close import close_day
from newsletter.pipeline.compose import Imprint, compose
from newsletter.resources import templates_directory
from newsletter.store import analyses, commits, digests, pushes, repositories, tables
from newsletter.store.engine import Store
from newsletter.store.migrate import upgrade
from newsletter.store.pushes import NewPush
from subscribers import EVERY_REPOSITORY, Choice, Level, Preferences, Status, metadata

SIZES = (10_000, 100_000)
COHORTS = 200
CHANGES = 41
MOST_MEGABYTES = 300
#: Of the ratio of the times to the ratio of the sizes: a machine is not equally fast all the time.
SLACK = 1.15
NOW = datetime(2026, 1, 21, 8, tzinfo=UTC)
ROWS = 5000
ZONES = ("UTC", "Asia/Shanghai", "America/New_York", "Europe/Berlin", "Asia/Kolkata")


def cohorts_of(number: int, keys: list[str]) -> list[Preferences]:
    """Return so many different preferences."""
    found = []
    for repository, zone, language, level in product((EVERY_REPOSITORY, *keys), ZONES, ("en", "zh"), Level):
        found.append(Preferences.of(language, [Choice(repository=repository, threshold=level)], timezone=zone))
    if len(found) < number:
        raise SystemExit(f"there are only {len(found)} different preferences here")
    return found[:number]


async def fill(store: Store, readers: int, cohorts: int) -> None:
    """Store a day of changes, and readers who are spread over cohorts and hours."""
    await upgrade(store)
    keys = []
    async with store.write() as transaction:
        connection = transaction.connection
        for number in range(7):
            known = Repository(
                github_id=number + 1, full_name=f"acme/tide{number}", default_branch="main", private=False
            )
            repository, _ = await repositories.add(connection, known.full_name, known=known, now=NOW)
            keys.append(repository.key)
            await _changes(connection, repository.id, known.full_name, [i for i in range(CHANGES) if i % 7 == number])
        await connection.execute(update(tables.pushes).values(expanded_at=NOW))
    wanted = cohorts_of(cohorts, keys)
    for start in range(0, readers, ROWS):
        await _readers(store, wanted, range(start, min(start + ROWS, readers)))


async def _changes(connection: Any, repository_id: int, name: str, numbers: list[int]) -> None:
    reached_at = NOW - timedelta(hours=20)
    hook_id = f"bench-{repository_id}"
    new = NewPush(hook_id=hook_id, repository_id=repository_id, reached_at=reached_at, received_at=NOW, body=b"{}")
    await connection.run_sync(pushes.add, [new])
    push = await pushes.by_hook_id(connection, hook_id)
    assert push is not None
    pushed = [
        PushedCommit(
            sha=f"{number:040x}",
            message=f"Drop `--gate-{number}` and keep the others (#{number})\n\nNobody has used it for {number} years.",
            author=f"Ada {number % 9}",
            author_login=None,
            committed_at=reached_at,
            added=(),
            removed=(),
            modified=(f"src/part{number}/gate.py",),
        )
        for number in numbers
    ]
    ids = await commits.add(connection, pushed, repository_id=repository_id, push_id=push.id, reached_at=reached_at)
    for number, commit_id in zip(numbers, ids, strict=True):
        level = list(Level)[number % 3]
        await commits.freeze_level(connection, commit_id, level)
        subject = Subject(
            repository=name,
            sha=pushed[numbers.index(number)].sha,
            message=pushed[numbers.index(number)].message,
            author="Ada",
            committed_at=reached_at,
            parents=(),
            files=(),
        )
        for language in ("en", "zh"):
            analysis = analyse_by_rules(subject, language=language, level=level)
            await analyses.add(connection, commit_id, analysis, version=VERSION, now=NOW)


async def _readers(store: Store, wanted: list[Preferences], numbers: range) -> None:
    table, choices = metadata.tables["subscribers"], metadata.tables["choices"]
    rows, chosen = [], []
    for number in numbers:
        preferences = wanted[number % len(wanted)]
        rows.append(
            {
                "id": number + 1,
                "address": f"r{number}@reader.example",
                "address_key": f"r{number}@reader.example",
                "status": Status.ACTIVE,
                "language": preferences.language,
                "timezone": preferences.timezone,
                "cohort_key": preferences.key,
                # Six hours in each cohort.
                "send_at": time_of_day(6 + number // len(wanted) % 6, 30),
                "created_at": NOW,
            }
        )
        chosen += [
            {"subscriber_id": number + 1, "repository": choice.repository, "threshold": choice.threshold}
            for choice in preferences.choices
        ]
    async with store.write() as transaction:
        await transaction.connection.execute(insert(table), rows)
        await transaction.connection.execute(insert(choices), chosen)


async def composed(url: str, readers: int, cohorts: int) -> tuple[float, int]:
    """Close and compose the day; returns the seconds, and how many rows the ledger has."""
    store = Store(url)
    jobs = EmbeddedJobs(store, clock=lambda: NOW)
    imprint = Imprint(
        title="Bench",
        language="en",
        github_url="https://github.com",
        domain="news.example",
        renderer=Renderer(templates_directory(), base_url="https://news.example", postal_address=None),
    )
    zone = ZoneInfo("UTC")
    day = NOW.date() - timedelta(days=1)
    closed = await close_day(day, store=store, jobs=jobs, zone=zone, language="en", keeps_hours=True, now=NOW)
    assert closed.changes == CHANGES
    started = time.perf_counter()
    await compose(closed.digest_id, store=store, jobs=jobs, imprint=imprint, now=NOW)
    taken = time.perf_counter() - started
    async with store.read() as connection:
        rows = (await connection.execute(select(func.count()).select_from(tables.deliveries))).scalar_one()
        mails = (await connection.execute(select(func.count()).select_from(tables.renderings))).scalar_one()
        digest = await digests.by_id(connection, closed.digest_id)
    assert digest is not None
    assert digest.composed
    assert rows == readers
    assert 0 < mails <= cohorts
    await store.close()
    return taken, rows


def measure(url: str, readers: int, cohorts: int, answer: Any) -> None:
    """Do it in a process of its own, and tell seconds, rows and megabytes."""
    seconds, rows = asyncio.run(composed(url, readers, cohorts))
    # Kilobytes on Linux (getrusage(2)).
    answer.send((seconds, rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def in_a_process(url: str, readers: int, cohorts: int) -> tuple[float, int, float]:
    """Fill a database and compose its day, in two processes: only the second one is measured."""
    context = multiprocessing.get_context("spawn")
    filling = context.Process(target=fill_at, args=(url, readers, cohorts))
    filling.start()
    filling.join()
    if filling.exitcode:
        raise SystemExit("the database could not be filled")
    ours, theirs = context.Pipe()
    process = context.Process(target=measure, args=(url, readers, cohorts, theirs))
    process.start()
    # Whoever ends without a word has closed its side, and so must we.
    theirs.close()
    found: tuple[float, int, float] = ours.recv()
    process.join()
    return found


def fill_at(url: str, readers: int, cohorts: int) -> None:
    """Fill the database of a URL."""

    async def work() -> None:
        store = Store(url)
        await fill(store, readers, cohorts)
        await store.close()

    asyncio.run(work())


async def _emptied(url: str) -> None:
    """Take away what the size before left, so that both find the same."""
    store = Store(url)
    async with store.write() as transaction:
        await transaction.connection.execute(update(tables.deliveries).values(rendering_id=None))
        for table in reversed(metadata.sorted_tables):
            await transaction.connection.execute(table.delete())
    await store.close()


def run(name: str, urls: list[str], cohorts: int) -> bool:
    """Measure every size on one kind of database, and say whether the limits are kept."""
    found = []
    for readers, url in zip(SIZES, urls, strict=True):
        seconds, rows, megabytes = in_a_process(url, readers, cohorts)
        found.append((seconds, megabytes))
        print(f"{name}: {rows:7,} readers  {seconds:6.1f} s  {rows / seconds:8,.0f} rows/s  {megabytes:4.0f} MB")
        if len(set(urls)) == 1:
            asyncio.run(_emptied(url))
    growth = found[1][0] / found[0][0]
    linear, small = growth <= SIZES[1] / SIZES[0] * SLACK, found[1][1] < MOST_MEGABYTES
    print(f"{name}: {growth:.1f} times the time for {SIZES[1] // SIZES[0]} times the readers")
    return linear and small


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgresql", metavar="URL", help="of an empty database")
    parser.add_argument("--cohorts", type=int, default=COHORTS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        kept = run("SQLite", [f"sqlite:///{folder}/{size}.db" for size in SIZES], options.cohorts)
    if options.postgresql:
        kept = run("PostgreSQL", [options.postgresql] * len(SIZES), options.cohorts) and kept
    print("kept" if kept else "NOT KEPT")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
