"""How many pushes a second are accepted and on disk, against a bare handler that only verifies the same signature.

    python -m bench.intake [--postgresql URL] [--rounds 5] [--seconds 4]

Servers run in processes of their own and take turns, so that whatever else the machine does hits all of them; what is
printed is the median of the rounds. The limits are those that the project promises: at least half of the bare
handler's rate, and 99 of 100 answers within 100 ms. The exit code is 1 where one is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.load import Measured, bodies, requests, send
from bench.servers import FULL_NAME, REPOSITORY_ID, SECRET, template

LEAST_RATIO = 0.5
LONGEST_P99 = 100.0
SENDERS = 32


@dataclass(frozen=True)
class Server:
    """A server in a process of its own."""

    name: str
    port: int
    pid: int

    def resident(self) -> float:
        """Return its memory in MiB."""
        for line in Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0


@asynccontextmanager
async def started(name: str, database_url: str) -> AsyncIterator[Server]:
    """Run a server; it says its port when it is ready."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.servers", name, database_url, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield Server(name=name, port=int(await process.stdout.readline()), pid=process.pid)
    finally:
        process.terminate()
        await process.wait()


async def compare(names: Sequence[tuple[str, str, str]], *, rounds: int, seconds: float) -> dict[str, list[Measured]]:
    """Let the servers take turns.

    :param names: of each its title, its kind and its database.
    """
    found: dict[str, list[Measured]] = {title: [] for title, _, _ in names}
    series = requests(
        bodies(template(), repository_id=REPOSITORY_ID, full_name=FULL_NAME), host="127.0.0.1", secret=SECRET
    )
    for number in range(rounds + 1):
        for title, kind, database_url in names:
            async with started(kind, database_url) as server:
                measured = await send(series, host="127.0.0.1", port=server.port, senders=SENDERS, seconds=seconds)
            # The first round warms up: files, pages, the processor's clock.
            if number:
                found[title].append(measured)
                print(f"{title:28} {measured.per_second:8.0f} /s   p99 {measured.percentile(0.99):6.1f} ms", flush=True)
    return found


async def memory(database_url: str, *, pushes: int) -> tuple[float, float]:
    """Return a server's memory after a fifth of some pushes and after all of them, in MiB."""
    series = requests(
        bodies(template(), repository_id=REPOSITORY_ID, full_name=FULL_NAME), host="127.0.0.1", secret=SECRET
    )
    async with started("intake", database_url) as server:
        await send(series, host="127.0.0.1", port=server.port, senders=SENDERS, most=pushes // 5)
        early = server.resident()
        await send(series, host="127.0.0.1", port=server.port, senders=SENDERS, most=pushes - pushes // 5)
        return early, server.resident()


def report(found: dict[str, list[Measured]]) -> bool:
    """Print the medians and return whether every limit is kept."""
    bare = statistics.median(measured.per_second for measured in found["bare handler"])
    kept = True
    print(f"\n{'':28} {'per s':>8} {'ratio':>6} {'p50 ms':>7} {'p99 ms':>7}")
    for title, rounds in found.items():
        rate = statistics.median(measured.per_second for measured in rounds)
        p50 = statistics.median(measured.percentile(0.5) for measured in rounds)
        p99 = statistics.median(measured.percentile(0.99) for measured in rounds)
        refused = sum(number for measured in rounds for status, number in measured.answers.items() if status != 202)
        print(
            f"{title:28} {rate:8.0f} {rate / bare:6.2f} {p50:7.1f} {p99:7.1f}" + f"  refused: {refused}" * bool(refused)
        )
        if "durable" in title:
            kept = kept and rate >= LEAST_RATIO * bare and p99 < LONGEST_P99 and not refused
    return kept


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgresql", metavar="URL", help="an empty database of its own")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--pushes", type=int, default=20_000, help="for the measurement of memory; 0 leaves it out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sqlite = f"sqlite:///{folder}/intake.db"
        names = [
            ("bare handler", "bare", ""),
            ("durable, SQLite", "intake", sqlite),
            *([("durable, PostgreSQL", "intake", options.postgresql)] if options.postgresql else []),
            ("with its jobs, SQLite", "service", f"sqlite:///{folder}/service.db"),
        ]
        kept = report(asyncio.run(compare(names, rounds=options.rounds, seconds=options.seconds)))
        if options.pushes:
            early, late = asyncio.run(memory(f"sqlite:///{folder}/memory.db", pushes=options.pushes))
            print(
                f"\nmemory: {early:.0f} MiB after {options.pushes // 5} pushes, {late:.0f} MiB after {options.pushes}"
            )
    print("\nwithin the limits" if kept else f"\nMISSED: ratio >= {LEAST_RATIO} and p99 < {LONGEST_P99:.0f} ms")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
