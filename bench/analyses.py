"""Speed and cost of a day's analyses by a model.

    python -m bench.analyses [--latency SECONDS] [--every-day]

The busiest day of the corpus beside the checkout, or the demo's day where there is none, goes through the real jobs on
SQLite to a stand-in model that takes a fixed time for each answer. What is printed:

- the time as a multiple of that latency, with 16 requests at once; at most 4 (the predecessor: one after the other);
- the input tokens as a share of the predecessor's way, which sends the whole message and up to 50,000 characters of
  patch for each file, one call a commit; at most half. Its own instructions are not counted, ours are.

The model finds every change as important as people did who labelled them, or the rules where nobody did; that counts.
For comparison it finds all of them medium, so that none is done after the first look. Two seconds are the unit
of the latency: with ten everything that is ours weighs a fifth.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from typing import Any
from zoneinfo import ZoneInfo

from bench.load import CORPUS
from bench.model import SlowModel
from newsletter.analysis.analyst import Analyst, ModelEndpoint
from newsletter.analysis.pace import BYTES_PER_TOKEN
from newsletter.analysis.record import Subject
from newsletter.analysis.rules import analyse_by_rules
from newsletter.app.handlers import FILLING_BATCHES, LOCAL_CONCURRENCY
from newsletter.demo.sample import sample_day
from newsletter.github.answers import commit_detail, listed_commit
from newsletter.github.record import Repository
from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.pipeline.analyse import analyse_job
from newsletter.pipeline.port import Job, Kind, Retries
from newsletter.store import commits, pushes, repositories
from newsletter.store.engine import Store
from newsletter.store.migrate import upgrade
from newsletter.store.pushes import NewPush

CONCURRENCY = 16
MOST_LATENCIES = 4.0
MOST_SHARE = 0.5
#: As the predecessor read it, characters of one file's patch.
PREDECESSOR_PATCH = 50_000
#: Of ten seconds, which is the latency that this stands for, the service lingers one.
LINGER_SHARE = 0.1


@dataclass(frozen=True, kw_only=True)
class Day:
    """The REST answers of a day's commits."""

    name: str
    repository: str
    commits: Sequence[Mapping[str, Any]]

    @property
    def predecessor_bytes(self) -> int:
        """What the predecessor sent for them."""
        return sum(
            len(commit["commit"]["message"].encode())
            + sum(len((file.get("patch") or "")[:PREDECESSOR_PATCH].encode()) for file in commit["files"])
            for commit in self.commits
        )


def days() -> list[Day]:
    """Return the days there are, the busiest first."""
    found = []
    for folder in sorted(CORPUS.glob("*/*")):
        files = sorted(path for path in (folder / "commits").glob("*.json") if ".page" not in path.name)
        answers = [json.loads(path.read_text(encoding="utf-8")) for path in files]
        name = folder.parent.name.replace("__", "/")
        found.append(Day(name=f"{name} {folder.name}", repository=name, commits=answers))
    if not found:
        sample = sample_day(date(2026, 1, 20))
        names = {name for name, _ in sample.commits}
        for name in sorted(names):
            of_one = [answer for (repository, _), answer in sample.commits.items() if repository == name]
            found.append(Day(name=f"the demo's day of {name}", repository=name, commits=of_one))
    return sorted(found, key=lambda day: -len(day.commits))


def labels() -> dict[str, str]:
    """Return the levels that people gave to the corpus' commits, by title."""
    path = CORPUS.parent / "labels" / "days.jsonl"
    if not path.exists():
        return {}
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {row["title"]: row["level"] for row in rows if row["level"]}


def levels_of(day: Day, given: Mapping[str, str]) -> dict[str, str]:
    """Return the level of each commit of a day by its title: as people gave it, else as the rules do."""
    found = {}
    for commit in day.commits:
        detail = commit_detail(commit["sha"], commit, commit["files"])
        listed = listed_commit(commit).commit
        subject = Subject(
            repository=day.repository,
            sha=listed.sha,
            message=listed.message,
            author=listed.author,
            committed_at=listed.committed_at,
            parents=detail.parents,
            files=detail.files,
        )
        found[subject.title] = given.get(subject.title) or analyse_by_rules(subject, language="en").level.value
    return found


