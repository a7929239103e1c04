"""Throws broken mails at the classifier for as long as one likes: ``python -m bench.fuzz_inbound SECONDS [FOLDER…]``.

Mails of the folders (and a few made here) are cut, joined, repeated and scrambled. Any exception ends it with the mail
that caused it, written to a file; at the end it says how many there were, the slowest one and the memory it took.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from pathlib import Path

from newsletter.inbound.classify import classify

_SEEDS = (
    b"From: MAILER-DAEMON\nSubject: failure notice\n\n<gone@example.org>:\n550 5.1.1 no such user\n",
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n"
    b"Content-Type: message/delivery-status\n\nFinal-Recipient: rfc822; a@b.example\nAction: failed\n--b--\n",
    b"Subject: =?utf-8?b?6YCA6K6i?=\nTo: unsubscribe+token@example.org\nContent-Type: text/html; charset=utf-7\n\n<p>x",
)
_SPLICES = (
    b"\r\n", b"\n\n", b"\0", b"\xff", b"--", b"--b--\n", b"Content-Type: message/rfc822\n\n", b'boundary="', b"@",
    b"<" * 50, b"=?utf-8?q?", b"Content-Transfer-Encoding: base64\n", b"charset=idna\n", b" " * 2000, b"a@b." * 300,
    b"\\x{110000}",
)  # fmt: skip


def mutated(mail: bytes, other: bytes, draw: random.Random) -> bytes:
    """Return a mail that nobody would send."""
    body = bytearray(mail)
    for _ in range(draw.randint(1, 8)):
        at = draw.randint(0, len(body))
        to = min(len(body), at + draw.randint(0, 400))
        match draw.randint(0, 5):
            case 0:
                del body[at:to]
            case 1:
                body[at:at] = body[at:to] * draw.randint(1, 20)
            case 2:
                body[at:at] = draw.choice(_SPLICES)
            case 3:
                body[at:to] = draw.randbytes(to - at)
            case 4:
                start = draw.randint(0, len(other))
                body[at:to] = other[start : start + draw.randint(0, 4000)]
            case _:
                body[at:to] = body[at:to].swapcase()
    return bytes(body[:2_000_000])


def main() -> None:
    """Run."""
    seconds, folders = float(sys.argv[1]), sys.argv[2:]
    files = [path for folder in folders for path in sorted(Path(folder).rglob("*")) if path.is_file()]
    seeds = [*_SEEDS, *(path.read_bytes() for path in files)]
    number = time.time_ns()
    draw = random.Random(number)  # noqa: S311 - the same number draws the same mail again, and it guards nothing
    print(f"seed {number}, {len(seeds)} mails to begin with")
    end, count, slowest = time.monotonic() + seconds, 0, 0.0
    while time.monotonic() < end:
        mail = mutated(draw.choice(seeds), draw.choice(seeds), draw)
        started = time.process_time()
        try:
            classify(mail)
        except BaseException:
            Path("fuzz_inbound.eml").write_bytes(mail)
            raise
        slowest = max(slowest, time.process_time() - started)
        count += 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{count} mails, the slowest took {slowest:.2f} s of processor time, peak memory {peak} MB")


if __name__ == "__main__":
    main()
