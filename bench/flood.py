"""Whether a flood of deliveries with wrong signatures delays a right one.

    python -m bench.flood [--senders 500] [--pushes 200]

One sender delivers right pushes one after the other, first alone, then beside senders that never stop delivering wrong
ones, and then beside a few whose wrong bodies are as large as GitHub's largest. GitHub waits 10 seconds for an answer;
the limit is a tenth of that. The exit code is 1 where 99 of 100 right ones are not answered within it.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import repeat

from bench.intake import started
from bench.load import bodies, requests, send
from bench.servers import FULL_NAME, REPOSITORY_ID, SECRET, template

LONGEST_P99 = 1000.0
LARGEST = 25 * 1024 * 1024
LARGE_SENDERS = 4


def wrong(body: bytes) -> bytes:
    """Return a delivery whose signature has the right form and is wrong."""
    head = (
        "POST /webhooks/github HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-GitHub-Event: push\r\nX-GitHub-Delivery: wrong\r\nX-Hub-Signature-256: sha256={'0' * 64}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@asynccontextmanager
async def flooded(kind: str, *, port: int, senders: int) -> AsyncIterator[None]:
    """Deliver wrong ones from a process of its own until the block ends; it says when it has begun."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.flood", "--flood", kind, "--port", str(port), "--senders", str(senders)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        await process.stdout.readline()
        yield
    finally:
        process.terminate()
        await process.wait()


async def flood(kind: str, *, port: int, senders: int) -> None:
    """Deliver wrong ones for ever."""
    delivery = wrong(b" " * LARGEST if kind == "large" else template())
    await send(repeat(delivery), host="127.0.0.1", port=port, senders=senders, most=senders)
    print("begun", flush=True)
    await send(repeat(delivery), host="127.0.0.1", port=port, senders=senders, seconds=float("inf"))


async def measure(*, senders: int, pushes: int, database_url: str) -> bool:
    """Deliver right pushes in the three situations; returns whether the limit was kept in all."""
    series = requests(
        bodies(template(), repository_id=REPOSITORY_ID, full_name=FULL_NAME), host="127.0.0.1", secret=SECRET
    )
    kept = True

    async def right(title: str, port: int) -> None:
        nonlocal kept
        found = await send(series, host="127.0.0.1", port=port, senders=1, most=pushes)
        p50, p99 = found.percentile(0.5), found.percentile(0.99)
        print(f"{title:28} p50 {p50:7.1f} ms   p99 {p99:7.1f} ms   {found.answers}", flush=True)
        kept = kept and p99 < LONGEST_P99 and set(found.answers) == {202}

    async with started("intake", database_url) as server:
        await right("alone", server.port)
        async with flooded("small", port=server.port, senders=senders):
            await right(f"beside {senders} wrong", server.port)
        async with flooded("large", port=server.port, senders=LARGE_SENDERS):
            await right(f"beside {LARGE_SENDERS} wrong of 25 MiB", server.port)
    return kept


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--senders", type=int, default=500)
    parser.add_argument("--pushes", type=int, default=200)
    parser.add_argument("--flood", choices=["small", "large"], help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.flood:
        asyncio.run(flood(options.flood, port=options.port, senders=options.senders))
    with tempfile.TemporaryDirectory() as folder:
        kept = asyncio.run(
            measure(senders=options.senders, pushes=options.pushes, database_url=f"sqlite:///{folder}/flood.db")
        )
    print("within the limit" if kept else f"MISSED: p99 < {LONGEST_P99:.0f} ms, all of them stored")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
