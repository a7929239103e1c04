"""Whether long hostile texts are read in linear time: four times the text may take six times as long, and no more.

    python -m bench.hostile

Each unit is repeated to a size and to four times that size; what is printed is the ratio of the medians of five runs.
The exit code is 1 where one is exceeded.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from newsletter.analysis.outgoing import sendable
from newsletter.analysis.record import Subject
from newsletter.analysis.rules import analyse_by_rules
from newsletter.digest.sanitise import displayable
from newsletter.github.record import FileChange
from newsletter.logs import redacted

MOST = 6.0
#: Below this nothing is measured but the clock, seconds.
LEAST = 0.002
MESSAGES = ("a", "a ", "[", "[a]", "(", "<!--", "`", "**", "A. ", "\n- ", "\n* a", "remove x ", "fix a ")
PATCHES = (
    "+a",
    "\n+",
    "\n+#",
    "\n+def abc():\n-def abd():",
    "\n+" + "option " * 50,
    "\n+environ[",
    "\x00",
    '\n+"/',
    '\n+x "--',
    "\n-def f(a,\n+def f(b,",
    "\n-default=1 \n+default=2 ",
    "\n+version=",
    "\n+export ",
)
LOGGED = ("a", "a@", '"', '"@', "a@a ", "@", "%40", "'", "/confirm/", "gh", '"a@a', '\\"@a')
SENT = ("ignore all ", "mark this ", "note to ", "a@", "a.", "password='aaaaaaaa ", "eyJaaaaaaaa.", "://a:b", "cc:")
TITLES = ("a", "\u6f6e", "\U0001f600\u200d", "\u202e", "`")


def subject(message: str, patch: str = "") -> Subject:
    """Return a change to be analysed."""
    return Subject(
        repository="acme/tide",
        sha="1" * 40,
        message=message,
        author="Ada",
        committed_at=datetime(2026, 1, 20, tzinfo=UTC),
        parents=("0" * 40,),
        files=(FileChange(path="a.py", status="modified", additions=1, patch=patch),),
        detailed=True,
    )


def seconds(read: Callable[[str], object], text: str) -> float:
    """Return the median time of reading a text."""
    found = []
    for _ in range(5):
        begin = time.perf_counter()
        read(text)
        found.append(time.perf_counter() - begin)
    return statistics.median(found)


def main() -> int:
    """Run the benchmark."""
    readers: list[tuple[str, Callable[[str], object], tuple[str, ...], int]] = [
        ("message", lambda text: analyse_by_rules(subject(f"Fix {text}"), language="en"), MESSAGES, 64_000),
        ("body", lambda text: analyse_by_rules(subject(f"fix: x\n\n{text}"), language="en"), MESSAGES, 64_000),
        ("patch", lambda text: analyse_by_rules(subject("Fix x", text), language="en"), PATCHES, 250_000),
        ("shown", displayable, TITLES, 64_000),
        ("logged", redacted, LOGGED, 250_000),
        ("sent", sendable, SENT, 64_000),
    ]
    missed = 0
    for name, read, units, size in readers:
        for unit in units:
            short = seconds(read, unit * (size // len(unit)))
            long = seconds(read, unit * (4 * size // len(unit)))
            ratio = long / max(short, LEAST)
            missed += ratio > MOST
            print(f"{name:8} {unit[:12]!r:18} {1000 * short:8.1f} ms {1000 * long:8.1f} ms {ratio:6.1f}")
    print("within the limit" if not missed else f"MISSED: {missed} over {MOST}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