async def prepared(day: Day, store: Store, jobs: EmbeddedJobs) -> list[str]:
    """Store a day's commits with their files, and queue their analyses; returns their keys."""
    await upgrade(store)
    now = datetime.now(UTC)
    known = Repository(github_id=1, full_name=day.repository, default_branch="main", private=False)
    new = NewPush(hook_id="bench", repository_id=1, reached_at=now, received_at=now, body=b"{}")
    async with store.write() as transaction:
        connection = transaction.connection
        repository, _ = await repositories.add(connection, day.repository, known=known, now=now)
        await connection.run_sync(pushes.add, [new])
        pushed = [listed_commit(commit).commit for commit in day.commits]
        ids = await commits.add(connection, pushed, repository_id=repository.id, push_id=1, reached_at=now)
        for commit_id, commit in zip(ids, day.commits, strict=True):
            detail = commit_detail(commit["sha"], commit, commit["files"])
            await commits.save_detail(connection, commit_id, detail, now=now)
        keys = [str(commit_id) for commit_id in ids]
        await jobs.put_many(transaction, Kind.ANALYSE, keys)
    return keys


async def analysed(day: Day, model: SlowModel, *, latency: float) -> float:
    """Return how many seconds a day's analyses take, from the first job on."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/bench.db")
        jobs = EmbeddedJobs(store, clock=lambda: datetime.now(UTC))
        endpoint = ModelEndpoint(
            base_url=model.url,
            api_key=None,
            model="bench",
            concurrency=CONCURRENCY,
            timeout_seconds=120,
            linger_seconds=LINGER_SHARE * latency,
        )
        analyst = Analyst(endpoint)
        turns = asyncio.Semaphore(LOCAL_CONCURRENCY)
        left, done = set(await prepared(day, store, jobs)), asyncio.Event()

        async def handle(job: Job) -> None:
            now = datetime.now(UTC)
            await analyse_job(
                job,
                store=store,
                analyst=analyst,
                language="en",
                turns=turns,
                send_at=time_of_day(8),
                zone=ZoneInfo("UTC"),
                now=now,
            )
            left.discard(job.key)
            if not left:
                done.set()

        retries = Retries(max_attempts=2, first=timedelta(seconds=1), longest=timedelta(seconds=1))
        jobs.register(Kind.ANALYSE, handle, concurrency=FILLING_BATCHES + 2 * CONCURRENCY, retries=retries)
        stop = asyncio.Event()
        begin = time.perf_counter()
        running = asyncio.create_task(jobs.run(stop))
        await done.wait()
        seconds = time.perf_counter() - begin
        stop.set()
        await running
        await analyst.close()
        await store.close()
    return seconds


async def measure(day: Day, *, latency: float, levels: Mapping[str, str]) -> bool:
    """Print one day's figures, and return whether they are within the limits."""
    kept = True
    before = day.predecessor_bytes / BYTES_PER_TOKEN
    print(f"\n{day.name}: {len(day.commits)} commits; the predecessor's way: {before:,.0f} tokens, one after the other")
    for title, given in (("levels as people gave them", levels_of(day, levels)), ("all medium", {})):
        async with SlowModel(latency=latency, levels=given) as model:
            seconds = await analysed(day, model, latency=latency)
        tokens = model.bytes_sent / BYTES_PER_TOKEN
        latencies, share = seconds / latency, tokens / before
        within = not given or (latencies <= MOST_LATENCIES and share <= MOST_SHARE)
        kept = kept and within
        print(
            f"  {title:28} {model.requests:4} requests  {latencies:5.2f} latencies  {tokens:9,.0f} tokens"
            f"  {share:6.1%} of the predecessor's{'' if within else '   MISSED'}",
            flush=True,
        )
    return kept


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, default=2.0, help="of the stand-in model, seconds")
    parser.add_argument("--every-day", action="store_true", help="not the busiest alone; for the other ones no limit")
    options = parser.parse_args()
    found, levels = days(), labels()
    kept = asyncio.run(measure(found[0], latency=options.latency, levels=levels))
    for day in found[1:] if options.every_day else ():
        asyncio.run(measure(day, latency=options.latency, levels=levels))
    print(
        "\nwithin the limits"
        if kept
        else f"\nMISSED: at most {MOST_LATENCIES:.0f} latencies, and {MOST_SHARE:.0%} of the tokens"
    )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
