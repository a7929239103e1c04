"""A sender of signed pushes that is cheap enough not to be what is measured."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path
from uuid import uuid4

from newsletter.github.replay import signature

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "days"
#: Sizes of 99 real pushes, in bytes: deciles of a corpus of five repositories.
REAL_SIZES = (7200, 7600, 7900, 8200, 8700, 9300, 10400, 13300, 22000, 35600)


@dataclass
class Measured:
    """What a round of sending came to."""

    answers: dict[int, int] = field(default_factory=dict)
    #: Of each request, seconds.
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        """Accepted requests a second."""
        return self.answers.get(202, 0) / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """Return a percentile of the latencies in milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def bodies(template: bytes, *, repository_id: int, full_name: str) -> list[bytes]:
    """Return push bodies: real ones where the corpus is here, else the template grown to the same sizes."""
    found = []
    for path in sorted(CORPUS.glob("*/*/pushes.jsonl")):
        found += path.read_text(encoding="utf-8").splitlines()
    if not found:
        found = [_grown(template, size) for size in REAL_SIZES]
    return [_addressed(body, repository_id, full_name) for body in found]


def _grown(template: bytes, size: int) -> str:
    payload = json.loads(template)
    payload["commits"][0]["message"] += "\n\n" + "Ebb and flow, as the tables say. " * max(
        0, (size - len(template)) // 33
    )
    return json.dumps(payload, ensure_ascii=False)


def _addressed(body: str, repository_id: int, full_name: str) -> bytes:
    payload = json.loads(body)
    payload["repository"] |= {"id": repository_id, "full_name": full_name, "default_branch": "main", "private": False}
    payload["ref"] = "refs/heads/main"
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def requests(found: Sequence[bytes], *, host: str, secret: str) -> Iterator[bytes]:
    """Return an endless series of deliveries, each with its own id, ready to be written to a socket."""
    prepared = [
        (
            b"POST /webhooks/github HTTP/1.1\r\nHost: %b\r\nContent-Type: application/json\r\nX-GitHub-Event: push\r\n"
            b"X-Hub-Signature-256: %b\r\nContent-Length: %d\r\nX-GitHub-Delivery: "
            % (host.encode(), signature(body, secret).encode(), len(body)),
            body,
        )
        for body in found
    ]
    run, numbers = uuid4().hex[:8].encode(), count()
    for head, body in cycle(prepared):
        yield b"%b%b-%012d\r\n\r\n%b" % (head, run, next(numbers), body)


async def send(
    series: Iterator[bytes], *, host: str, port: int, senders: int, seconds: float = 0.0, most: int | None = None
) -> Measured:
    """Send as fast as the answers come, over so many connections, for a time or up to a number."""
    measured = Measured()
    begin = time.perf_counter()
    left = count(1)

    def goes_on() -> bool:
        return next(left) <= most if most is not None else time.perf_counter() - begin < seconds

    async def one() -> None:
        reader, writer = await asyncio.open_connection(host, port)
        while goes_on():
            started = time.perf_counter()
            writer.write(next(series))
            head = await reader.readuntil(b"\r\n\r\n")
            # An answer 304 has none.
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            await reader.readexactly(length)
            measured.latencies.append(time.perf_counter() - started)
            status = int(head[9:12])
            measured.answers[status] = measured.answers.get(status, 0) + 1
        writer.close()

    await asyncio.gather(*(one() for _ in range(senders)))
    measured.seconds = time.perf_counter() - begin
    return measured
