"""How long a signed body takes that is refused.

    python -m bench.broken [--rounds 5]

The broken bodies are those of the corpus where it is here, else a push cut off, nested, given names twice and filled
with lists of wrong entries. Each is delivered several times, one at a time; what counts is the median of its answers.
The exit code is 1 where one is not refused (4xx), or takes longer than 50 milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
from itertools import repeat
from pathlib import Path

from bench.intake import started
from bench.load import send
from bench.servers import SECRET, template
from newsletter.github.replay import signature

INVALID = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "edge" / "invalid"
LONGEST = 50.0


def broken() -> dict[str, bytes]:
    """Return broken bodies by name."""
    if INVALID.is_dir():
        return {path.name: path.read_bytes() for path in sorted(INVALID.iterdir()) if path.suffix != ".py"}
    push = template()
    return {
        "cut off": push[: len(push) * 3 // 5],
        "nested": push[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "a name twice": push[:-1] + b',"ref":"refs/heads/other"}',
        "wrong commits": b'{"commits":[' + b",".join([b'"x"'] * 500_000) + b"]}",
    }


def delivery(body: bytes) -> bytes:
    """Return a signed delivery, ready to be written to a socket."""
    head = (
        "POST /webhooks/github HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-GitHub-Event: push\r\nX-GitHub-Delivery: broken\r\nX-Hub-Signature-256: {signature(body, SECRET)}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def measure(rounds: int, database_url: str) -> bool:
    """Deliver each; returns whether all were refused in time."""
    slowest: list[tuple[float, str]] = []
    taken: list[str] = []
    async with started("intake", database_url) as server:
        for name, body in broken().items():
            found = await send(repeat(delivery(body)), host="127.0.0.1", port=server.port, senders=1, most=rounds)
            slowest.append((1000 * statistics.median(found.latencies), name))
            if any(not 400 <= status < 500 for status in found.answers):
                taken.append(f"{name}: {found.answers}")
    slowest.sort(reverse=True)
    for milliseconds, name in slowest[:5]:
        print(f"{milliseconds:7.1f} ms  {name}")
    print(f"{len(slowest)} broken bodies" + f"; not refused: {taken}" * bool(taken))
    return slowest[0][0] < LONGEST and not taken


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        kept = asyncio.run(measure(options.rounds, f"sqlite:///{folder}/broken.db"))
    print("within the limit" if kept else f"MISSED: refused, and within {LONGEST:.0f} ms")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
